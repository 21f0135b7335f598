// Objects of this repository for the tests of the load-time checks.
import { readdirSync, readFileSync } from 'node:fs'
import { parseObject } from '../../src/object/read.js'
import type { ObjectSpec } from '../../src/object/spec.js'

export const ROOT = new URL('../../../', import.meta.url)

export function readSpec(path: string): ObjectSpec {
  return parseObject(new Uint8Array(readFileSync(new URL(path, ROOT))), path)
}

/** The object with one of its programs only. */
export function only(spec: ObjectSpec, program: string): ObjectSpec {
  const found = spec.programs.get(program)
  if (!found) throw new Error(`no program ${program} in ${spec.name}`)
  return { ...spec, programs: new Map([[program, found]]) }
}

/** Paths of all objects below a folder. */
export function objectsIn(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}${entry.name}`
      if (entry.isDirectory()) return objectsIn(`${path}/`)
      return path.endsWith('.bpf.o') ? [path] : []
    })
    .sort()
}
