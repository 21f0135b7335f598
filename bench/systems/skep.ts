// skep as a system: a machine with one worker CPU on the real clock.
import { boot, type LoadedObject, type Machine, type ThreadOptions } from '../../src/index.js'
import { REPOSITORY } from '../../test/kernel/oracle.js'
import type { Loaded, System } from './system.js'

export interface Skep extends System {
  readonly machine: Machine
}

export async function skepSystem(options: ThreadOptions = { cpus: 1, timers: 20_000 }): Promise<Skep> {
  const machine = await boot(options)
  return {
    name: 'skep',
    machine,
    load: async (object) => loadedObject(await machine.load(`${REPOSITORY}${object}`)),
    close: () => machine.close(),
  }
}

export function loadedObject(object: LoadedObject<'promised'>): Loaded {
  return {
    run: async (program, data) => (await object.programs[program]!.run({ data })).data ?? data,
    repeat: async (program, data, repeat) => (await object.programs[program]!.run({ data, repeat })).duration,
    drain: async (map) => (await object.maps[map]!.drain()).length,
    variable: (name) => object.variables[name]!.getBytes(),
    close: () => object.close(),
  }
}
