// Core, reader and compiler in the role of a subject for the cases: two CPUs, time passes when a case says so.
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { BareMachine } from './bare-machine.js'
import { VALUE_BYTES, type Subject } from './timer-object.js'

const FOLDER = fileURLToPath(new URL('../../../test/golden/', import.meta.url))

/** Loads the object into a machine of its own. */
export async function bareSubject(name: string): Promise<Subject> {
  const machine = new BareMachine(2)
  const { core } = machine
  const { spec, maps, programs } = await machine.load(`${FOLDER}${name}`)
  const keyAt = (key: number) => {
    machine.write(machine.staging, new Uint8Array(new Uint32Array([key]).buffer))
    return machine.staging
  }
  let cpu = 0
  return {
    realTime: false,
    onCpu: async (index) => void (cpu = index),
    run: async (kind, command) => machine.run(programs.get(`op_${kind}`)!, command, cpu),
    userUpdate: async (kind, key, value, flags) => {
      machine.write(machine.staging + 8, value)
      return core.map_update(maps.get(kind)!, keyAt(key), machine.staging + 8, flags)
    },
    userDelete: async (kind, key) => core.map_delete(maps.get(kind)!, keyAt(key)),
    userGet: async (kind, key) => {
      const value = core.map_lookup(maps.get(kind)!, keyAt(key))
      return value === 0 ? -constants.errno.ENOENT : machine.read(value, VALUE_BYTES)
    },
    userTake: () => Promise.reject(new Error('not offered')),
    wait: async (milliseconds) => machine.advance(milliseconds * 1e6),
    variable: async (variable) => {
      const { map, offset, size } = spec.variables.get(variable)!
      return machine.read((core.map_element_value(maps.get(map)!, 0) >>> 0) + offset, size)
    },
    closeMap: async (kind) => core.map_user_put(maps.get(kind)!),
    reopenMap: async (kind) => core.map_user_get(maps.get(kind)!),
    closePrograms: async () => programs.forEach((program) => core.program_put(program)),
    close: async () => {},
  }
}
