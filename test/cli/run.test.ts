import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skep, succeeding } from './skep.js'

const FLOW = 'examples/flow-timeout/flow-timeout.bpf.o'
const CAPTURE = 'examples/flow-timeout/capture.pcap'
const LIMITER = 'examples/rate-limiter/rate-limiter.bpf.o'
const WORK = 'examples/deferred-work/deferred-work.bpf.o'
const PROBES = 'test/machine/probes.bpf.o'
const SESSIONS = 'examples/shared-from-typescript/sessions.bpf.o'

test('a capture runs on the virtual clock: every packet at its time, every idle flow expires', async () => {
  const text = await succeeding(['run', FLOW, '--data', CAPTURE, '--timers'])
  assert.match(text, /Programs on examples\/flow-timeout\/capture\.pcap, 386 packets/)
  assert.match(text, /on_packet +386 runs +XDP_PASS/)
  assert.match(text, /flows +hash +0 of 4096/)
  const created = /flows_created +(\d+)/.exec(text)?.[1]
  assert.ok(Number(created) > 50)
  assert.match(text, new RegExp(`flows_expired +${created}\n`))
  assert.match(text, /virtual, 3 min 10 s since the start: nothing is armed any more/)
})

test('two runs of the same command print the same bytes', async () => {
  const args = ['run', FLOW, '--data', CAPTURE, '--trace', '--maps', '--cpus', '3', '--json']
  const [first, second] = await Promise.all([succeeding(args), succeeding(args)])
  assert.ok(first === second)
})

test('--for ends a virtual clock early: flows and their timers are still there', async () => {
  const text = await succeeding(['run', FLOW, '--for', '10s', '--maps', '--timers'])
  assert.match(
    text,
    /\{ saddr = 192\.0\.2\.1, daddr = 192\.0\.2\.2, sport = 1024, dport = 2048, protocol = 17 \} \{ packets = 1/,
  )
  assert.match(text, /flows\.idle +armed +in 20 s +on_idle +cpu 0 +0 runs/)
  assert.match(text, /10 s since the start: the time that --for gave is over/)
})

test('timers that arm themselves for ever are stopped, and the summary says so', async () => {
  const text = await succeeding(['run', LIMITER])
  assert.match(text, /start +1 run +0/)
  assert.match(text, /stopped: timers go on arming themselves/)
})

test('timers that are due again at once, for ever, are named as such, and the rest is still shown', async () => {
  const { code, stdout, stderr } = await skep(['run', PROBES, '-p', 'start_storm', '--ctx', '{}'])
  assert.equal(code, 1)
  assert.match(stderr, /fault: the machine does not come to rest at 3600000000000 ns/)
  assert.match(stdout, /start_storm +1 run +0/)
})

test('printed lines appear with time and CPU, values of per-CPU maps by CPU', async () => {
  assert.match(await succeeding(['run', PROBES, '-p', 'print']), /^ +0\.000000 +cpu 0 +one -1 two 00042 three beef\n/)
  const text = await succeeding(['run', PROBES, '-p', 'count', '--cpus', '2', '--cpu', '1', '--maps'])
  assert.match(text, /\[1\] cpu 0: 0 +cpu 1: 1/)
})

test('--trace shows a life from init to its end, --set changes .rodata before load', async () => {
  const text = await succeeding(['run', FLOW, '--trace', '--set', 'idle_timeout_ns=2000000000'])
  const words = text.split('\n').flatMap((line) => /cpu 0 +timer (\w+)/.exec(line)?.[1] ?? [])
  assert.deepEqual(words, ['init', 'set_callback', 'start', 'fire', 'free'])
  assert.match(text, /2\.000000 +cpu 0 +timer fire +on_idle +flows\.idle \{ saddr = 192\.0\.2\.1/)
})

test('--trace shows work', async () => {
  const text = await succeeding(['run', WORK, '--data', CAPTURE, '--trace'])
  assert.match(text, /wq fire +count_ports +sources\.work \[10\.0\.0\.10\]/)
})

test('--ctx is encoded by the struct of the program, and what the program left in it is shown', async () => {
  const text = await succeeding(['run', SESSIONS, '-p', 'touch', '--ctx', '{"user": 7, "bytes": 5}', '--repeat', '3'])
  assert.match(text, /touch +3 runs +0/)
  assert.match(text, /left ctx = \{ user = 7, bytes = 5, requests = 3 \}/)
})

test('--maps shows the records of a ring buffer, addresses and text as such, and no elements of an array that are 0', async () => {
  const ring = await succeeding(['run', 'test/programs/events.bpf.o', '-p', 'sample', '--maps'])
  assert.match(ring, /events +ringbuf +1 record\n +hex:02000000/)
  const typed = ['run', 'test/map/records.bpf.o', '-p', 'put', '--maps', '--record', 'mixed=closed', '--ctx']
  const records = await succeeding([...typed, 'hex:1800000000000000'])
  assert.match(
    records,
    /events .*\n +\{ time = 1099511627776, address = 10\.0\.0\.1, port = 443, first = true, name = "resolver" \}/,
  )
  assert.match(records, /mixed .*\n +\{ time = 1099511627776 \}/)
  assert.match(await succeeding([...typed, 'hex:0800000000000000']), /events .*\n +hex:0000000000010000\n/)
  const counters = await succeeding(['run', 'test/programs/latency.bpf.o', '--ctx', '[1, 1000, 2]', '--maps'])
  assert.match(counters, /histograms .*\n +\[2\] cpu 0: \{ slots = \[1, 0 × 31\] \}\n +the other 3: 0\n/)
  assert.doesNotMatch(counters, /left ctx/)
  const flows = await succeeding(['run', 'test/programs/conntrack.bpf.o', '--for', '0', '--maps'])
  assert.match(flows, /low = \{ address = \d+\.\d+\.\d+\.\d+, port = \d+ \}/)
  const variables = await succeeding(['run', 'test/programs/globals.bpf.o'])
  assert.match(variables, /last_name +"udp"/)
})

test('options stand before the object as well as behind it, and --prog takes one name, several, or is repeated', async () => {
  const ran = async (...args: string[]): Promise<string[]> =>
    [...(await succeeding(['run', ...args])).matchAll(/^ +(count|print|start_storm) +\d+ runs? /gm)].map(
      (row) => row[1]!,
    )
  assert.deepEqual(await ran('--prog', 'print', PROBES), ['print'])
  assert.deepEqual(await ran(PROBES, '-p', 'print,count'), ['print', 'count'])
  assert.deepEqual(await ran('-p', 'count', '-p', 'print', PROBES), ['count', 'print'])
})

test('--record names a ring or perf buffer and a struct of the object', async () => {
  for (const [record, message] of [
    ['mixd=closed', /--record mixd=closed: object 'records' has no ring or perf buffer 'mixd'/],
    ['mixed=clsed', /--record mixed=clsed: the BTF of object 'records' has no such struct/],
    ['mixed=', /--record mixed=: the BTF of object 'records' has no such struct/],
  ] as const) {
    const { code, stderr } = await skep(['run', 'test/map/records.bpf.o', '--record', record])
    assert.equal(code, 1)
    assert.match(stderr, message)
  }
})

test('perf event arrays have buffers from the start, and their records are counted and shown', async () => {
  const args = ['run', 'test/map/perf.bpf.o', '-p', 'put_traced', '--set', 'flags=4294967295']
  const record = 'hex:01000000000000000200000003000000'
  const text = await succeeding([...args, '--maps', '--repeat', '2'])
  assert.match(text, new RegExp(`events +perf_event_array +2 records\n +${record}\n +${record}\n`))
  assert.match(text, /result +0\n/)
  const { stdout } = await skep([...args, '--json', '--repeat', '3000', '--clock', 'real'])
  const { size, lost, records } = (
    JSON.parse(stdout) as { maps: Record<string, { size: number; lost: number; records: string[] }> }
  ).maps['events']!
  assert.equal(size + lost, 3000)
  assert.equal(records.length, size)
  assert.ok(lost > 0 && records.every((one) => one === record))
})

test('--json has every run, event and element; 64-bit numbers are text', async () => {
  const report = JSON.parse(await succeeding(['run', FLOW, '--data', CAPTURE, '--for', '1s', '--trace', '--json'])) as {
    runs: { program: string; packet: number; time: number; retvalName: string; data: string }[]
    lifecycle: { kind: string; callback?: string; nanoseconds?: string }[]
    maps: Record<string, { size: number; entries: { key: unknown; value: { packets: string } }[] }>
    timers: unknown[]
    ended: string
  }
  assert.equal(report.runs.length, 386)
  assert.equal(report.runs[385]?.retvalName, 'XDP_PASS')
  assert.match(report.runs[0]!.data, /^hex:[0-9a-f]+$/)
  assert.equal(report.ended, 'time')
  const { size, entries } = report.maps['flows']!
  assert.equal(entries.length, size)
  assert.equal(report.timers.length, size)
  assert.match(entries[0]!.value.packets, /^\d+$/)
  assert.ok(report.lifecycle.some(({ kind, callback }) => kind === 'fire' && callback === 'on_idle'))
  assert.equal(report.lifecycle.find(({ kind }) => kind === 'start')?.nanoseconds, '30000000000')
})

test('worker threads and the real clock: timers fire, and the command ends by itself', async () => {
  const text = await succeeding([
    ...['run', FLOW, '--clock', 'real', '--cpus', '2', '--data', CAPTURE, '--set', 'idle_timeout_ns=100000000'],
  ])
  assert.match(text, /386 runs +XDP_PASS/)
  assert.match(text, /flows +hash +0 of 4096/)
  assert.match(text, /real, .*: nothing is armed any more/)
})

test('Ctrl-C stops a run that would go on, with a summary', async () => {
  for (const clock of ['real', 'virtual']) {
    const { code, signal, stdout } = await skep(['run', LIMITER, '--clock', clock, '--for', '8000h', '--trace'], {
      meanwhile: (child, output) => {
        const timer = setInterval(() => {
          if (!output().includes('timer fire')) return
          clearInterval(timer)
          child.kill('SIGINT')
        }, 10)
        child.on('close', () => clearInterval(timer))
      },
    })
    assert.equal(signal, null)
    assert.equal(code, 130)
    assert.match(stdout, /interrupted\n/)
  }
})

test('a fault names its C line on stderr, the rest is still shown, and the exit code is 1', async () => {
  const { code, stdout, stderr } = await skep(['run', SESSIONS, '--prog', 'touch'])
  assert.equal(code, 1)
  assert.match(stderr, /fault: program 'touch', .*the null page\n.*sessions\.bpf\.c:\d+: __u64 user = request->user;/)
  assert.match(stderr, /was given no context: pass one with --ctx/)
  assert.match(stdout, /touch +0 runs +1 fault/)
})

test('what an object uses and the machine lacks is listed whole, by name', async () => {
  const { code, stdout, stderr } = await skep(['run', 'test/fixtures/unsupported.bpf.o'])
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /bpf_task_work/)
  assert.match(stderr, /program type lsm/)
})

test('wrong values: exit code 2 for options that no object could make right, 1 for those that this one refuses', async () => {
  const wrong: [string[], RegExp][] = [
    [['--cpus', '0'], /from 1 to/],
    [['--prog', 'touch,'], /a name, or names with commas/],
    [['--clock', 'lunar'], /virtual, real/],
    [['--for', 'soon'], /'soon' is invalid\. Expected a duration such as '5 min'[^;]*nanoseconds\.\n/],
    [['--set', 'nothing'], /NAME=VALUE/],
    [['--memory', 'lots'], /'lots' is invalid\. Expected a size/],
    [['--cpu', '1'], /--cpus is 1/],
  ]
  const refused: [string[], RegExp][] = [
    [['--prog', 'nobody'], /no program 'nobody'; it has on_packet/],
    [['--data', 'nowhere.pcap'], /cannot read 'nowhere\.pcap': no such file or directory \(ENOENT\)\n$/],
    [['--data', 'examples'], /cannot read 'examples': it is a directory/],
    [['--btf', 'nowhere'], /cannot read BTF: 'nowhere': no such file/],
    [['--kconfig', 'CONFIG_HZ'], /cannot read a kernel configuration: 'CONFIG_HZ': no such file/],
    [['--data', 'hex:0g'], /hexadecimal digits/],
    [['--data', 'hex:00'], /--data: expected at least 14 bytes of one packet after 'hex:', found 1\n$/],
    [['--data', '/dev/null'], /expected a capture \(pcap, pcapng\) or at least 14 bytes of one packet, found 0 in/],
    [['--ctx', '{"mark": 1}', '--clock', 'real', '--cpus', '2'], /xdp_md\.mark cannot be set/],
    [['--ctx', '{"mark": 1}'], /xdp_md\.mark cannot be set/],
    [['--set', 'nobody=1'], /no variable 'nobody'/],
  ]
  await Promise.all([
    ...wrong.map(async ([args, message]) => {
      const { code, stderr } = await skep(['run', FLOW, ...args])
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, /^error: /)
      assert.match(stderr, message)
    }),
    ...refused.map(async ([args, message]) => {
      const { code, stderr } = await skep(['run', FLOW, ...args])
      assert.equal(code, 1, args.join(' '))
      assert.match(stderr, message)
      assert.doesNotMatch(stderr, /\n +at /)
    }),
  ])
})

test('programs that the object puts into a program array are left to tail calls, unless they are named', async () => {
  const text = await succeeding(['run', 'test/fixtures/initial-maps.bpf.o'])
  assert.match(text, /caller +1 run +TC_ACT_REDIRECT/)
  assert.doesNotMatch(text, /callee +1 run/)
  assert.match(text, /programs +prog_array +1 of \d/)
  assert.match(
    await succeeding(['run', 'test/fixtures/initial-maps.bpf.o', '-p', 'callee']),
    /callee +1 run +TC_ACT_REDIRECT/,
  )
  const all = await succeeding(['run', 'test/map/tail-calls.bpf.o', '-p', 'chain,each'])
  assert.match(all, /chain +1 run[^]*each +1 run/)
})

test('what is left in a queue and a stack is counted and shown; a bloom filter does not tell', async () => {
  const push = (map: number) => `hex:0${map}000000` + '00000000' + '0000000000000000' + '07000000' + '00000000'
  const run = (map: number) =>
    succeeding(['run', 'test/map/keyless.bpf.o', '--data', push(map), '--repeat', '2', '--maps'])
  assert.match(await run(0), /queue +queue +2 of 5\n +7\n +7\n/)
  assert.match(await run(1), /stack +stack +2 of 5\n +7\n +7\n/)
  assert.match(await run(2), /filter +bloom_filter +max_entries 100\n/)
})
