// Maps of stacks as named subjects: bpf_get_stackid in an NMI at any step of another. What must hold: each gets an id,
// under which lies the stack that it was called for.
import { MAP_TYPE_STACK_TRACE, STACK_AREA_BYTES, STACKS_BYTES } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import { TASK_KERNEL_DEPTH, TASK_USER_DEPTH } from '../../../core/task-record.js'
import type { Cpu } from '../executor.js'
import type { Stage } from '../stage.js'
import { subject } from '../subject.js'
import type { Operation, View } from '../subject.js'
import { coreStage } from './core-stage.js'
import { coreEntry, type Entry } from './entry.js'

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
  /** Where the kernel's stack lies. */
  stack: number
}

const stages = new Map<boolean, StackStage>()

function stageOf(traced: boolean, module?: Uint8Array): StackStage {
  const known = module === undefined ? stages.get(traced) : undefined
  if (known) return known
  let [map, area, stack] = [0, 0, 0]
  const stage = coreStage(
    { cpus: 1, traced, coreBytes: 1 << 13, ...(module && { module }) },
    ({ cpu, header, createMap }) => {
      map = createMap([MAP_TYPE_STACK_TRACE, 4, 8, ENTRIES, 0])
      area = header(layout.HEADER_CPU_AREAS)
      stack = cpu.load32(area + layout.CPU_RUN_BUFFER) + cpu.load32(area + layout.CPU_RUN_BUFFER_BYTES) - STACKS_BYTES
      cpu.store32(area + layout.CPU_TASK + TASK_KERNEL_DEPTH, 1)
      cpu.store32(area + layout.CPU_TASK + TASK_USER_DEPTH, 1)
      cpu.store32(stack, KERNEL)
      cpu.store32(stack + STACK_AREA_BYTES, USER)
    },
  )
  const made = { stage, map, stack, level: area + layout.CPU_NESTED }
  if (module === undefined) stages.set(traced, made)
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

export function stackEntries(): Entry[] {
  return PLANS.map(([name, about, before, flags]) =>
    coreEntry(name, about, 'nmi', (traced, module) => {
      const at = stageOf(traced, module)
      const outer = stackId(at, 'A', flags)
      const inner = stackId(at, 'B', USER_STACK, true)
      const cpus = [{ operations: [outer], nmi: [inner] }]
      return subject({ name, stage: at.stage, setup: filed(at, before), cpus, atRest: atRest(at, [outer, inner]) })
    }),
  )
}
