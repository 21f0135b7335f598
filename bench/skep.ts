// skep as a subject: a machine with one worker CPU on the real clock.
import { boot } from '../src/index.js'
import { REPOSITORY } from '../test/kernel/oracle.js'
import type { Subject } from './subject.js'

export async function skepSubject(): Promise<Subject> {
  const machine = await boot({ cpus: 1, timers: 20_000 })
  return {
    name: 'skep',
    async load(object) {
      const loaded = await machine.load(`${REPOSITORY}${object}`)
      return {
        run: async (program, data) => (await loaded.programs[program]!.run({ data })).data ?? data,
        repeat: async (program, data, repeat) => (await loaded.programs[program]!.run({ data, repeat })).duration,
        variable: (name) => loaded.variables[name]!.getBytes(),
        close: () => loaded.close(),
      }
    },
    async boot() {
      const begin = performance.now()
      const another = await boot({ cpus: 2 })
      const time = performance.now() - begin
      await another.close()
      return time
    },
    close: () => machine.close(),
  }
}
