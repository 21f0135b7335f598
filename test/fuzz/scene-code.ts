// The code that a random scene (scenes.ts) means: an object of packet programs, with its maps.
import type { MapSpec, ObjectSpec } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { emptyMap } from '../../src/object/maps.js'
import { functionSpec } from '../jit/harness.js'
import { CELLS, PLACES, type Key, type Scene, type SceneMap, type Step } from './scenes.js'

const ARRAY = 2
const PROGRAMS = 3
const QUEUE = 22
const RING = 27

/** Helpers by number. */
const LOOKUP = 1
const UPDATE = 2
const DELETE = 3
const TAIL_CALL = 12
const RING_OUTPUT = 130
const RING_RESERVE = 131
const RING_END = { submit: 132, discard: 133 } as const
const KEYLESS = { push: 87, pop: 88, peek: 89 } as const
const FOR_EACH = 164
const LOOP = 181
const LOOKUP_PERCPU = 195

/** Registers of every function: r6 the cells, r7 what it has come to, r8 a counter, r9 the context. */
const KEY_AT = -112
const VALUE_AT = -32
/** Of `frame` steps. */
const SLOTS_AT = -160
/** Of r6, while it is the context. */
const SAVED_AT = -168

/** What a function may do besides plain steps; what it may not is left out. */
interface Allowed {
  calls: number
  callbacks: boolean
  /** There is a context in r9. */
  packet: boolean
}

class Emitter {
  readonly lines: Line[] = []
  #labels = 0

  constructor(
    private readonly scene: Scene,
    private readonly name: string,
    private readonly allowed: Allowed,
  ) {}

  emit(...lines: Line[]): void {
    this.lines.push(...lines)
  }

  #label(): string {
    return `${this.name} ${this.#labels++}`
  }

  /** Writes a key into the frame, with zeros behind it, and its address into r2. */
  #key({ from, number, odd }: Key, keySize: number): void {
    if (from === 'cells') return this.emit(asm.mov('r2', 'r6'), asm.alu('add', 'r2', number))
    for (let at = KEY_AT; at < KEY_AT + Math.ceil((keySize + odd) / 8) * 8; at += 8)
      this.emit(asm.store(64, 'r10', at, 0))
    if (from === 'number') this.emit(asm.mov('r1', number))
    else this.emit(asm.load(64, 'r1', 'r6', 8 * number), asm.alu('and', 'r1', 7))
    this.emit(asm.store(8, 'r10', KEY_AT + odd, 'r1'), asm.mov('r2', 'r10'), asm.alu('add', 'r2', KEY_AT + odd))
  }

  #map(at: number): SceneMap {
    return this.scene.maps[at]!
  }

  /** Of what r0 points to, if to anything: adds to its first word, and takes that in. */
  #change(add: number): void {
    const end = this.#label()
    this.emit(
      asm.jump('eq', 'r0', 0, end),
      asm.load(64, 'r3', 'r0', 0),
      asm.alu('add', 'r3', add),
      asm.store(64, 'r0', 0, 'r3'),
      asm.alu('xor', 'r7', 'r3'),
      asm.label(end),
      asm.alu('add', 'r7', 3),
    )
  }

  #tailCall({ place, known, most }: Extract<Step, { do: 'tail call' }>): void {
    const end = this.#label()
    this.emit(asm.load(64, 'r1', 'r6', 56), asm.alu('and', 'r1', 0xff), asm.jump('gt', 'r1', most, end))
    this.emit(asm.alu('add', 'r1', 1), asm.store(64, 'r6', 56, 'r1'), asm.store(64, 'r6', 48, 'r7'))
    if (known) this.emit(asm.mov('r3', place))
    else this.emit(asm.load(64, 'r3', 'r6', 8 * place), asm.alu('and', 'r3', 3))
    this.emit(asm.mov('r1', 'r9'), map('r2', 'programs'), asm.call(TAIL_CALL), asm.label(end), asm.alu('add', 'r7', 11))
  }

  step(step: Step): void {
    const { callbacks, calls } = this.allowed
    switch (step.do) {
      case 'lookup':
        this.#key(step.key, this.#map(step.map).keySize)
        this.emit(map('r1', `m${step.map}`), asm.call(LOOKUP))
        return this.#change(step.add)
      case 'lookup on':
        this.#key(step.key, this.#map(step.map).keySize)
        this.emit(map('r1', `m${step.map}`), asm.mov('r3', step.cpu), asm.call(LOOKUP_PERCPU))
        return this.#change(7)
      case 'update':
        this.#key(step.key, this.#map(step.map).keySize)
        for (const at of [0, 8, 16]) this.emit(asm.store(64, 'r10', VALUE_AT + at, at === 8 ? 'r8' : 'r7'))
        this.emit(asm.mov('r3', 'r10'), asm.alu('add', 'r3', VALUE_AT), asm.mov('r4', step.flags))
        return this.emit(map('r1', `m${step.map}`), asm.call(UPDATE), asm.alu('add', 'r7', 'r0'))
      case 'delete':
        this.#key(step.key, this.#map(step.map).keySize)
        return this.emit(map('r1', `m${step.map}`), asm.call(DELETE), asm.alu('add', 'r7', 'r0'))
      case 'tail call':
        return this.#tailCall(step)
      case 'loop':
      case 'for each': {
        if (!callbacks) return
        const list = step.do === 'loop' ? this.scene.loopCallbacks : this.scene.eachCallbacks
        const name = `${step.do} ${step.callback % list.length}`
        this.emit(step.do === 'loop' ? asm.mov('r1', step.turns) : map('r1', `m${step.map}`))
        this.emit(asm.loadReference('r2', { kind: 'function-pointer', function: name }), asm.mov('r3', 'r6'))
        this.emit(asm.mov('r4', step.do === 'loop' ? step.flags : 0), asm.call(step.do === 'loop' ? LOOP : FOR_EACH))
        return this.emit(asm.alu('add', 'r7', 'r0'))
      }
      case 'call':
        if (step.sub >= calls) return
        this.emit(asm.mov('r1', 'r6'), asm.mov('r2', 'r7'), asm.mov('r3', 'r9'), asm.callFunction(`sub ${step.sub}`))
        return this.emit(asm.alu('add', 'r7', 'r0'))
      case 'cell': {
        const at = 8 * step.cell
        this.emit(asm.load(64, 'r3', 'r6', at), asm.alu(step.operation, 'r3', 'r7'))
        return this.emit(
          asm.store(step.narrow ? 8 : 64, 'r6', at, 'r3'),
          asm.alu('add', 'r7', 'r8'),
          asm.alu('add', 'r8', 5),
        )
      }
      case 'turns': {
        const again = this.#label()
        this.emit(asm.mov('r8', 0), asm.label(again), asm.alu('add', 'r7', 'r8'), asm.alu('add', 'r8', 1))
        return this.emit(asm.jump('lt', 'r8', step.turns, again))
      }
      case 'frame':
        this.emit(asm.load(64, 'r3', 'r10', SLOTS_AT + 8 * step.slot), asm.alu('add', 'r7', 'r3'))
        return this.emit(asm.store(64, 'r10', SLOTS_AT + 8 * ((step.slot + 1) % 5), 'r7'))
      case 'load packet':
        if (!this.allowed.packet) return
        this.emit(asm.load(64, 'r3', 'r6', 8 * (step.cell ?? 0)), asm.store(64, 'r10', SAVED_AT, 'r6'))
        this.emit(asm.alu('and', 'r3', 0xff), asm.mov('r6', 'r9'))
        if (step.cell === undefined) this.emit(asm.instruction(`ldabs${step.size}`, { imm: step.offset }))
        else this.emit(asm.instruction(`ldind${step.size}`, { src: 3, imm: step.offset }))
        return this.emit(asm.alu('add', 'r7', 'r0'), asm.load(64, 'r6', 'r10', SAVED_AT))
      case 'output':
        for (const at of [0, 8, 16]) this.emit(asm.store(64, 'r10', VALUE_AT + at, 'r7'))
        this.emit(map('r1', 'ring'), asm.mov('r2', 'r10'), asm.alu('add', 'r2', VALUE_AT), asm.mov('r3', step.bytes))
        return this.emit(asm.mov('r4', 0), asm.call(RING_OUTPUT), asm.alu('add', 'r7', 'r0'))
      case 'submit':
      case 'discard': {
        const end = this.#label()
        this.emit(map('r1', 'ring'), asm.mov('r2', step.bytes), asm.mov('r3', 0), asm.call(RING_RESERVE))
        this.emit(asm.jump('eq', 'r0', 0, end), asm.store(64, 'r0', 0, 'r7'))
        for (let at = 8; at < Math.min(step.bytes, 64); at += 8) this.emit(asm.store(64, 'r0', at, 'r8'))
        this.emit(asm.mov('r1', 'r0'), asm.mov('r2', 0), asm.call(RING_END[step.do]), asm.alu('add', 'r7', 1))
        return this.emit(asm.label(end))
      }
      case 'push':
      case 'pop':
      case 'peek':
        this.emit(asm.store(64, 'r10', VALUE_AT, 'r7'), map('r1', 'queue'), asm.mov('r2', 'r10'))
        this.emit(
          asm.alu('add', 'r2', VALUE_AT),
          asm.mov('r3', 0),
          asm.call(KEYLESS[step.do]),
          asm.alu('add', 'r7', 'r0'),
        )
        return this.emit(asm.load(64, 'r3', 'r10', VALUE_AT), asm.alu('xor', 'r7', 'r3'))
      case 'stray':
        return this.emit(
          asm.store(64, 'r6', 8, 'r7'),
          asm.load(64, 'r3', 'r6', step.offset),
          asm.alu('xor', 'r7', 'r3'),
        )
    }
  }
}

const map = (register: asm.Register, name: string): Line => asm.loadReference(register, { kind: 'map', map: name })

/** The code of a function: `begin` sets r6, r7 and r9, `end` r0. */
function code(
  scene: Scene,
  name: string,
  steps: readonly Step[],
  allowed: Allowed,
  begin: readonly Line[],
  end: readonly Line[],
): Line[] {
  const emitter = new Emitter(scene, name, allowed)
  for (let slot = 0; slot < 5; slot++) emitter.emit(asm.store(64, 'r10', SLOTS_AT + 8 * slot, 0))
  emitter.emit(...begin, asm.mov('r8', 1))
  for (const step of steps) emitter.step(step)
  return [...emitter.lines, ...end, asm.exit()]
}

/** Functions by name: the programs `program 0` …, and what they call. */
export function functionsOf(scene: Scene): Map<string, Line[]> {
  const functions = new Map<string, Line[]>()
  scene.programs.forEach((steps, at) => {
    const begin = [
      asm.mov('r9', 'r1'),
      ...[asm.store(32, 'r10', VALUE_AT, 0), map('r1', 'cells'), asm.mov('r2', 'r10'), asm.alu('add', 'r2', VALUE_AT)],
      ...[asm.call(LOOKUP), asm.jump('ne', 'r0', 0, 'cells'), asm.exit(), asm.label('cells')],
      ...[asm.mov('r6', 'r0'), asm.load(64, 'r7', 'r6', 0)],
    ]
    const end = [asm.store(64, 'r6', 40, 'r7'), asm.mov('r0', 'r7')]
    functions.set(
      `program ${at}`,
      code(scene, `p${at}`, steps, { calls: 2, callbacks: true, packet: true }, begin, end),
    )
  })
  const answer = [asm.mov('r0', 'r7')]
  scene.subs.forEach((steps, at) => {
    const begin = [asm.mov('r6', 'r1'), asm.mov('r7', 'r2'), asm.mov('r9', 'r3')]
    functions.set(
      `sub ${at}`,
      code(scene, `s${at}`, steps, { calls: at, callbacks: at > 0, packet: true }, begin, answer),
    )
  })
  const masked = (mask: number): Line[] => [...answer, asm.alu('and', 'r0', mask)]
  scene.loopCallbacks.forEach(({ steps, mask }, at) => {
    const begin = [asm.mov('r6', 'r2'), asm.mov('r7', 'r1'), asm.mov('r9', 0)]
    functions.set(
      `loop ${at}`,
      code(scene, `l${at}`, steps, { calls: 1, callbacks: false, packet: false }, begin, masked(mask)),
    )
  })
  scene.eachCallbacks.forEach(({ steps, mask }, at) => {
    const begin = [asm.mov('r6', 'r4'), asm.load(64, 'r7', 'r3', 0), asm.mov('r9', 0)]
    functions.set(
      `for each ${at}`,
      code(scene, `e${at}`, steps, { calls: 1, callbacks: false, packet: false }, begin, masked(mask)),
    )
  })
  return functions
}

/** Maps by name, with what they hold at first. */
export function mapsOf(scene: Scene): Map<string, MapSpec> {
  const made = (name: string, type: number, [keySize, valueSize, maxEntries]: [number, number, number]): MapSpec => ({
    ...emptyMap(name, type),
    keySize,
    valueSize,
    maxEntries,
  })
  const random = scene.maps.map(({ type, keySize, valueSize, entries }, at) =>
    made(`m${at}`, type, [keySize, valueSize, entries]),
  )
  const programs = made('programs', PROGRAMS, [4, 4, PLACES])
  const standing = scene.standing.flatMap((who, place) =>
    who < scene.programs.length ? [[place, `program ${who}`] as const] : [],
  )
  const all = [
    ...random,
    { ...programs, initial: new Map(standing) },
    made('cells', ARRAY, [4, 8 * CELLS, 1]),
    made('ring', RING, [0, 0, 4096]),
    made('queue', QUEUE, [0, 8, 3]),
  ]
  return new Map(all.map((spec) => [spec.name, spec]))
}

/** The object of a scene: packet programs. */
export function objectOf(scene: Scene): ObjectSpec {
  const functions = [...functionsOf(scene)].map(([name, lines]) => functionSpec(name, lines))
  const programs = scene.programs.map((_, at) => `program ${at}`)
  return {
    name: 'scene',
    license: 'GPL',
    maps: mapsOf(scene),
    programs: new Map(
      programs.map((name) => [name, { name, section: 'tc', type: 'sched_cls', sleepable: false, entry: name }]),
    ),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}
