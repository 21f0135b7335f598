// The timers and work items of a machine as a person reads them: map, key, state, expiry, callback, program, CPU.
// Reads control blocks as they are; on a machine with threads each entry is right for some moment during the call.
import { KIND_WORK, MAP_TYPE_ARRAY } from '../../../core/abi.js'
import {
  CB_BINDING,
  CB_ELEMENT,
  CB_MAP,
  CB_QUEUED,
  CB_RUNS,
  CB_STATE,
  CONTROL_BLOCK_BYTES,
  HEADER,
  HEADER_CONTROL_BLOCKS,
  HEADER_CONTROL_BLOCK_COUNT,
  HEADER_PROGRAMS,
  MAP_TIMER_SLOTS,
  MAP_WORK_SLOTS,
  OWNER_KIND,
  OWNER_LOW,
  PROGRAM_BYTES,
} from '../../../core/layout.js'
import { codec, type Codec } from '../map/codec.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveMap } from '../map/table.js'

/** One timer or work item. */
export interface TimerInfo {
  /** bpf_timer or bpf_wq. */
  readonly kind: 'timer' | 'work'
  /** Name of the map in whose values it is. */
  readonly map: string
  /** Decoded by BTF; the index for arrays. */
  readonly key: unknown
  /** 'running' while its callback runs (it may be armed again by then: see expiry). */
  readonly state: 'idle' | 'armed' | 'running'
  /** Nanoseconds since the machine's epoch, rounded up to 8; undefined if not armed, Infinity if armed for never. */
  readonly expiry: number | undefined
  /** Function that is bound; undefined if none is. */
  readonly callback: string | undefined
  /** The program that bound it; undefined as `callback`. */
  readonly program: string | undefined
  /** CPU in whose queue it lies, or to which it is pinned. */
  readonly cpu: number | undefined
  /** Started with BPF_F_TIMER_CPU_PIN: fires on `cpu` only. */
  readonly pinned: boolean
  /** Runs of the callback so far. */
  readonly runs: number
}

// The state, binding and queued words: see core/async/state.ts, binding.ts and place.ts.
const FREED = 63
const ANY_CPU = 62
const NEVER = (1n << 53n) - 1n

type Bound = Pick<TimerInfo, 'callback' | 'program'>
/** What bindings mean: many timers have the same. */
type Bindings = Map<bigint, Bound>
const UNBOUND: Bound = { callback: undefined, program: undefined }

/** Codecs of keys, which every timer and work of a map needs. */
const keyCodecs = new WeakMap<LiveMap, Codec>()

/** All of them, by map and key order of the control blocks. */
export function controlBlocks(kernel: Kernel): TimerInfo[] {
  const { memory } = kernel
  const first = memory.word(HEADER + HEADER_CONTROL_BLOCKS)
  const count = memory.word(HEADER + HEADER_CONTROL_BLOCK_COUNT)
  const found: TimerInfo[] = []
  const bindings: Bindings = new Map()
  for (let index = 0; index < count; index++) {
    const info = describe(kernel, first + index * CONTROL_BLOCK_BYTES, bindings)
    if (info) found.push(info)
  }
  return found
}

function describe(kernel: Kernel, block: number, bindings: Bindings): TimerInfo | undefined {
  const { memory } = kernel
  const state = memory.long(block + CB_STATE)
  const target = Number((state >> 5n) & 63n)
  if (target === FREED) return undefined
  const owner = memory.word(block + CB_MAP)
  const work = (owner & OWNER_KIND) === KIND_WORK
  const map = kernel.maps.byAddress((owner & ~OWNER_LOW) >>> 0)
  if (!map) return undefined
  const element = memory.word(block + CB_ELEMENT)
  const slots = memory.word(map.address + (work ? MAP_WORK_SLOTS : MAP_TIMER_SLOTS))
  if (slots === 0 || memory.word(slots + element * 4) !== block) return undefined
  const armed = state >> 11n
  const running = ((state >> 3n) & 3n) !== 0n
  const queued = memory.long(block + CB_QUEUED)
  const bound = boundTo(kernel, memory.long(block + CB_BINDING), state, bindings)
  return {
    kind: work ? 'work' : 'timer',
    map: map.name,
    key: keyOf(kernel, map, element),
    state: running ? 'running' : armed !== 0n ? 'armed' : 'idle',
    expiry: armed === 0n ? undefined : armed === NEVER ? Infinity : Number((armed - 1n) << 3n),
    callback: bound.callback,
    program: bound.program,
    cpu: target !== ANY_CPU && armed !== 0n ? target : queued !== 0n ? Number(queued & 255n) - 1 : undefined,
    pinned: target !== ANY_CPU && armed !== 0n,
    runs: memory.word(block + CB_RUNS),
  }
}

/** The key of an element, decoded; the index for arrays. */
export function keyOf(kernel: Kernel, map: LiveMap, element: number): unknown {
  if (map.spec.type === MAP_TYPE_ARRAY) return element
  const { keySize, key } = map.spec
  let keys = keyCodecs.get(map)
  if (!keys) keyCodecs.set(map, (keys = codec(map.btf, key, keySize, `key of map '${map.name}'`)))
  const address = kernel.host.core.map_element_key(map.address, element) >>> 0
  return keys.decode(kernel.memory.read(address, keySize))
}

function boundTo(kernel: Kernel, binding: bigint, state: bigint, bindings: Bindings): Bound {
  if ((binding & 15n) !== (8n | (state & 7n))) return UNBOUND
  // Function and program, without the serial number (core/async/binding.ts).
  const to = ((binding >> 40n) << 12n) | ((binding >> 4n) & 0xfffn)
  let bound = bindings.get(to)
  if (!bound) bindings.set(to, (bound = describeBinding(kernel, to)))
  return bound
}

function describeBinding(kernel: Kernel, to: bigint): Bound {
  const index = Number(to & 0xfffn)
  const program = kernel.objects.byAddress(kernel.memory.word(HEADER + HEADER_PROGRAMS) + index * PROGRAM_BYTES)
  const code = program?.object.code
  return {
    callback: code ? [...program.object.spec.functions.keys()][Number(to >> 12n) - code.tableFirst] : undefined,
    program: program?.spec.name,
  }
}
