// The kernel's answers to the steps on maps of devices, CPUs and sockets (test/map/target-cases.ts).
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { errnoName } from '../../src/machine/errno.js'
import {
  hasProgram,
  TARGETS,
  targetRequest,
  targetSteps,
  type TargetAnswer,
  type TargetMap,
  type TargetStep,
} from '../map/target-cases.js'
import type { Kernel } from './oracle.js'

const words = (...numbers: number[]): Uint8Array => new Uint8Array(Int32Array.from(numbers).buffer)
const numbers = (bytes: Uint8Array): number[] => [...new Int32Array(bytes.slice().buffer)]
const named = (result: number): string => (result === 0 ? '' : errnoName(result))
const bytesOf = (map: TargetMap, [target, program]: readonly [number, number]): Uint8Array =>
  hasProgram(map) ? words(target, program) : words(target)

async function answerOf(kernel: Kernel, step: TargetStep): Promise<TargetAnswer> {
  switch (step[0]) {
    case 'set':
      return named(await kernel.set(step[1], words(step[2]), bytesOf(step[1], step[3]), step[4]))
    case 'delete':
      return named(await kernel.delete(step[1], words(step[2])))
    case 'run': {
      const { retval } = await kernel.run('redirect', { data: targetRequest(step[1], step[2], step[3]) })
      return [numbers(await kernel.variable('found'))[0]!, retval]
    }
    default: {
      const key = step[2] === undefined ? new Uint8Array() : words(step[2])
      const found = await kernel.get(step[1], key, step[0])
      return typeof found === 'number' ? named(found) : numbers(found)
    }
  }
}

/** In order. */
export async function kernelAnswers(kernel: Kernel): Promise<TargetAnswer[]> {
  const loaded = await kernel.load(fileURLToPath(TARGETS))
  assert.equal(loaded.result, 0, loaded.log)
  const answers: TargetAnswer[] = []
  for (const step of targetSteps) answers.push(await answerOf(kernel, step))
  return answers
}
