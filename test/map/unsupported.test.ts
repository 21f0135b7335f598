// Map types that this machine does not have are refused by name, with everything else, before anything exists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, SkepError } from '../../src/index.js'
import { MAP_TYPE_NAMES } from '../../src/object/map-types.js'
import { parseObject } from '../../src/object/read.js'
import { mapTypes } from '../../src/machine/map/types.js'
import { perfObject } from './perf-cases.js'

test('one refusal names every map type that is missing, and every helper', () => {
  const spec = parseObject(perfObject, 'all')
  const events = spec.maps.get('events')!
  const missing = MAP_TYPE_NAMES.flatMap((name, type) => (type > 0 && !mapTypes.has(type) ? [{ name, type }] : []))
  for (const { name, type } of missing) spec.maps.set(`of_${name}`, { ...events, name: `of_${name}`, type })
  const put = spec.functions.get('put_traced')!
  const view = new DataView(put.code.buffer, put.code.byteOffset, put.code.byteLength)
  const call = [...put.code.keys()].find((at) => at % 8 === 0 && put.code[at] === 0x85)!
  // bpf_cgrp_storage_get in place of bpf_perf_event_output.
  view.setInt32(call + 4, 210, true)
  using machine = boot.virtual()
  let items: readonly string[] = []
  assert.throws(
    () => machine.load(spec),
    (error) => {
      items = error instanceof SkepError && error.code === 'UNSUPPORTED' ? (error.details['items'] as string[]) : []
      return true
    },
  )
  for (const name of ['cgroup_storage', 'sk_storage', 'sockmap', 'arena'])
    assert.ok(items.includes(`map 'of_${name}': map type ${name}`), name)
  assert.equal(items.length, missing.length + 1)
  assert.ok(
    items.some((item) => /helper \S*cgrp_storage_get \(210\)/.test(item)),
    items.join('\n'),
  )
})

test('the refusal of one program says which others can be loaded without it', () => {
  const spec = parseObject(perfObject, 'some')
  const put = spec.functions.get('put_traced')!
  const view = new DataView(put.code.buffer, put.code.byteOffset, put.code.byteLength)
  const call = [...put.code.keys()].find((at) => at % 8 === 0 && put.code[at] === 0x85)!
  view.setInt32(call + 4, 210, true)
  using machine = boot.virtual({ memory: '8 MiB' })
  const programs = [...spec.programs.keys()].filter((name) => name !== 'put_traced')
  assert.throws(
    () => machine.load(spec),
    (error) => error instanceof SkepError && error.message.endsWith(`(option programs): ${programs.join(', ')}`),
  )
  assert.deepEqual(Object.keys(machine.load(spec, { programs }).programs), programs)
})
