import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skep, succeeding } from './skep.js'

const FLOW = 'examples/flow-timeout/flow-timeout.bpf.o'
const WORK = 'examples/deferred-work/deferred-work.bpf.o'

test('inspect says where timers sit, who initialises them and what they call', async () => {
  const text = await succeeding(['inspect', FLOW])
  assert.match(text, /on_packet +xdp +\d+ instructions +SEC\("xdp"\)/)
  assert.match(text, /flows +hash, 4096 entries +struct flow_key \(40 bytes\) → struct flow \(48 bytes\)/)
  assert.match(text, /32 +idle +struct bpf_timer +← timer at byte 32/)
  assert.match(text, /flows\.idle +bpf_timer +at byte 32 .* in on_packet \(flow-timeout\.bpf\.c:\d+\) +calls on_idle/)
  assert.match(text, /idle_timeout_ns +const volatile __u64 +30000000000 +\.rodata/)
  assert.match(text, /bpf_timer_start#171 +in on_idle, on_packet/)
})

test('inspect shows code under the C lines that it was made from, with names', async () => {
  const text = await succeeding(['inspect', '--prog', 'on_idle', FLOW])
  assert.match(
    text,
    /; __s64 idle = bpf_ktime_get_ns\(\) - flow->last_seen; @ flow-timeout\.bpf\.c:\d+\n +\d+ +call bpf_ktime_get_ns#5/,
  )
  assert.match(text, /r1 = &idle_timeout_ns/)
  assert.match(text, /if r0 != 0 goto \+\d+ +→ \d+/)
  assert.doesNotMatch(text, /on_packet/)
})

test('inspect names kfuncs and the callbacks of work', async () => {
  const text = await succeeding(['inspect', '--summary', WORK])
  assert.match(text, /sources\.work +bpf_wq +at byte 0 .* calls count_ports/)
  assert.match(text, /bpf_wq_start +in on_packet/)
  assert.doesNotMatch(text, /exit/)
})

test('inspect says of a map without keys what it holds', async () => {
  const text = await succeeding(['inspect', '--summary', 'test/programs/scheduler.bpf.o'])
  assert.match(text, /urgent +queue, 64 entries +of struct task \(8 bytes\)/)
})

test('inspect reads what the machine cannot run, and says so', async () => {
  const text = await succeeding(['inspect', '-s', 'test/fixtures/unsupported.bpf.o'])
  assert.match(text, /Not supported\n/)
  assert.match(text, /bpf_task_work/)
  assert.match(text, /map 'odd_type': map type 99/)
})

test('inspect shows legacy packet loads, and code of a kind that does not run here, and says so', async () => {
  const text = await succeeding(['inspect', 'test/fixtures/unsupported-code.bpf.o'])
  assert.match(text, /r0 = \*\(u16 \*\)skb\[12\]/)
  assert.match(text, /r\d = addr_space_cast\(r\d, 0, 1\)/)
  assert.match(text, /function 'of_arena': addresses of an arena \(addr_space_cast\)/)
})

test('inspect --json keeps 64-bit values as text and lists what the text lists', async () => {
  const inspection = JSON.parse(await succeeding(['inspect', FLOW, '--json'])) as Record<string, never[]>
  assert.deepEqual(Object.keys(inspection), [
    'object',
    'license',
    'btf',
    'programs',
    'maps',
    'variables',
    'timersAndWork',
    'callbacks',
    'helpers',
    'kfuncs',
    'functions',
    'unsupported',
    'misuse',
  ])
  const [slot] = inspection['timersAndWork'] as unknown as Record<string, unknown>[]
  assert.equal(slot?.['map'], 'flows')
  assert.equal(slot?.['offset'], 32)
  assert.deepEqual(slot?.['callbacks'], ['on_idle'])
  const variables = inspection['variables'] as unknown as { name: string; value: unknown }[]
  assert.equal(variables.find(({ name }) => name === 'idle_timeout_ns')?.value, '30000000000')
})

test('colours are for terminals: none in a pipe, some when forced, none with NO_COLOR', async () => {
  const escape = '\u001b['
  assert.ok(!(await succeeding(['inspect', '-s', FLOW])).includes(escape))
  assert.ok((await succeeding(['inspect', '-s', FLOW], { env: { FORCE_COLOR: '1' } })).includes(escape))
  assert.ok(!(await succeeding(['inspect', '-s', FLOW], { env: { NO_COLOR: '1' } })).includes(escape))
})

test('a file that is no object is an error on stderr with exit code 1', async () => {
  for (const [file, message] of [
    ['nothing-here.bpf.o', /^skep: cannot read object file 'nothing-here\.bpf\.o'/],
    ['package.json', /^skep: .*package\.json/],
  ] as const) {
    const { code, stdout, stderr } = await skep(['inspect', file])
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n +at /)
  }
})

test('an unknown program is an error that lists what there is', async () => {
  const { code, stderr } = await skep(['inspect', FLOW, '--prog', 'nobody'])
  assert.equal(code, 1)
  assert.match(stderr, /has no program or function 'nobody'; it has on_idle, on_packet/)
})

test('wrong usage has exit code 2', async () => {
  for (const args of [[], ['inspect'], ['inspect', FLOW, '--colour'], ['fly'], ['inspect', FLOW, 'another.o']]) {
    const { code, stderr } = await skep(args)
    assert.equal(code, 2, args.join(' '))
    assert.notEqual(stderr, '')
  }
})

test('help and version go to the standard output with exit code 0', async () => {
  for (const args of [['--help'], ['inspect', '--help']]) assert.match(await succeeding(args), /Examples:/)
  assert.match(await succeeding(['--version']), /^\d+\.\d+\.\d+\n$/)
})
