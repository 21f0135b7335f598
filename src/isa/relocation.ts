// What the immediate of an instruction stands for until its object is loaded: found by src/object/, written by
// assemble.ts, resolved by the compiler and the interpreter.

/** `instruction` counts 8-byte units from the function's start; an `lddw` is two of them and relocated at its first. */
export type Relocation = { instruction: number } & (
  | { kind: 'map'; map: string }
  | { kind: 'map-value'; map: string; offset: number }
  | { kind: 'call'; function: string }
  | { kind: 'function-pointer'; function: string }
  | { kind: 'kfunc'; name: string; weak: boolean }
  | { kind: 'extern'; name: string; weak: boolean }
  /** A CO-RE relocation that found nothing: an error where control comes to it, in these words. */
  | { kind: 'poison'; words: string }
)
