// Maps of stacks as named subjects: bpf_get_stackid in an NMI at any step of another, where each gets an id under which
// lies the stack that it was called for; and two stacks of one id on two CPUs, of which one lies there at a time.
import { EEXIST, ENOENT, MAP_TYPE_STACK_TRACE, STACK_AREA_BYTES, STACKS_BYTES } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import { TASK_KERNEL_DEPTH, TASK_USER_DEPTH } from '../../../core/task-record.js'
import type { Cpu } from '../executor.js'
import type { SequentialModel } from '../linearize.js'
import type { Stage } from '../stage.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, View } from '../subject.js'
import { coreStage } from './core-stage.js'
import { coreEntry, slug, type Entry, type Variant } from './entry.js'
import { MEETINGS, othersOf } from './meetings.js'
import { once } from './shared-operations.js'

const USER_STACK = 1n << 8n
const REUSE = 1n << 10n
const ENTRIES = 4
/** Stacks of one address: two that have the same id, and one that has another. */
const KERNEL = 100
const KERNEL_TOO = 104
const USER = 101

interface StackStage {
  stage: Stage
  map: number
  level: number
  /** Where the kernel's stack of CPU 0 lies. */
  stack: number
  /** A place in guest memory. */
  place: number
}

const stages = new Map<string, StackStage>()

/** A machine whose CPUs have a kernel's stack of KERNEL and a user's of `user`. */
function stageOf(cpus: number, user: number, traced: boolean, module?: Uint8Array): StackStage {
  const key = [cpus, user, traced].join()
  const known = module === undefined ? stages.get(key) : undefined
  if (known) return known
  let [map, area, stack, place] = [0, 0, 0, 0]
  const stage = coreStage(
    { cpus, traced, coreBytes: 1 << 13, ...(module && { module }) },
    ({ cpu, buffer, header, createMap }) => {
      map = createMap([MAP_TYPE_STACK_TRACE, 4, 8, ENTRIES, 0])
      area = header(layout.HEADER_CPU_AREAS)
      place = buffer
      for (let index = cpus - 1; index >= 0; index--) {
        const at = area + index * layout.CPU_BYTES
        stack = cpu.load32(at + layout.CPU_RUN_BUFFER) + cpu.load32(at + layout.CPU_RUN_BUFFER_BYTES) - STACKS_BYTES
        cpu.store32(at + layout.CPU_TASK + TASK_KERNEL_DEPTH, 1)
        cpu.store32(at + layout.CPU_TASK + TASK_USER_DEPTH, 1)
        cpu.store32(stack, KERNEL)
        cpu.store32(stack + STACK_AREA_BYTES, user)
      }
    },
  )
  const made = { stage, map, stack, place, level: area + layout.CPU_NESTED }
  if (module === undefined) stages.set(key, made)
  return made
}

function idOf(cpu: Cpu, map: number, flags: bigint): number {
  return Number(cpu.exports['bpf_get_stackid'](0n, BigInt(map), flags) as bigint)
}

/** As a program calls it; `nested`: one that has interrupted another, which core/run says in the CPU's area. */
function stackId({ map, level }: StackStage, name: string, flags: bigint, nested = false): Operation {
  return {
    name,
    args: { stack: (flags & USER_STACK) !== 0n ? USER : KERNEL },
    run(cpu) {
      if (nested) cpu.store32(level, 1)
      const id = idOf(cpu, map, flags)
      if (nested) cpu.store32(level, 0)
      return id
    },
  }
}

/** Files a stack before the exploration. */
function filed({ map, stack }: StackStage, address: number): (cpus: Cpu[]) => void {
  return ([cpu]) => {
    cpu!.store32(stack, address)
    if (idOf(cpu!, map, 0n) < 0) throw new Error('the first stack has no id')
    cpu!.store32(stack, KERNEL)
  }
}

function atRest({ map }: StackStage, operations: readonly Operation[]) {
  return (view: View): string | undefined => {
    const word = (field: number): number => view.load32(map + field)
    const found = new Set<string>()
    for (let element = 0; element < word(layout.MAP_ELEMENT_COUNT); element++) {
      const id = word(layout.MAP_RECORDS) + element * word(layout.MAP_RECORD_BYTES) + layout.RECORD_ORDER
      found.add(`${view.load32(id)} ${view.load32(word(layout.MAP_ELEMENTS) + element * word(layout.MAP_STRIDE))}`)
    }
    for (const { name, args } of operations) {
      if (!view.ended(name)) continue
      const id = Number(view.result(name))
      const stack = args!['stack'] as number
      if (id < 0 || !found.has(`${id} ${stack}`)) return `${name}: stack ${stack} does not lie under ${id}`
    }
    return undefined
  }
}

const PLANS: [name: string, about: string, before: number, flags: bigint][] = [
  ['stack/known', 'an NMI files another stack at any step of finding one that has its id', KERNEL, 0n],
  ['stack/reused', 'an NMI files another stack at any step of replacing one that has the same id', KERNEL_TOO, REUSE],
]

function* interrupted(): Generator<Entry> {
  for (const [name, about, before, flags] of PLANS)
    yield coreEntry(name, about, 'nmi', (traced, module) => {
      const at = stageOf(1, USER, traced, module)
      const outer = stackId(at, 'A', flags)
      const inner = stackId(at, 'B', USER_STACK, true)
      const cpus = [{ operations: [outer], nmi: [inner] }]
      return subject({ name, stage: at.stage, setup: filed(at, before), cpus, atRest: atRest(at, [outer, inner]) })
    })
}

/** What is done to the one id of two stacks, KERNEL and KERNEL_TOO, by programs and the host. */
const OPERATIONS: Record<string, { flags?: bigint }> = {
  'file one': { flags: 0n },
  'file the other': { flags: USER_STACK },
  'put the other there': { flags: USER_STACK | REUSE },
  delete: {},
}

function made(at: StackStage, what: string, name: string): Operation {
  const { flags } = OPERATIONS[what]!
  return once(at.stage, `${what} ${name}`, (): Operation => {
    if (flags === undefined)
      return { name, kind: 'delete', run: ({ exports }) => exports['map_delete'](at.map, at.place) as number }
    const args = { stack: (flags & USER_STACK) === 0n ? KERNEL : KERNEL_TOO, replaces: (flags & REUSE) !== 0n }
    return { name, kind: 'file', args, run: (cpu) => Math.min(idOf(cpu, at.map, flags), 0) }
  })
}

/** The address of the stack under an id, 0 none. */
function filedUnder({ map, place }: StackStage, view: View): number {
  const word = (field: number): number => view.load32(map + field)
  const bucket = word(layout.MAP_BUCKETS)
  for (let at = 0; at <= word(layout.MAP_BUCKET_MASK); at++)
    for (let link = bucket + at * 8; (view.load32(link) & layout.RECORD_NEXT) !== 0;) {
      const element = (view.load32(link) & layout.RECORD_NEXT) - 1
      link = word(layout.MAP_RECORDS) + element * word(layout.MAP_RECORD_BYTES)
      if (view.load32(link) & layout.RECORD_MARK) continue
      if (view.load32(link + layout.RECORD_ORDER) === view.load32(place))
        return view.load32(word(layout.MAP_ELEMENTS) + element * word(layout.MAP_STRIDE))
    }
  return 0
}

/** One id: what lies under it. */
function model(at: StackStage, initial: number): SequentialModel<number> {
  return {
    initial,
    key: String,
    moments({ kind, args, ended, result }) {
      const gives = (expected: number, state: number) => (!ended || result === expected ? [state] : [])
      return [
        (there) => {
          if (kind === 'delete') return there === 0 ? gives(-ENOENT, 0) : gives(0, 0)
          const stack = args['stack'] as number
          if (there === 0 || there === stack || args['replaces'] === true) return gives(0, stack)
          return gives(-EEXIST, there)
        },
      ]
    },
    final: (view) => String(filedUnder(at, view)),
    agrees: (there, final) => String(there) === final,
  }
}

const HELD: readonly (readonly [before: number, holding: string])[] = [
  [0, 'none'],
  [KERNEL, 'one'],
  [KERNEL_TOO, 'the other'],
]

/** Two CPUs on the one id; `scripts` are made of operations by name. */
function beside(
  { name, about, before, variant }: { name: string; about: string; before: number; variant: Variant },
  scripts: (make: (what: string, name: string) => Operation) => CpuScript[],
): Entry {
  return coreEntry(name, about, variant, (traced, module) => {
    const at = stageOf(2, KERNEL_TOO, traced, module)
    return subject({
      name,
      stage: at.stage,
      setup(cpus) {
        const cpu = cpus[0]!
        cpu.store32(at.place, idOf(cpu, at.map, 0n))
        if (before !== KERNEL) cpu.exports['map_delete'](at.map, at.place)
        if (before === KERNEL_TOO) idOf(cpu, at.map, USER_STACK)
      },
      cpus: scripts((what, letter) => made(at, what, letter)),
      model: model(at, before) as SequentialModel<unknown>,
    })
  })
}

function* pairs(): Generator<Entry> {
  const names = Object.keys(OPERATIONS)
  for (const meeting of MEETINGS.filter(({ variant }) => variant !== 'nmi'))
    for (const [before, holding] of HELD)
      for (const [i, one] of names.entries())
        for (const other of othersOf(names, i, meeting))
          yield beside(
            {
              name: `stacks/holding-${slug(holding)}/${slug(one)}/${slug(other)}`,
              about: `${one} and ${other}, ${meeting.how}; two stacks of one id, under which lies ${holding}`,
              before,
              variant: meeting.variant,
            },
            (make) => meeting.scripts(make(one, 'A'), make(other, 'B')),
          )
}

/** What a stack is compared with is handed out meanwhile, for a stack that never comes to lie there. */
function* handedOut(): Generator<Entry> {
  yield beside(
    {
      name: 'stacks/handed-out',
      about: 'file one beside delete, then file one on a CPU that stops; two stacks of one id, the other lies there',
      before: KERNEL_TOO,
      variant: 'stop',
    },
    (make) => [
      { operations: [make('delete', 'A'), make('file one', 'B')], mayStop: true },
      { operations: [make('file one', 'C')] },
    ],
  )
}

export function stackEntries(): Entry[] {
  return [...interrupted(), ...pairs(), ...handedOut()]
}
