// The programs of a family on this machine's own kernel.
import { fileURLToPath } from 'node:url'
import { readObject } from '../../src/index.js'
import type { Kernel } from '../kernel/oracle.js'
import { answer, casesOf, objectFile, type Answer, type Family } from './families.js'

/** As much of the verifier's log as a message has room for: its end. */
const LOG = 500

/** The kernel's answers by the case's name. Throws if it does not load the programs. */
export async function kernelAnswers(kernel: Kernel, family: Family): Promise<Map<string, Answer>> {
  const file = fileURLToPath(objectFile(family))
  const programs = [...(await readObject(file)).programs.values()].filter(({ name }) => !family.ours.includes(name))
  const answers = new Map<string, Answer>()
  for (const { name, program, data, ctx } of casesOf(family, programs)) {
    const { result, log, library } = await kernel.load(file, program)
    if (result !== 0)
      throw new Error(`the kernel does not load ${program}: errno ${-result}\n${library}${log.slice(-LOG)}`)
    const run = await kernel.run(program, { ...(data && { data }), ...(ctx && { context: ctx }) })
    const out = await kernel.variable('out')
    const text = await kernel.variable('text')
    answers.set(name, answer({ retval: run.retval, data: data && run.data, ctx: ctx && run.context, out, text }))
  }
  await kernel.ask('unload')
  return answers
}
