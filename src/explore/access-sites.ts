// Where in a compiled module accesses are made: every call to the hook, or, in a module whose places are known, every
// call to the functions that only pass accesses on to it (core/door.ts, the runtime of a C file). By the module's bytes
// alone, so for any module that imports the hook (docs/explorer-hook.md). Called by reach.ts.
import { FUNCTION, Reader, readExports, readImports, SECTIONS, sections } from '../jit/module-reader.js'
import { readInstruction } from './c/instructions.js'
import { passesOn } from './places.js'
import type { Places } from './places.js'

/** A call in the code that makes an access. */
export interface AccessSite {
  /** Of the call, in the module. */
  offset: number
  /** Name of the function that it stands in. */
  function: string
  file?: string
  line?: number
}

interface Call {
  offset: number
  caller: number
  callee: number
}

const CALL = 0x10
const END = 0x0b

/** How a function is entered that stands in a table: by whoever calls through that. */
const THROUGH_TABLE = '(table)'

export class AccessSites {
  readonly sites: readonly AccessSite[]
  private readonly byOffset = new Map<number, number>()
  private readonly calls: readonly Call[]
  private readonly callers: readonly number[]

  /** Throws a plain Error for instructions that no compiler of ours makes. */
  constructor(
    private readonly module: Uint8Array,
    places?: Places,
  ) {
    const { calls, imported, names } = read(module)
    const doors = new Set(imported.flatMap((from, index) => (from === 'hook' ? [index] : [])))
    for (let before = -1; before !== doors.size;) {
      before = doors.size
      for (const { offset, caller, callee } of calls)
        if (places && doors.has(callee) && passesOn(places.find(offset))) doors.add(caller)
    }
    const accesses = calls.filter(({ caller, callee }) => doors.has(callee) && !doors.has(caller))
    this.calls = calls
    this.callers = accesses.map(({ caller }) => caller)
    this.sites = accesses.map(({ offset, caller }) => {
      const name = names.get(caller) ?? `function ${caller}`
      return { offset, function: name.slice(name.lastIndexOf('/') + 1), ...places?.find(offset) }
    })
    this.sites.forEach(({ offset }, index) => this.byOffset.set(offset, index))
  }

  /**
   * For each site the exports of the module through which it can be reached, by its calls; `(table)` if through a
   * table, too. Throws a plain Error for tables that are filled in another way than compilers of ours do.
   */
  enteredBy(): Set<string>[] {
    const entries = readEntries(this.module)
    const callersOf = new Map<number, Set<number>>()
    for (const { caller, callee } of this.calls) callersOf.set(callee, (callersOf.get(callee) ?? new Set()).add(caller))
    return this.callers.map((first) => {
      const met = new Set([first])
      for (const one of met) for (const caller of callersOf.get(one) ?? []) met.add(caller)
      return new Set([...met].flatMap((one) => entries.get(one) ?? []))
    })
  }

  /** Number of the site that a call stack begins at, innermost frame first; -1 for an access of the subject's own. */
  siteOf(stack: string): number {
    if (!/^\S* wasm:/.test(stack)) return -1
    for (const frame of stack.split('\n')) {
      // V8 counts columns of a wasm frame, which are byte offsets, from 1.
      const site = this.byOffset.get(Number(/^\S* wasm:.*:(\d+)$/.exec(frame)?.[1]) - 1)
      if (site !== undefined) return site
    }
    return -1
  }
}

interface Contents {
  calls: Call[]
  /** For each imported function the module that it comes from. */
  imported: string[]
  names: Map<number, string>
}

function read(module: Uint8Array): Contents {
  const calls: Call[] = []
  const imported: string[] = []
  const names = new Map<number, string>()
  sections(module, (id, reader, end) => {
    if (id === SECTIONS.import)
      readImports(reader, (kind, from) => {
        if (kind === FUNCTION) imported.push(from)
      })
    else if (id === SECTIONS.code) readCode(reader, imported.length, calls)
    else if (id === SECTIONS.custom && reader.text() === 'name') readNames(reader, end, names)
  })
  return { calls, imported, names }
}

/** Functions that can be called from outside: by which names. */
function readEntries(module: Uint8Array): Map<number, string[]> {
  const entries = new Map<number, string[]>()
  const enter = (index: number, name: string): unknown => entries.set(index, [...(entries.get(index) ?? []), name])
  sections(module, (id, reader) => {
    if (id === SECTIONS.export) readExports(reader, enter)
    else if (id === SECTIONS.element) readElements(reader, enter)
  })
  return entries
}

// Of functions by number, at a constant place of the first table: what compilers make.
function readElements(reader: Reader, enter: (index: number, name: string) => void): void {
  for (let count = reader.leb(); count > 0; count--) {
    const kind = reader.leb()
    if (kind !== 0) throw new Error(`elements of kind ${kind}`)
    while (reader.bytes[reader.at] !== END) readInstruction(reader)
    reader.at++
    for (let functions = reader.leb(); functions > 0; functions--) enter(reader.leb(), THROUGH_TABLE)
  }
}

function readCode(reader: Reader, first: number, calls: Call[]): void {
  const count = reader.leb()
  for (let caller = first; caller < first + count; caller++) {
    const size = reader.leb()
    const end = reader.at + size
    for (let groups = reader.leb(); groups > 0; groups--) {
      reader.leb()
      reader.byte()
    }
    while (reader.at < end) {
      const offset = reader.at
      readInstruction(reader)
      if (reader.bytes[offset] === CALL)
        calls.push({ offset, caller, callee: new Reader(reader.bytes, offset + 1).leb() })
    }
  }
}

function readNames(reader: Reader, end: number, names: Map<number, string>): void {
  while (reader.at < end) {
    const kind = reader.byte()
    const next = reader.leb() + reader.at
    if (kind === 1) for (let count = reader.leb(); count > 0; count--) names.set(reader.leb(), reader.text())
    reader.at = next
  }
}
