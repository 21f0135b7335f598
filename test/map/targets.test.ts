// Maps of devices, CPUs and sockets on both engines: the answers of Linux to every step, and what a run's answer says
// of where the packet goes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boot, SkepError, type LoadedObject, type Redirect } from '../../src/index.js'
import { coded } from '../machine/probes.js'
import {
  hasProgram,
  targetAnswers,
  targetRequest,
  targetSteps,
  targetsObject,
  type Target,
  type TargetAnswer,
  type TargetMap,
  type TargetStep,
} from './target-cases.js'

const FLAGS = ['any', 'noexist', 'exist'] as const
const valueOf = (map: TargetMap, [target, program]: Target): unknown => (hasProgram(map) ? { target, program } : target)

function wordsOf(value: unknown): number[] {
  return typeof value === 'number' ? [value] : Object.values(value as { target: number; program: number })
}

function answerOf({ maps, programs, variables }: LoadedObject, step: TargetStep): TargetAnswer {
  const map = maps[step[1]]!
  const found = (value: unknown): TargetAnswer => (value === undefined ? 'ENOENT' : wordsOf(value))
  try {
    switch (step[0]) {
      case 'set':
        map.set(step[2], valueOf(step[1], step[3]), FLAGS[step[4]])
        return ''
      case 'delete':
        return map.delete(step[2]) ? '' : 'ENOENT'
      case 'get':
        return found(map.get(step[2]))
      case 'take':
        return found(map.lookupAndDelete(step[2]))
      case 'next':
        return found(map.nextKey(step[2]))
      case 'run': {
        const { retval } = programs['redirect']!.run({ data: targetRequest(step[1], step[2], step[3]) })
        return [Number(variables['found']!.get()) | 0, retval]
      }
    }
  } catch (error) {
    if (error instanceof SkepError) return error.code
    throw error
  }
}

for (const engine of ['jit', 'interp'] as const)
  describe(`maps of targets on ${engine}`, () => {
    const loaded = (): LoadedObject => boot.virtual({ memory: '4 MiB' }).load(targetsObject, { engine })
    const sent = ({ programs }: LoadedObject, map: TargetMap, key: number, flags = 0): Redirect | undefined =>
      programs['redirect']!.run({ data: targetRequest(map, key, flags) }).redirect

    test('every step is answered as by Linux', () => {
      const object = loaded()
      const recorded = targetAnswers()
      targetSteps.forEach((step, index) =>
        assert.deepEqual(answerOf(object, step), recorded[index], `${index}: ${String(step)}`),
      )
    })

    test('the answer of a run has the map, the key and the interface', () => {
      const object = loaded()
      object.maps['devices']!.set(2, { target: 7, program: 0 })
      object.maps['device_hash']!.set(900, { target: 8, program: 33 })
      const helper = 'bpf_redirect_map'
      assert.deepEqual(sent(object, 'devices', 2, 1), { helper, ifindex: 7, flags: 1, map: 'devices', key: 2 })
      assert.deepEqual(sent(object, 'device_hash', 900), { helper, ifindex: 8, flags: 0, map: 'device_hash', key: 900, program: 33 }) // prettier-ignore
      assert.equal(sent(object, 'devices', 1, 2), undefined)
    })

    test('a CPU or a socket is named as such', () => {
      const object = loaded()
      object.maps['cpus']!.set(1, { target: 64, program: 0 })
      object.maps['sockets']!.set(3, 55)
      const helper = 'bpf_redirect_map'
      assert.deepEqual(sent(object, 'cpus', 1), { helper, cpu: 1, flags: 0, map: 'cpus', key: 1 })
      assert.deepEqual(sent(object, 'sockets', 3), { helper, socket: 55, flags: 0, map: 'sockets', key: 3 })
    })

    test('a broadcast names no interface', () => {
      const object = loaded()
      object.maps['devices']!.set(0, { target: 7, program: 5 })
      assert.deepEqual(sent(object, 'devices', 0, 24), {
        helper: 'bpf_redirect_map',
        flags: 24,
        map: 'devices',
        key: 0,
      })
    })

    test('a redirect that finds nothing takes an earlier one back', () => {
      const object = loaded()
      object.maps['devices']!.set(1, { target: 7, program: 0 })
      const twice = (): Redirect | undefined =>
        object.programs['redirect_twice']!.run({ data: targetRequest('devices', 0, 0) }).redirect
      assert.equal(twice(), undefined)
      object.maps['devices']!.set(3, { target: 9, program: 0 })
      assert.equal(twice()?.ifindex, 9)
    })

    test('a socket is there for programs and not for the reading host', () => {
      const object = loaded()
      const { sockets } = object.maps
      sockets!.set(0, 12, 'noexist')
      sockets!.set(0, 12, 'noexist')
      assert.throws(() => sockets!.set(0, 13, 'noexist'), coded('EEXIST'))
      assert.throws(() => sockets!.set(1, 13, 'exist'), coded('ENOENT'))
      assert.throws(() => sockets!.get(0), coded('EOPNOTSUPP'))
      sent(object, 'sockets', 0)
      assert.equal(Number(object.variables['found']!.get()), 1)
      assert.equal(sockets!.delete(0), true)
      assert.equal(sent(object, 'sockets', 0), undefined)
    })
  })
