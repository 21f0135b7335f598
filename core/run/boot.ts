// Boot: lays out a machine in zeroed memory. Called once, by the host, before any CPU is attached.
// Order: header, CPU areas, maps, programs, control blocks, bitmaps, event and trace rings, page map, core heap; then,
// page-aligned, the guest window: per CPU its stacks, places of keys, scratch page and run buffer, then what maps use.
import {
  ENOMEM,
  FRAMES,
  FRAME_BYTES,
  FRAME_REGISTER_BYTES,
  GUEST_PAGE_SHIFT,
  MAX_MAPS,
  MAX_PROGRAMS,
  STACKS_PER_CPU,
} from '../abi'
import { peek32, poke32, store64 } from '../door'
import {
  BITMAP_BYTES,
  CONTROL_BLOCK_BYTES,
  CPU_BYTES,
  CPU_EVENTS,
  CPU_INBOX,
  CPU_INDEX,
  CPU_RANDOM,
  CPU_REGISTERS,
  CPU_RUN_BUFFER,
  CPU_RUN_BUFFER_BYTES,
  CPU_SCRATCH,
  CPU_STACKS,
  EVENT_SHIFT,
  HEADER,
  HEADER_BYTES,
  HEADER_CONTROL_BLOCKS,
  HEADER_CONTROL_BLOCK_COUNT,
  HEADER_CONTROL_BLOCK_POOL,
  HEADER_CORE_HEAP,
  HEADER_CORE_HEAP_END,
  HEADER_CPUS,
  HEADER_CPU_AREAS,
  HEADER_EVENT_RECORDS,
  HEADER_GRACE_PERIOD,
  HEADER_GUEST_BASE,
  HEADER_GUEST_END,
  HEADER_GUEST_HEAP,
  HEADER_LOOP_BUDGET,
  HEADER_MAGIC,
  HEADER_MAPS,
  HEADER_PAGE_MAP,
  HEADER_PROGRAMS,
  HEADER_REALTIME_EXPIRIES,
  HEADER_INTERFACES,
  HEADER_TASK,
  HEADER_TRACE_RING,
  HEADER_TRACE_RING_BYTES,
  HEADER_WORKERS,
  MAGIC,
  MAP_BYTES,
  PROGRAM_BYTES,
} from '../layout'
import { INTERFACE_BYTES, MAX_INTERFACES } from '../network-record'
import { TASK_BYTES } from '../task-record'
import { bitmapBytes, bitmapCreate } from '../memory/bitmap'

const PAGE: u32 = 1 << GUEST_PAGE_SHIFT
const RUN_BUFFER_BYTES: u32 = 20 * PAGE
const STACK_BYTES_PER_CPU: u32 = STACKS_PER_CPU * FRAMES * FRAME_BYTES
/** The stacks, and as much for the keys of callbacks (map/callback-key.ts), the scratch page, the run buffer. */
const GUEST_BYTES_PER_CPU: u32 = 2 * STACK_BYTES_PER_CPU + PAGE + RUN_BUFFER_BYTES
/** Iterations of loops in one run, unless the host says otherwise: about a second of a tight loop. */
const LOOP_BUDGET: u32 = 1_000_000_000

// HEADER_CORE_HEAP_END is the mark up to which memory is laid out; boot leaves it at the end of the core heap.
function reserve(bytes: u32): u32 {
  const address = peek32(HEADER + HEADER_CORE_HEAP_END)
  poke32(HEADER + HEADER_CORE_HEAP_END, (address + bytes + 63) & ~63)
  return address
}

function reserveBitmap(bits: u32, full: bool): u32 {
  const bitmap = reserve(BITMAP_BYTES)
  bitmapCreate(<usize>bitmap, <usize>reserve(bitmapBytes(bits)), bits, full)
  return bitmap
}

/**
 * Lays out a machine for `cpus` CPUs and `controlBlocks` timers and work items in `memoryBytes` bytes, with `coreBytes`
 * for hash links, slots and bitmaps of maps. 0, or -ENOMEM if nothing would be left for the guest window.
 */
export function machine_boot(memoryBytes: u32, cpus: u32, controlBlocks: u32, coreBytes: u32): i32 {
  const events: u32 = controlBlocks < 256 ? 64 : 4096
  const trace: u32 = controlBlocks < 256 ? 4096 : 65536
  const fixed =
    <u64>HEADER +
    HEADER_BYTES +
    <u64>cpus * (CPU_BYTES + (events << EVENT_SHIFT) + GUEST_BYTES_PER_CPU + 4096) +
    MAX_MAPS * MAP_BYTES +
    MAX_PROGRAMS * PROGRAM_BYTES +
    <u64>controlBlocks * (CONTROL_BLOCK_BYTES + 8) +
    <u64>bitmapBytes(controlBlocks) * (cpus + 1) +
    trace +
    coreBytes +
    (memoryBytes >> (GUEST_PAGE_SHIFT - 1)) +
    2 * PAGE
  if (fixed >= <u64>memoryBytes) return -ENOMEM

  poke32(HEADER + HEADER_CORE_HEAP_END, HEADER + HEADER_BYTES)
  poke32(HEADER + HEADER_CPUS, cpus)
  poke32(HEADER + HEADER_WORKERS, cpus)
  const areas = reserve(cpus * CPU_BYTES)
  poke32(HEADER + HEADER_CPU_AREAS, areas)
  poke32(HEADER + HEADER_MAPS, reserve(MAX_MAPS * MAP_BYTES))
  poke32(HEADER + HEADER_PROGRAMS, reserve(MAX_PROGRAMS * PROGRAM_BYTES))
  // They stay 0: boot touches none of their pages.
  poke32(HEADER + HEADER_CONTROL_BLOCKS, reserve(controlBlocks * CONTROL_BLOCK_BYTES))
  poke32(HEADER + HEADER_CONTROL_BLOCK_COUNT, controlBlocks)
  poke32(HEADER + HEADER_REALTIME_EXPIRIES, reserve(controlBlocks * 8))
  poke32(HEADER + HEADER_CONTROL_BLOCK_POOL, reserveBitmap(controlBlocks, true))
  poke32(HEADER + HEADER_EVENT_RECORDS, events)
  for (let index: u32 = 0; index < cpus; index++) {
    const area = <usize>areas + index * CPU_BYTES
    poke32(area + CPU_INDEX, index)
    poke32(area + CPU_INBOX, reserveBitmap(controlBlocks, false))
    poke32(area + CPU_EVENTS, reserve(events << EVENT_SHIFT))
    poke32(area + CPU_REGISTERS, reserve(STACKS_PER_CPU * FRAMES * FRAME_REGISTER_BYTES))
    poke32(area + CPU_RANDOM, 0x9e3779b9 * (index + 1))
  }
  poke32(HEADER + HEADER_TASK, reserve(TASK_BYTES))
  poke32(HEADER + HEADER_INTERFACES, reserve(MAX_INTERFACES * INTERFACE_BYTES))
  poke32(HEADER + HEADER_TRACE_RING_BYTES, trace)
  poke32(HEADER + HEADER_TRACE_RING, reserve(trace))
  poke32(HEADER + HEADER_PAGE_MAP, reserve(memoryBytes >> (GUEST_PAGE_SHIFT - 1)))
  poke32(HEADER + HEADER_CORE_HEAP, reserve(coreBytes))
  store64(HEADER + HEADER_GRACE_PERIOD, 1)
  poke32(HEADER + HEADER_LOOP_BUDGET, LOOP_BUDGET)

  const guest = (peek32(HEADER + HEADER_CORE_HEAP_END) + PAGE - 1) & ~(PAGE - 1)
  poke32(HEADER + HEADER_GUEST_BASE, guest)
  poke32(HEADER + HEADER_GUEST_END, memoryBytes & ~(PAGE - 1))
  for (let index: u32 = 0; index < cpus; index++) {
    const area = <usize>areas + index * CPU_BYTES
    const own = guest + index * GUEST_BYTES_PER_CPU
    poke32(area + CPU_STACKS, own)
    poke32(area + CPU_SCRATCH, own + 2 * STACK_BYTES_PER_CPU)
    poke32(area + CPU_RUN_BUFFER, own + 2 * STACK_BYTES_PER_CPU + PAGE)
    poke32(area + CPU_RUN_BUFFER_BYTES, RUN_BUFFER_BYTES)
  }
  poke32(HEADER + HEADER_GUEST_HEAP, guest + cpus * GUEST_BYTES_PER_CPU)
  poke32(HEADER + HEADER_MAGIC, MAGIC)
  return 0
}
