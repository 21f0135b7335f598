// A finding: what is certainly wrong in a program, where, and in which words the kernel's verifier says so.
import type { FunctionSpec } from '../object/spec.js'

export interface Refusal {
  readonly program: string
  readonly function: string
  readonly instruction: number
  /** The C line, where the object has line information. */
  readonly file?: string
  readonly line?: number
  /** What BPF_PROG_LOAD answers. */
  readonly errno: 'EACCES' | 'EINVAL' | 'E2BIG' | 'EFAULT'
  /** The last line of the verifier's log. */
  readonly words: string
}

/** A finding before it has a place. */
export type Complaint = Pick<Refusal, 'errno' | 'words'>

export function access(words: string): Complaint {
  return { errno: 'EACCES', words }
}

export function invalid(words: string): Complaint {
  return { errno: 'EINVAL', words }
}

export function placed(complaint: Complaint, program: string, fn: FunctionSpec, instruction: number): Refusal {
  let found: { file: string; line: number } | undefined
  for (const line of fn.lines) if (line.instruction <= instruction) found = line
  const source = found ? { file: found.file, line: found.line } : {}
  return { program, function: fn.name, instruction, ...source, ...complaint }
}

/** "program 'p': function 'f', instruction 12 (flow.bpf.c:30): EINVAL: map 'm' has no valid bpf_timer". */
export function refusalText({ program, function: name, instruction, file, line, errno, words }: Refusal): string {
  const source = file === undefined ? '' : ` (${file}:${line})`
  return `program '${program}': function '${name}', instruction ${instruction}${source}: ${errno}: ${words}`
}
