// Lays the specimens' machine out in zeroed memory: the machine header and CPU areas of the shipped core (as far as
// sections need them), then the specimens' own structures. Called once by the host, before cpu_attach.
import { poke32, store32, store64 } from '../../door'
import { CPU_BYTES, CPU_INDEX, HEADER, HEADER_CPU_AREAS, HEADER_CPUS, HEADER_GRACE_PERIOD } from '../../layout'
import { bitmapBytes, bitmapCreate } from '../../memory/bitmap'
import {
  BLOCK_SHIFT,
  COMMAND_SHIFT,
  PROGRAM_SHIFT,
  SLOT_SHIFT,
  SPECIMEN_CPU_SHIFT,
  SPECIMENS,
  SPECIMENS_BLOCK_COUNT,
  SPECIMENS_BLOCK_POOL,
  SPECIMENS_BLOCKS,
  SPECIMENS_BLOCKS_WAITING,
  SPECIMENS_BYTES,
  SPECIMENS_COMMAND_POOL,
  SPECIMENS_COMMANDS,
  SPECIMENS_CPUS,
  SPECIMENS_PROGRAM_COUNT,
  SPECIMENS_PROGRAMS,
  SPECIMENS_PROGRAMS_DYING,
  SPECIMENS_PROGRAMS_WAITING,
  SPECIMENS_SLOT_COUNT,
  SPECIMENS_SLOTS,
  SPECIMENS_USERS,
} from '../layout'

function aligned(address: usize): usize {
  return (address + 63) & ~(<usize>63)
}

// A bitmap over `bits` objects at `at`; returns where its storage ends.
function bitmap(field: i32, at: usize, bits: u32, full: bool): usize {
  bitmapCreate(SPECIMENS + field, at, bits, full)
  return aligned(at + bitmapBytes(bits))
}

// An array of `count` objects at `at`, its address noted in `field`; returns where it ends.
function array(field: i32, at: usize, count: u32, shift: u32): usize {
  poke32(SPECIMENS + field, <u32>at)
  return aligned(at + ((<usize>count) << shift))
}

/** One map with `slots` slots and one user reference; returns the bytes that are used. All counts at least 1. */
export function specimen_boot(cpus: u32, blocks: u32, slots: u32, programs: u32, commands: u32): u32 {
  let at = aligned(SPECIMENS + SPECIMENS_BYTES)
  poke32(HEADER + HEADER_CPUS, cpus)
  poke32(HEADER + HEADER_CPU_AREAS, <u32>at)
  store64(HEADER + HEADER_GRACE_PERIOD, 1)
  for (let cpu: u32 = 0; cpu < cpus; cpu++) poke32(at + <usize>cpu * CPU_BYTES + CPU_INDEX, cpu)
  at = aligned(at + <usize>cpus * CPU_BYTES)
  at = array(SPECIMENS_CPUS, at, cpus, SPECIMEN_CPU_SHIFT)
  at = array(SPECIMENS_SLOTS, at, slots, SLOT_SHIFT)
  at = array(SPECIMENS_BLOCKS, at, blocks, BLOCK_SHIFT)
  at = array(SPECIMENS_PROGRAMS, at, programs, PROGRAM_SHIFT)
  at = array(SPECIMENS_COMMANDS, at, commands, COMMAND_SHIFT)
  poke32(SPECIMENS + SPECIMENS_SLOT_COUNT, slots)
  poke32(SPECIMENS + SPECIMENS_BLOCK_COUNT, blocks)
  poke32(SPECIMENS + SPECIMENS_PROGRAM_COUNT, programs)
  at = bitmap(SPECIMENS_BLOCK_POOL, at, blocks, true)
  at = bitmap(SPECIMENS_BLOCKS_WAITING, at, blocks, false)
  at = bitmap(SPECIMENS_PROGRAMS_WAITING, at, programs, false)
  at = bitmap(SPECIMENS_PROGRAMS_DYING, at, programs, false)
  at = bitmap(SPECIMENS_COMMAND_POOL, at, commands, true)
  store32(SPECIMENS + SPECIMENS_USERS, 1)
  return <u32>at
}
