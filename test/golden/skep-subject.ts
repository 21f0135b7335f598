// skep in the role of a subject for the cases. On a virtual machine time passes when a case says so; on one with worker
// threads it passes by itself, and every operation runs on another thread than the one that asks for it.
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { boot, readObject, SkepError, type Machine, type VirtualMachine } from '../../src/index.js'
import type { Subject } from './timer-object.js'

const FOLDER = fileURLToPath(new URL('../../../test/golden/', import.meta.url))
const FLAGS = ['any', 'noexist', 'exist'] as const

let pins = 0

/** Loads the object into a virtual machine of its own. */
export async function skepSubject(name: string): Promise<Subject> {
  const machine = boot.virtual({ cpus: 2, memory: '8 MiB' })
  const wait = async (milliseconds: number) => void machine.clock.advance(`${milliseconds} ms`)
  const subject = await subjectOn(machine, name, { realTime: false, wait })
  return { ...subject, close: async () => machine.close() }
}

/** Loads the object into a machine with worker threads, which others may use at the same time. */
export function threadSubject(machine: Machine, name: string): Promise<Subject> {
  return subjectOn(machine, name, { realTime: true, wait: (milliseconds) => sleep(milliseconds) })
}

async function subjectOn(
  machine: VirtualMachine | Machine,
  name: string,
  time: Pick<Subject, 'realTime' | 'wait'>,
): Promise<Subject> {
  const spec = await readObject(`${FOLDER}${name}`)
  const object = await machine.load(spec)
  // Handles of our own: they outlive the object's where a case closes that.
  const data = await machine.map(object.maps['.bss']!.id)
  const maps = new Map(Object.values(object.maps).map((map) => [map.name, map]))
  const mapOf = (kind: string) => maps.get(kind)!
  const pin = `case ${pins++}`
  let cpu = 0
  return {
    ...time,
    onCpu: async (index) => void (cpu = index),
    run: async (kind, command) => (await object.programs[`op_${kind}`]!.run({ data: command, cpu })).data!,
    userUpdate: (kind, key, value, flags) => result(async () => mapOf(kind).set(key, value, FLAGS[flags])),
    userDelete: async (kind, key) => {
      let found = true
      const deleted = await result(async () => (found = await mapOf(kind).delete(key)))
      return found ? deleted : -constants.errno.ENOENT
    },
    userGet: async (kind, key) => (await mapOf(kind).getBytes(key)) ?? -constants.errno.ENOENT,
    userTake: async (kind, key) => {
      let taken: Uint8Array | undefined
      const failed = await result(async () => (taken = await mapOf(kind).lookupAndDeleteBytes(key)))
      return taken ?? (failed || -constants.errno.ENOENT)
    },
    variable: async (variable) => {
      const { offset, size } = spec.variables.get(variable)!
      return (await data.getBytes(0))!.slice(offset, offset + size)
    },
    closeMap: async (kind) => mapOf(kind).close(),
    reopenMap: async (kind) => void maps.set(kind, await machine.map(mapOf(kind).id)),
    pinMap: async (kind) => mapOf(kind).pin(`${pin} ${kind}`),
    unpinMap: async (kind) => machine.unpin(`${pin} ${kind}`),
    closePrograms: async () => {
      for (const map of [...maps.values()]) maps.set(map.name, await machine.map(map.id))
      await object.close()
    },
    close: async () => {
      for (const name of machine.pins.filter((name) => name.startsWith(`${pin} `))) await machine.unpin(name)
      await Promise.all([data, ...maps.values()].map((map) => map.close()))
      await object.close()
    },
  }
}

/** 0, or the errno that the error's code names, negated. */
async function result(call: () => Promise<unknown>): Promise<number> {
  try {
    await call()
    return 0
  } catch (error) {
    const errno = error instanceof SkepError && constants.errno[error.code as keyof typeof constants.errno]
    if (!errno) throw error
    return -errno
  }
}
