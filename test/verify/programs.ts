// Objects of assembled functions for the tests of the load-time checks.
import { assemble, type Line } from '../../src/isa/assemble.js'
import type { FunctionSpec, MapSpec, ObjectSpec, ProgramSpec } from '../../src/object/spec.js'

export interface Fn {
  name: string
  lines: readonly Line[]
  /** A static function, as callbacks and most subprograms are; programs are not. */
  isStatic?: boolean
  program?: Partial<ProgramSpec>
}

/** An array of values of 48 bytes unless said otherwise. */
export function map(name: string, more: Partial<MapSpec> = {}): MapSpec {
  return {
    name,
    type: 2,
    keySize: 4,
    valueSize: 48,
    maxEntries: 4,
    flags: 0,
    extra: 0,
    pinning: 0,
    key: 1,
    value: 2,
    timerOffset: -1,
    workOffset: -1,
    lockOffset: -1,
    problems: [],
    ...more,
  }
}

/** Functions with `program` are programs. */
export function specOf(functions: readonly Fn[], maps: readonly MapSpec[] = []): ObjectSpec {
  const spec: ObjectSpec = {
    name: 'test',
    license: 'GPL',
    maps: new Map(maps.map((one) => [one.name, one])),
    programs: new Map(),
    functions: new Map(),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
  for (const { name, lines, isStatic, program } of functions) {
    const { code, relocations } = assemble(lines)
    const fn: FunctionSpec = {
      name,
      section: program ? 'tc' : '.text',
      sectionOffset: 0,
      code,
      relocations,
      lines: [],
      isStatic: isStatic ?? !program,
      btfId: 0,
    }
    spec.functions.set(name, fn)
    if (program)
      spec.programs.set(name, { name, section: 'tc', type: 'sched_cls', sleepable: false, entry: name, ...program })
  }
  return spec
}
