// Programs, functions, their relocations and C lines in every form that clang writes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { GOOD, get, readFixture } from './fixture.js'

test('programs get type, attach point and sleepability from their section', () => {
  const { programs } = readFixture('calls')
  const of = (name: string) => {
    const { type, attachType, attachTo, sleepable } = get(programs, name)
    return [type, attachType, attachTo, sleepable]
  }
  assert.deepEqual(of('first'), ['sched_cls', undefined, undefined, false])
  assert.deepEqual(of('p_classifier'), ['sched_cls', undefined, 'one', false])
  assert.deepEqual(of('p_action'), ['sched_act', undefined, undefined, false])
  assert.deepEqual(of('p_tcx'), ['sched_cls', 'tcx_ingress', 'ingress', false])
  assert.deepEqual(of('p_xdp'), ['xdp', 'xdp', 'eth0', false])
  assert.deepEqual(of('p_frags'), ['xdp', 'xdp', undefined, false])
  assert.deepEqual(of('p_socket'), ['socket_filter', undefined, undefined, false])
  assert.deepEqual(of('p_syscall'), ['syscall', undefined, undefined, true])
  assert.deepEqual(of('p_raw_tp'), ['raw_tracepoint', undefined, 'sys_enter', false])
  assert.deepEqual(of('p_raw_tracepoint'), ['raw_tracepoint', undefined, 'sys_exit', false])
  assert.deepEqual(of('p_tp_btf'), ['tracing', 'trace_raw_tp', 'sched_switch', false])
  assert.deepEqual(of('p_fentry'), ['tracing', 'trace_fentry', 'do_unlinkat', false])
  assert.deepEqual(of('p_fexit'), ['tracing', 'trace_fexit', 'do_unlinkat', true])
  assert.deepEqual(of('p_tp'), ['tracepoint', undefined, 'syscalls/sys_enter_write', false])
  assert.deepEqual(of('p_kprobe'), ['kprobe', undefined, 'do_unlinkat', false])
  assert.deepEqual(of('p_uprobe'), ['kprobe', undefined, '/bin/sh:main', true])
  assert.deepEqual(of('p_perf'), ['perf_event', undefined, undefined, false])
})

for (const object of ['calls', 'calls.c14', 'calls.v1', 'calls.sections'])
  test(`calls and callbacks name their functions, with and without relocation (${object})`, () => {
    const { functions, unsupported } = readFixture(object)
    assert.deepEqual(unsupported, [])
    const targets = (name: string) =>
      get(functions, name).relocations.flatMap((relocation) =>
        relocation.kind === 'call' || relocation.kind === 'function-pointer'
          ? [`${relocation.kind} ${relocation.function}`]
          : [],
      )
    assert.deepEqual(targets('global_sum'), ['call square', 'call cube'])
    assert.deepEqual(targets('cube'), ['call square'])
    assert.deepEqual(targets('each_step'), ['call cube'])
    assert.deepEqual(targets('second'), ['call square', 'call cube'])
    assert.deepEqual(targets('first'), ['function-pointer each_step', 'function-pointer each_other', 'call global_sum'])
    assert.equal(get(functions, 'square').isStatic, true)
    assert.equal(get(functions, 'global_sum').isStatic, false)
  })

test('kfuncs are externs by name, and a weak one may be asked for', () => {
  const { relocations } = get(readFixture('calls').functions, 'third')
  assert.deepEqual(
    relocations.map(({ instruction: _, ...relocation }) => relocation),
    [
      { kind: 'kfunc', name: 'bpf_rcu_read_lock', weak: false },
      { kind: 'extern', name: 'bpf_missing_kfunc', weak: true },
      { kind: 'kfunc', name: 'bpf_missing_kfunc', weak: true },
      { kind: 'kfunc', name: 'bpf_rcu_read_unlock', weak: false },
    ],
  )
})

test('a program that static code calls is a function, one without BTF too', () => {
  const spec = readFixture('calls.nobtf')
  assert.equal(spec.btf, undefined)
  assert.equal(spec.functions.size, readFixture('calls').functions.size)
  assert.deepEqual(get(spec.functions, 'first').lines, [])
  const { type, section, size } = get(spec.variables, 'sink')
  assert.deepEqual([type, section, size], [0, '.bss', 8])
})

for (const object of GOOD)
  test(`every function ends where its code does, and its C lines and relocations lie inside (${object})`, () => {
    const { functions, unsupported } = readFixture(object)
    assert.deepEqual(unsupported, [])
    for (const { name, code, lines, relocations, btfId } of functions.values()) {
      const count = code.length / 8
      assert.ok(Number.isInteger(count) && count > 0, name)
      assert.ok(btfId > 0 && lines.length > 0, name)
      assert.equal(lines[0]?.instruction, 0, name)
      for (const list of [lines, relocations])
        list.forEach(({ instruction }, index) => {
          assert.ok(instruction < count, name)
          assert.ok(instruction >= (list[index - 1]?.instruction ?? 0), name)
        })
      for (const { file, line, text } of lines) {
        assert.match(file, /test\/fixtures\/[a-z-]+\.bpf\.c$|skep\.bpf\.h$/)
        assert.ok(line > 0 && text.length > 0, name)
      }
    }
  })

test('a C line says where an instruction comes from', () => {
  const { lines } = get(readFixture('calls').functions, 'square')
  assert.equal(lines[0]?.text, 'static __noinline __u64 square(__u64 x) { return x * x + sink; }')
})

test('maps and data are relocated by name and offset', () => {
  const spec = readFixture('types')
  const { relocations } = get(spec.functions, 'touch')
  const maps = relocations.flatMap((relocation) => (relocation.kind === 'map' ? [relocation.map] : []))
  assert.deepEqual(maps, ['values', 'sized'])
  const variables = relocations.flatMap((relocation) => {
    if (relocation.kind !== 'map-value') return []
    const found = [...spec.variables.values()].find(
      ({ map, offset }) => map === relocation.map && offset === relocation.offset,
    )
    return [found?.name ?? `${relocation.map}+${relocation.offset}`]
  })
  for (const name of ['counter', 'zero_counter', 'hidden_counter', 'at_start', 'second', 'table', 'private_word'])
    assert.ok(variables.includes(name), `${name} is not in ${variables.join(', ')}`)
})

test('maps of maps and program arrays know what they hold at first', () => {
  const { maps } = readFixture('initial-maps')
  const outer = get(maps, 'outer')
  assert.deepEqual(
    [...(outer.initial ?? [])],
    [
      [0, 'inner_a'],
      [3, 'inner_b'],
    ],
  )
  assert.deepEqual([outer.inner?.type, outer.inner?.maxEntries, outer.inner?.valueSize], [2, 8, 8])
  assert.deepEqual([...(get(maps, 'programs').initial ?? [])], [[1, 'callee']])
})

test('initial values of a map whose keys are no numbers of four bytes are refused with their place', () => {
  assert.throws(() => readFixture('narrow-keys'), {
    code: 'BAD_OBJECT',
    message:
      /section '\.maps', offset 0x[0-9a-f]+.*map 'tenants': values are numbered; expected keys of 4 bytes, found 2/,
  })
})

for (const engine of ['jit', 'interp'] as const)
  test(`a call of a label inside of a function begins a subprogram there (${engine})`, () => {
    using machine = boot.virtual()
    const spec = readFixture('inner-calls')
    assert.deepEqual([...spec.functions.keys()].sort(), ['in_text', 'inner', 'inner+4'])
    assert.equal(machine.load(spec, { engine }).programs['inner']!.run({ ctx: new Uint8Array(8) }).retval, 42)
  })
