// The core's smallest shared structures by themselves: a pool (a bitmap of two levels) and a sticky reference count, on
// two and three CPUs, with NMIs, beside a CPU that stops. What a CPU holds is written down in ghost words.
import * as layout from '../../../core/layout.js'
import { Stage } from '../stage.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, Subject, View } from '../subject.js'
import { variantName, type Entry, type Variant } from './entry.js'
import { moduleBytes } from '../builds.js'

const BITMAP = 64
const COUNT = 128
const STORAGE = 256
/** Two leaf words below one summary. */
const BITS = 40
/** Two words in the top level, of which there is no higher one. */
const MANY_BITS = (1 << 20) + 32
/** The objects of the larger pool that a subject may use: below the first top word, and below the second. */
const LOW = 33
const HIGH = 1 << 20
/** Ghost words: one for each object of the pool that somebody holds; the object that the count is of is gone. */
const HELD = 0
const GONE = BITS + 2

const stages = new Map<string, Stage>()

function stageOf(bits: number, traced: boolean): Stage {
  const key = `${bits} ${traced}`
  const known = stages.get(key)
  if (known) return known
  const stage = new Stage({
    module: moduleBytes('parts', traced),
    memory: bits === BITS ? 512 : 1 << 18,
    cpus: 3,
    ghost: GONE + 1,
    sites: traced,
    boot: ([cpu]) => cpu!.exports['bitmapCreate'](BITMAP, STORAGE, bits, 0),
  })
  stages.set(key, stage)
  return stage
}

/** Ghost word for an object; of the larger pool few are used, and the last words are theirs. */
const heldOf = (index: number): number => HELD + (index >= HIGH ? BITS + (index - HIGH) : index)

/** Names a word of a pool: `level0[1]`. */
function wordOf(bits: number, address: number): string | undefined {
  let at = STORAGE
  let words = bits
  for (let level = 0; level < layout.BITMAP_MAX_LEVELS; level++) {
    words = Math.ceil(words / 32)
    if (address >= at && address < at + words * 4) return `level${level}[${(address - at) / 4}]`
    at += words * 4
  }
  return undefined
}

/** Takes an object, looking at `start` first; its number, -1 if there was none. */
const take = (name: string, start = 0, give = false): Operation => ({
  name,
  run(cpu) {
    const index = cpu.exports['bitmapTake'](BITMAP, start) as number
    if (index < 0) return index
    if (cpu.add32(cpu.ghost(heldOf(index)), 1) !== 0) cpu.fail(`object ${index} was taken twice`)
    if (!give) return index
    cpu.add32(cpu.ghost(heldOf(index)), -1)
    cpu.exports['bitmapGive'](BITMAP, index)
    return index
  },
})

/** Takes one and gives it back. */
const borrow = (name: string, start = 0): Operation => take(name, start, true)

/** Takes a reference if it can, and drops it; whoever drops the last one destroys the object. */
const use = (name: string): Operation => ({
  name,
  run(cpu) {
    if (!cpu.exports['referenceTryGet'](COUNT)) return 'dead'
    if (cpu.load32(cpu.ghost(GONE)) !== 0) cpu.fail('a reference was taken on an object that is gone')
    if (cpu.exports['referencePut'](COUNT) && cpu.add32(cpu.ghost(GONE), 1) !== 0) cpu.fail('it died twice')
    return 'used'
  },
})

const drop = (name: string): Operation => ({
  name,
  run(cpu) {
    if (cpu.exports['referencePut'](COUNT) && cpu.add32(cpu.ghost(GONE), 1) !== 0) cpu.fail('it died twice')
  },
})

/** Has both references that there are, and drops them at once. */
const dropBoth = (name: string): Operation => ({
  name,
  run(cpu) {
    if (!cpu.exports['referenceTryGet'](COUNT)) cpu.fail('it died while its reference was held')
    if (cpu.exports['referencePutLast'](COUNT, 2) && cpu.add32(cpu.ghost(GONE), 1) !== 0) cpu.fail('it died twice')
  },
})

const poolRest =
  (objects: readonly number[], mustTake: readonly string[]) =>
  (view: View): string | undefined => {
    const free = (index: number): number => (view.load32(STORAGE + (index >> 5) * 4) >>> (index & 31)) & 1
    for (const index of new Set([...Array(BITS).keys(), ...objects])) {
      const there = free(index) + view.ghost(heldOf(index))
      const lost = view.stopped < 0 ? 0 : 1
      const owed = objects.includes(index) ? 1 : 0
      if (there > owed || there < owed - lost) return `object ${index} is there ${there} times`
    }
    const refused = mustTake.find((name) => view.ended(name) && Number(view.result(name)) < 0)
    return refused && `${refused} found the pool empty, and it never was`
  }

const countRest = (view: View): string | undefined => {
  if (view.stopped >= 0) return undefined
  if (view.ghost(GONE) !== 1) return `it died ${view.ghost(GONE)} times`
  return view.load32(COUNT) & layout.REFERENCES_DEAD ? undefined : 'the count is not dead'
}

type Case = [
  name: string,
  about: string,
  variant: Variant,
  scripts: CpuScript[],
  objects?: number[],
  mustTake?: string[],
  bits?: number,
]

const ops = (...operations: Operation[]): CpuScript => ({ operations })

// prettier-ignore
const CASES: Case[] = [
  ['pool/one/two', 'two CPUs borrow the one object', 'plain', [ops(borrow('A')), ops(borrow('B'))], [33]],
  ['pool/enough/two', 'two CPUs take, two objects: neither is refused', 'plain', [ops(take('A')), ops(take('B'))], [0, 33], ['A', 'B']],
  ['pool/enough/three', 'three CPUs take, three objects in two words: none is refused', 'plain', [ops(take('A')), ops(take('B')), ops(take('C', 33))], [0, 1, 33], ['A', 'B', 'C']],
  ['pool/given-back', 'what was given back is found, whatever happened to the summaries', 'plain', [ops(borrow('A', 33), borrow('B', 33), take('C', 33)), ops(take('D', 33))], [33, 39], ['A', 'B', 'C', 'D']],
  ['pool/enough', 'a take as NMI at any step of a take, another beside them', 'nmi', [{ operations: [take('A')], nmi: [take('N')] }, ops(take('B', 33))], [0, 1, 33], ['A', 'N', 'B']],
  ['pool/given-back', 'a borrow as NMI at any step of a borrow', 'nmi', [{ operations: [borrow('A')], nmi: [borrow('N')] }, ops(borrow('B'))], [33]],
  ['pool/enough', 'a CPU stops in a take, another takes: it is not refused', 'stop', [{ operations: [borrow('A')], mayStop: true }, ops(take('B'))], [0, 33], ['B']],
  ['pool/two-tops/far', 'two CPUs take from a pool of more than a million, both look first where nothing is', 'plain', [ops(take('A', HIGH + 5)), ops(take('B', HIGH + 5))], [1, LOW], ['A', 'B'], MANY_BITS],
  ['pool/two-tops/far', 'a take as NMI at any step of a take from a pool of more than a million', 'nmi', [{ operations: [take('A')], nmi: [take('N')] }], [HIGH, HIGH + 1], ['A', 'N'], MANY_BITS],
  ['references/two', 'the last reference goes while one is taken', 'plain', [ops(drop('A')), ops(use('B'), use('C'))]],
  ['references/three', 'the last reference goes while two are taken', 'plain', [ops(drop('A')), ops(use('B')), ops(use('C'))]],
  ['references/two', 'references are taken as NMI at any step of dropping the last one', 'nmi', [{ operations: [drop('A')], nmi: [use('N'), use('M')] }, ops(use('B'))]],
  ['references/two', 'a CPU stops while it drops the last one', 'stop', [{ operations: [drop('A')], mayStop: true }, ops(use('B'), use('C'))]],
  ['references/both/two', 'the last two references go at once while one is taken', 'plain', [ops(dropBoth('A')), ops(use('B'), use('C'))]],
  ['references/both/three', 'the last two references go at once while two are taken', 'plain', [ops(dropBoth('A')), ops(use('B')), ops(use('C'))]],
  ['references/both/two', 'references are taken as NMI at any step of dropping the last two', 'nmi', [{ operations: [dropBoth('A')], nmi: [use('N'), use('M')] }, ops(use('B'))]],
  ['references/both/two', 'a CPU stops while it drops the last two', 'stop', [{ operations: [dropBoth('A')], mayStop: true }, ops(use('B'), use('C'))]],
]

function make([name, , , cpus, objects, mustTake = [], bits = BITS]: Case, traced: boolean): Subject {
  return subject({
    name,
    stage: stageOf(bits, traced),
    setup([cpu]) {
      for (const index of objects ?? []) cpu!.exports['bitmapGive'](BITMAP, index)
      cpu!.store32(COUNT, 1)
    },
    cpus,
    atRest: objects ? poolRest(objects, mustTake) : countRest,
    nameOf: (address) => (address === COUNT ? 'count' : wordOf(bits, address)),
  })
}

export function partEntries(): Entry[] {
  return CASES.map((one) => {
    const [name, about, variant] = one
    return {
      name: variantName(`parts/${name}`, variant),
      about,
      hazards: name.startsWith('references') ? ['H8'] : variant === 'nmi' ? ['H22'] : [],
      protocol: 'shipped',
      variant,
      module: 'parts',
      subject: (traced) => make(one, traced),
    }
  })
}
