// Everything that is not supported is named, all of it in one error.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SkepError } from '../../src/error.js'
import { assertSupported, findUnsupported } from '../../src/object/check.js'
import { GOOD, readFixture } from './fixture.js'

test('everything unsupported in an object is named in one error', () => {
  const spec = readFixture('unsupported')
  const supported = {
    helpers: new Set([1, 2, 3]),
    helperNames: new Map([[4711, 'bpf_no_such_helper']]),
    kfuncs: new Set(['bpf_wq_init']),
    mapTypes: new Set([1, 2, 99]),
  }
  const error = (() => {
    try {
      assertSupported(spec, supported)
    } catch (caught) {
      return caught
    }
    return undefined
  })()
  assert.ok(error instanceof SkepError)
  assert.equal(error.code, 'UNSUPPORTED')
  const expected = [
    "section '.struct_ops': struct_ops",
    'section \'maps\': legacy map definitions; define maps by BTF, struct { __uint(type, …); … } name SEC(".maps"), as libbpf since 1.0 requires',
    "map 'odd_map': bpf_refcount in the value",
    "map 'odd_map': bpf_rb_root in the value",
    "map 'odd_map': bpf_list_head in the value",
    "map 'odd_map': bpf_res_spin_lock in the value",
    "map 'odd_map': bpf_task_work in the value",
    "map 'odd_map': kptr in the value",
    "map 'odd_attributes': attribute 'map_extra'",
    "map 'odd_attributes': attribute 'colour'",
    "map 'odd_type': map type 99, which no kernel knows",
    "map 'trie': map type lpm_trie",
    "section '.data': the address of 'target' as initial value",
    "section 'tc': static function 'static_program' (a program has to be global)",
    "section 'lsm/file_open': program type lsm",
    "section 'sk_lookup': program type sk_lookup",
    "section 'struct_ops/init': program type struct_ops",
    "section 'my_own_section': unknown program section (libbpf knows xdp, tc, socket, syscall, tp/…, kprobe/…, fentry/… and others)",
    "extern 'runqueues' (a symbol of the kernel, which is not here)",
    "function 'not_linked' is called but not defined (and is no __ksym)",
    "function 'uses': helper bpf_no_such_helper (4711)",
    "function 'uses': kfunc bpf_no_such_kfunc",
  ]
  assert.deepEqual([...(error.details.items ?? [])].sort(), [...expected].sort())
  for (const line of expected) assert.ok(error.message.includes(line), line)
})

test('a helper that is not supported is named as the kernel names it', () => {
  const lines = findUnsupported(readFixture('types'), { helpers: new Set([1]) })
  assert.deepEqual(lines, ["function 'touch': helper bpf_trace_printk (6)"])
})

test('instructions that do not run here are named with all else', () => {
  const spec = readFixture('unsupported-code')
  assert.deepEqual(findUnsupported(spec, { helpers: new Set() }), [
    "function 'filter': helper bpf_get_smp_processor_id (8)",
    "function 'of_arena': addresses of an arena (addr_space_cast)",
  ])
})

test('program types are checked against what the caller runs', () => {
  const lines = findUnsupported(readFixture('calls'), { programTypes: new Set(['sched_cls', 'xdp']) })
  assert.ok(lines.includes("section 'perf_event': program type perf_event"))
  assert.ok(!lines.some((line) => line.includes('xdp')))
})

test('an unknown kfunc is no error when it is weak', () => {
  const kfuncs = new Set(['bpf_rcu_read_lock', 'bpf_rcu_read_unlock'])
  assert.deepEqual(findUnsupported(readFixture('calls'), { kfuncs }), [])
  assert.deepEqual(findUnsupported(readFixture('calls'), { kfuncs: new Set(['bpf_rcu_read_lock']) }), [
    "function 'third': kfunc bpf_rcu_read_unlock",
  ])
})

for (const object of GOOD)
  test(`what is supported is not complained about (${object})`, () => {
    assert.deepEqual(findUnsupported(readFixture(object)), [])
  })

test('a CO-RE relocation against a type that is not the one compiled is named', () => {
  const spec = readFixture('core-relocations.flavour')
  assert.deepEqual(spec.unsupported, [
    "function 'use', instruction 1: CO-RE relocation <byte_off> [15] struct task___old.state (0:1 @ offset 4): it asks about another kernel's types, and none are given (btf, --btf)",
  ])
})
