// Where an instruction comes from in the C source, in a form that people and programs can read.
import type { FunctionSpec, LineInfo } from '../object/spec.js'

/** An instruction of a function, with its line where the object says one. */
export interface Place {
  function: string
  /** In 8-byte units from the function's start. */
  instruction: number
  /** As the compiler wrote it. */
  file?: string
  line?: number
}

export function placeOf(fn: FunctionSpec, instruction: number): Place {
  const line = lineAt(fn.lines, instruction)
  return { function: fn.name, instruction, ...(line ? { file: line.file, line: line.line } : {}) }
}

/** The last line at or before an instruction. */
export function lineAt(lines: readonly LineInfo[], instruction: number): LineInfo | undefined {
  let found: LineInfo | undefined
  for (const line of lines) {
    if (line.instruction > instruction) break
    found = line
  }
  return found
}

/** 'on_packet (flow.bpf.c:92)', or 'on_packet, instruction 12' for an object without line information. */
export function placeText({ function: name, instruction, file, line }: Place): string {
  return file === undefined ? `${name}, instruction ${instruction}` : `${name} (${baseName(file)}:${line})`
}

export function baseName(path: string): string {
  return path.split('/').at(-1) ?? path
}
