// Where the functions of an object stand when libbpf gives a program to the kernel: the program first, then what it
// calls in the order in which calls and callbacks name them, each followed at once by what it calls itself. Some of the
// verifier's words count instructions and functions so. Used by complaints.
import { reachable } from '../object/reachable.js'
import type { ObjectSpec, ProgramSpec } from '../object/spec.js'

/** Index of a function's first instruction. */
export function startOf(spec: ObjectSpec, program: ProgramSpec | undefined, fn: string): number {
  let start = 0
  for (const name of order(spec, program)) {
    if (name === fn) return start
    start += (spec.functions.get(name)?.code.length ?? 0) / 8
  }
  return 0
}

/** The verifier's number of a function. */
export function numberOf(spec: ObjectSpec, program: ProgramSpec | undefined, fn: string): number {
  return order(spec, program).indexOf(fn)
}

function order(spec: ObjectSpec, program: ProgramSpec | undefined): readonly string[] {
  return program ? [...reachable(spec, program.entry)] : []
}
