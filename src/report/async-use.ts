// Who initialises which timer or work, and which functions are called back by what: read from the code, as far as it is
// the same on every way to the call. For `skep inspect`.
import { kfuncByName, helperById } from '../machine/helpers.js'
import { helperName } from '../isa/helper-names.js'
import { visitRegisters } from '../object/register-values.js'
import type { FunctionSpec, ObjectSpec } from '../object/spec.js'
import { placeOf, type Place } from './places.js'

/** What calls a callback. */
export type CallbackKind = 'timer' | 'work' | 'element' | 'loop' | 'other'

/** A function that is given to a helper or kfunc to be called later, or at once. */
export interface CallbackUse {
  function: string
  kind: CallbackKind
  /** Helper or kfunc that it is given to. */
  givenTo: string
  /** Map whose timer, work or elements it is called for, where the code makes that certain. */
  map?: string
  at: Place
}

/** A call of bpf_timer_init or bpf_wq_init; `map` is the map that it names, where the code makes that certain. */
export interface InitUse {
  kind: 'timer' | 'work'
  map?: string
  at: Place
}

const KINDS: Readonly<Record<string, CallbackKind>> = {
  bpf_timer_set_callback: 'timer',
  bpf_wq_set_callback: 'work',
  bpf_wq_set_callback_impl: 'work',
  bpf_for_each_map_elem: 'element',
  bpf_loop: 'loop',
}

/** Throws SkepError BAD_INSTRUCTION if the function's code cannot be decoded. */
export function findAsyncUses(spec: ObjectSpec, fn: FunctionSpec): { callbacks: CallbackUse[]; inits: InitUse[] } {
  const callbacks: CallbackUse[] = []
  const inits: InitUse[] = []
  visitRegisters(spec, fn, (instruction, registers, relocation) => {
    if (instruction.form.kind !== 'call') return
    const isHelper = instruction.form.operation === 'helper'
    const name = isHelper ? helperName(instruction.imm) : relocation?.kind === 'kfunc' ? relocation.name : undefined
    if (name === undefined) return
    const entry = isHelper ? helperById(instruction.imm) : kfuncByName(name)
    const at = placeOf(fn, instruction.index)
    const [, first, second] = registers
    if (name === 'bpf_timer_init' || name === 'bpf_wq_init')
      inits.push({
        kind: name === 'bpf_wq_init' ? 'work' : 'timer',
        ...(second?.is === 'map' ? { map: second.map } : {}),
        at,
      })
    const given = entry?.callback === undefined ? undefined : registers[entry.callback + 1]
    if (given?.is !== 'function') return
    const map = first?.is === 'value' || first?.is === 'map' ? { map: first.map } : {}
    callbacks.push({ function: given.name, kind: KINDS[name] ?? 'other', givenTo: name, ...map, at })
  })
  return { callbacks, inits }
}
