// The async core's memory as the explorer's checks and traces see it: words decoded, fields named, and the rules that
// must hold when every CPU is between operations. Reads only.
import { KIND_WORK, MAX_PROGRAMS } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import { EMPTY_SLOT } from '../model.js'
import type { SlotState } from '../model.js'
import type { Cpu } from '../executor.js'
import type { View } from '../subject.js'
import { hiddenPost, queueProblem } from './async-queues.js'
import { fieldsOf, referencesText } from './fields.js'

/** Where things are in a booted machine. */
export interface Places {
  cpus: number
  areas: number
  blocks: number
  blockCount: number
  /** Absolute REALTIME expiries, a u64 for each block. */
  expiries: number
  pool: number
  programs: number[]
  map: number
  /** Slot word of element 0. */
  slot: number
}

/** The area of a CPU, on a machine that has booted. */
export const cpuArea = (core: Cpu, index: number): number =>
  core.peek32(layout.HEADER + layout.HEADER_CPU_AREAS) + index * layout.CPU_BYTES

/** The words by which a CPU is asked to look at a timer: its bell, and the leaf of its inbox. */
export function askedWords(core: Cpu, index: number): number[] {
  const area = cpuArea(core, index)
  return [area + layout.CPU_BELL, core.peek32(core.peek32(area + layout.CPU_INBOX) + layout.BITMAP_LEVEL)]
}

type Load32 = (address: number) => number
type Load64 = (address: number) => bigint

const NEVER = (1n << 53n) - 2n
const ANY_CPU = 62

/** The state word, decoded (core/async/state.ts). */
export function decodeState(word: bigint) {
  const target = Number((word >> 5n) & 63n)
  return {
    generation: Number(word & 7n),
    run: Number((word >> 3n) & 3n),
    target,
    freed: target === 63,
    armed: word >> 11n !== 0n,
    deadline: (word >> 11n) - 1n,
  }
}

/** Whether a binding word holds a binding, of whichever generation. */
export const isPresent = (word: bigint): boolean => (word & 8n) !== 0n

/** The binding word, decoded (core/async/binding.ts). */
function decodeBinding(word: bigint) {
  return {
    present: isPresent(word),
    generation: Number(word & 7n),
    program: Number((word >> 4n) & 0xfffn),
    serial: Number((word >> 16n) & 0xffffffn),
    fn: Number(word >> 40n),
  }
}

const isBound = (binding: bigint, state: bigint): boolean => (binding & 15n) === (8n | (state & 7n))

/** The slot of element 0 as the sequential model sees it. */
export function slotState(places: Places, load32: Load32, load64: Load64): SlotState {
  const users = load32(places.map + layout.MAP_USER_REFERENCES)
  const empty = { ...EMPTY_SLOT, users }
  const block = load32(places.slot)
  if (block === layout.SLOT_EMPTY || block === layout.SLOT_CLOSED) return empty
  const word = load64(block + layout.CB_STATE)
  const binding = load64(block + layout.CB_BINDING)
  const state = decodeState(word)
  if (state.freed) return empty
  const bound = isBound(binding, word) ? decodeBinding(binding).program + 1 : 0
  const pinned = state.armed && state.target !== ANY_CPU ? state.target + 1 : 0
  const wall = state.armed && load64(expiryOfBlock(places, block)) !== 0n
  return { ...empty, block: 1, blocks: 1, bound, armed: state.armed ? Number(state.deadline) + 1 : 0, pinned, wall }
}

/** Address of a block's absolute REALTIME expiry (core/async/deadline.ts). */
const expiryOfBlock = (places: Places, block: number): number =>
  places.expiries + ((block - places.blocks) / layout.CONTROL_BLOCK_BYTES) * 8

function bitmapHas(load32: Load32, bitmap: number, index: number): boolean {
  return ((load32(load32(bitmap + layout.BITMAP_LEVEL) + (index >> 5) * 4) >>> (index & 31)) & 1) === 1
}

/**
 * What is wrong with a machine in which no operation is under way, or nothing. If a CPU has stopped for ever and was
 * repaired, one control block and one program reference may be lost with what it held in its hands (contract G9).
 */
export function restProblem(places: Places, view: View): string | undefined {
  const { load32, load64 } = view
  const dead = view.stopped
  const references = places.programs.map(() => 0)
  let lost = 0
  for (let index = 0; index < places.blockCount; index++) {
    const problem = blockProblem(places, view, index, references, dead)
    if (problem === undefined) continue
    if (dead < 0 || !problem.startsWith(LOST)) return `cb#${index}: ${problem}`
    if (++lost > 1) return `cb#${index}: ${problem}, and it is the second that is lost with CPU ${dead}`
  }
  let spare = dead < 0 ? 0 : 1
  for (const [index, program] of places.programs.entries()) {
    const count = load32(program + layout.PROGRAM_REFERENCES)
    const held = count & layout.REFERENCES_DEAD ? 0 : count
    const excess = held - references[index]! - 1 + view.ghost(GHOST_PUTS + index)
    if (excess === 1 && spare-- > 0) continue
    if (excess !== 0) return `program ${index + 1} has ${count} references, bindings ${references[index]}`
  }
  for (let cpu = 0; cpu < places.cpus; cpu++) {
    const area = places.areas + cpu * layout.CPU_BYTES
    const repaired = isRepaired(places, view, cpu)
    if (cpu === dead && !repaired) continue
    if (load64(area + layout.CPU_SECTION) !== 0n) return `CPU ${cpu} is still in a section`
    if (load32(area + layout.CPU_CURRENT) !== 0) return `CPU ${cpu} still names a current callback`
    if (load32(area + layout.CPU_EDGE_TIMER) !== 0) return `CPU ${cpu} still waits for a timer`
    const problem = repaired
      ? undefined
      : (queueProblem(places, view, cpu) ?? (dead < 0 ? hiddenPost(places, view, cpu) : undefined))
    if (problem !== undefined) return `the queues of CPU ${cpu}: ${problem}`
  }
  return undefined
}

/** Address of the slot word of a control block (core/async/owner.ts). */
export function slotOfBlock({ load32 }: Pick<View, 'load32'>, block: number): number {
  const owner = load32(block + layout.CB_MAP)
  const work = (owner & layout.OWNER_KIND) === KIND_WORK
  const slots = load32(((owner & ~layout.OWNER_LOW) >>> 0) + (work ? layout.MAP_WORK_SLOTS : layout.MAP_TIMER_SLOTS))
  return slots + load32(block + layout.CB_ELEMENT) * 4
}

/** The byte CB_DEFERRED_BY in the word of CB_PLACE. */
const DEFERRED_BY_SHIFT = (layout.CB_DEFERRED_BY - layout.CB_PLACE) * 8
const LOST = 'leaked'
const CPU_DEAD = 2

/** A CPU that is dead, and whose repair has begun. */
const isRepaired = (places: Places, { load32 }: Pick<View, 'load32'>, cpu: number): boolean =>
  load32(places.areas + cpu * layout.CPU_BYTES + layout.CPU_LIFE) === CPU_DEAD

function blockProblem(
  places: Places,
  view: View,
  index: number,
  references: number[],
  dead: number,
): string | undefined {
  const { load32, load64 } = view
  const block = places.blocks + index * layout.CONTROL_BLOCK_BYTES
  const word = load64(block + layout.CB_STATE)
  const state = decodeState(word)
  const binding = load64(block + layout.CB_BINDING)
  const queued = load64(block + layout.CB_QUEUED)
  const count = load32(block + layout.CB_REFERENCES)
  const owner = Number(queued & 255n) - 1
  const inbox = (cpu: number): boolean =>
    bitmapHas(load32, load32(places.areas + cpu * layout.CPU_BYTES + layout.CPU_INBOX), index)
  const lives = (cpu: number): boolean => cpu !== dead && !isRepaired(places, view, cpu)
  const asked = Array.from({ length: places.cpus }, (_, cpu) => cpu).some((cpu) => lives(cpu) && inbox(cpu))
  const { present, program } = decodeBinding(binding)
  if (present) references[program]! += 1
  if (bitmapHas(load32, places.pool, index)) {
    // Never used: as the machine was booted.
    if (word === 0n && count === 0 && binding === 0n && queued === 0n) return undefined
    if (!state.freed) return 'in the pool but not FREED'
    if (present || queued !== 0n) return 'in the pool with a binding or a queue entry'
    return count === layout.REFERENCES_DEAD ? undefined : `in the pool with ${count} references`
  }
  if (state.freed) {
    // Whoever meets a freed block in a slot empties the slot; one that died in between left both to that.
    if (present && dead < 0) return 'freed, and bound'
    if (load32(slotOfBlock(view, block)) === block && dead < 0) return 'freed, and still in its slot'
    if (count & layout.REFERENCES_DEAD)
      return [0, dead + 1].includes((load32(block + layout.CB_PLACE) >>> DEFERRED_BY_SHIFT) & 0xff)
        ? 'leaked: dead, in no live CPU’s list and not in the pool'
        : undefined
    if (queued === 0n) return `leaked: freed, in no queue, ${count} references`
    // A CPU that stopped in the free has asked nobody: its repair does. The slot's reference went with it.
    const repaired = dead < 0 || isRepaired(places, view, dead)
    if (repaired && !inbox(owner)) return `freed, but CPU ${owner} was not asked to unlink it`
    if (dead >= 0) return 'leaked: freed, and the slot’s reference with the CPU that stopped'
    return count === 1 ? undefined : `freed and queued with ${count} references`
  }
  if (load32(slotOfBlock(view, block)) !== block) return 'leaked: live, but in no slot'
  if (state.run !== 0) return 'its callback is still marked as running'
  const excess = count - 1 - (queued === 0n ? 0 : 1)
  if (excess === 1 && dead >= 0) return 'leaked: a reference went with the CPU that stopped'
  if (excess !== 0) return `${count} references, queued ${queued !== 0n}`
  if (present && !isBound(binding, word) && (dead < 0 || isRepaired(places, view, dead))) {
    // Kept for the next set_callback (core/async/kept.ts), as long as its program is open.
    if (state.armed || ((binding + 1n) & 7n) !== (word & 7n)) return 'a binding of an older generation than the last'
    if (load32(places.programs[program]! + layout.PROGRAM_OPEN) === 0)
      return 'a void binding keeps a reference on a program that is closed'
  }
  if (!state.armed) return undefined
  if (state.target !== ANY_CPU && isRepaired(places, view, state.target))
    return `armed for the dead CPU ${state.target}`
  if (!isBound(binding, word)) return 'armed, but not bound'
  const early = queued !== 0n && queued >> 8n <= state.deadline && (state.target === ANY_CPU || state.target === owner)
  if (state.deadline !== NEVER && !asked && !(early && lives(owner)))
    return `LOST: armed, queued 0x${queued.toString(16)}`
  return undefined
}

/**
 * Ghost words of the async subjects: handles of program i that were dropped; whether another program has its place; who
 * is on the one thread; beginnings and ends of starts that say when they were; callbacks of control block i that run
 * now.
 */
export const GHOST_PUTS = 0
export const GHOST_GONE = 2
export const GHOST_THREAD = 4
export const GHOST_TIMES = 5
export const GHOST_RUNNING = 6

const BLOCK_FIELDS = fieldsOf('CB_')
const CPU_FIELDS = fieldsOf('CPU_')
const WHEEL_FIELDS = fieldsOf('WHEEL_')
const PROGRAM_FIELDS = fieldsOf('PROGRAM_')
const MAP_FIELDS = fieldsOf('MAP_')
const HEADER_FIELDS = fieldsOf('HEADER_')

/** Names an address of the machine: `cb#0.state`, `cpu1.section`, `slot`. */
export function nameOf(places: Places, load32: Load32, address: number): string | undefined {
  const within = (base: number, stride: number, count: number) =>
    address >= base && address < base + stride * count
      ? { index: Math.floor((address - base) / stride), offset: (address - base) % stride }
      : undefined
  const field = (prefix: string, fields: ReadonlyMap<number, string>, offset: number): string =>
    `${prefix}.${fields.get(offset) ?? (fields.has(offset - 4) ? `${fields.get(offset - 4)}+4` : `+${offset}`)}`
  if (address === places.slot) return 'slot'
  const block = within(places.blocks, layout.CONTROL_BLOCK_BYTES, places.blockCount)
  if (block) return field(`cb#${block.index}`, BLOCK_FIELDS, block.offset)
  const expiry = within(places.expiries, 8, places.blockCount)
  if (expiry) return `cb#${expiry.index}.realtime_expiry`
  const area = within(places.areas, layout.CPU_BYTES, places.cpus)
  if (area) {
    const slot = area.offset - layout.CPU_WHEEL_SLOTS
    if (slot >= 0)
      return `cpu${area.index}.wheel[${Math.floor(slot / layout.WHEEL_SLOT_BYTES)}].${WHEEL_FIELDS.get(slot % layout.WHEEL_SLOT_BYTES) ?? 'first'}`
    if (area.offset >= layout.CPU_WHEEL_BITS && area.offset < layout.CPU_ELEMENT_WRITES)
      return `cpu${area.index}.wheel_bits[${(area.offset - layout.CPU_WHEEL_BITS) >> 2}]`
    return field(`cpu${area.index}`, CPU_FIELDS, area.offset)
  }
  const program = within(places.programs[0]!, layout.PROGRAM_BYTES, MAX_PROGRAMS)
  if (program) return field(`prog${program.index + 1}`, PROGRAM_FIELDS, program.offset)
  const map = within(places.map, layout.MAP_BYTES, 1)
  if (map) return field('map', MAP_FIELDS, map.offset)
  const header = within(layout.HEADER, layout.HEADER_BYTES, 1)
  if (header) return field('machine', HEADER_FIELDS, header.offset)
  for (let cpu = 0; cpu < places.cpus; cpu++) {
    const inbox = load32(places.areas + cpu * layout.CPU_BYTES + layout.CPU_INBOX)
    if (address === load32(inbox + layout.BITMAP_LEVEL)) return `cpu${cpu}.inbox`
  }
  return address === load32(places.pool + layout.BITMAP_LEVEL) ? 'pool' : undefined
}

/** Shows the words that are records: state, binding, queued, slot; and reference counts. */
export function show(places: Places, address: number, value: bigint): string | undefined {
  const offset = (address - places.blocks) % layout.CONTROL_BLOCK_BYTES
  if (address === places.slot)
    return value === 0n
      ? 'empty'
      : value === 1n
        ? 'closed'
        : `cb#${(Number(value) - places.blocks) / layout.CONTROL_BLOCK_BYTES}`
  const program = address - places.programs[0]!
  if (program >= 0 && program < layout.PROGRAM_BYTES * MAX_PROGRAMS)
    return program % layout.PROGRAM_BYTES === layout.PROGRAM_REFERENCES ? referencesText(Number(value)) : undefined
  if (address < places.blocks || address >= places.blocks + places.blockCount * layout.CONTROL_BLOCK_BYTES)
    return undefined
  if (offset === layout.CB_STATE) {
    const state = decodeState(value)
    const parts = [state.freed ? 'FREED' : state.armed ? `armed ${state.deadline}` : 'idle']
    if (!state.freed && state.target !== ANY_CPU) parts.push(`on CPU ${state.target}`)
    if (state.run !== 0) parts.push(`run ${state.run}`)
    return `{${parts.join(', ')}, g${state.generation}}`
  }
  if (offset === layout.CB_BINDING) {
    const binding = decodeBinding(value)
    if (!binding.present) return binding.serial === 0 ? 'none' : `none after #${binding.serial}`
    return `{prog${binding.program + 1}:${binding.fn}, g${binding.generation}, #${binding.serial}}`
  }
  if (offset === layout.CB_REFERENCES) return referencesText(Number(value))
  if (offset === layout.CB_QUEUED) return value === 0n ? 'nowhere' : `{CPU ${Number(value & 255n) - 1}, ${value >> 8n}}`
  return undefined
}
