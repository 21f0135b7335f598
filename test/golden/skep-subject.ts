// skep in the role of a subject for the cases: a virtual machine with two CPUs, where time passes when a case says so.
import { fileURLToPath } from 'node:url'
import { constants } from 'node:os'
import { boot, readObject, SkepError } from '../../src/index.js'
import type { Subject } from './timer-object.js'

const FOLDER = fileURLToPath(new URL('../../../test/golden/', import.meta.url))
const FLAGS = ['any', 'noexist', 'exist'] as const

/** Loads the object into a machine of its own. */
export async function skepSubject(name: string): Promise<Subject> {
  const machine = boot.virtual({ cpus: 2, memory: '8 MiB' })
  const spec = await readObject(`${FOLDER}${name}`)
  const object = machine.load(spec)
  // Handles of our own: they outlive the object's where a case closes that.
  const data = machine.map(object.maps['.bss']!.id)
  const maps = new Map(Object.values(object.maps).map((map) => [map.name, map]))
  const mapOf = (kind: string) => maps.get(kind)!
  let cpu = 0
  return {
    realTime: false,
    onCpu: async (index) => void (cpu = index),
    run: async (kind, command) => object.programs[`op_${kind}`]!.run({ data: command, cpu }).data!,
    userUpdate: async (kind, key, value, flags) => result(() => mapOf(kind).set(key, value, FLAGS[flags])),
    userDelete: async (kind, key) => {
      let found = true
      const deleted = result(() => (found = mapOf(kind).delete(key)))
      return found ? deleted : -constants.errno.ENOENT
    },
    userGet: async (kind, key) => mapOf(kind).getBytes(key) ?? -constants.errno.ENOENT,
    userTake: () => Promise.reject(new Error('not offered')),
    wait: async (milliseconds) => void machine.clock.advance(`${milliseconds} ms`),
    variable: async (variable) => {
      const { offset, size } = spec.variables.get(variable)!
      return data.getBytes(0)!.slice(offset, offset + size)
    },
    closeMap: async (kind) => mapOf(kind).close(),
    reopenMap: async (kind) => void maps.set(kind, machine.map(mapOf(kind).id)),
    pinMap: async (kind) => mapOf(kind).pin(kind),
    unpinMap: async (kind) => machine.unpin(kind),
    closePrograms: async () => {
      for (const map of [...maps.values()]) maps.set(map.name, machine.map(map.id))
      object.close()
    },
    close: async () => machine.close(),
  }
}

/** 0, or the errno that the error's code names, negated. */
function result(call: () => unknown): number {
  try {
    call()
    return 0
  } catch (error) {
    const errno = error instanceof SkepError && constants.errno[error.code as keyof typeof constants.errno]
    if (!errno) throw error
    return -errno
  }
}
