import { test } from 'node:test'
import assert from 'node:assert/strict'
import { skep } from './skep.js'

const object = 'examples/races/races.bpf.o'
const repaired = 'examples/races/races-repaired.bpf.o'
const flow = ['--before', 'on_packet@1', '--run', 'on_packet@0', '--timers']

test('skep check OBJECT exits with 1 and shows what is lost', async () => {
  const { code, stdout } = await skep(['check', object, ...flow])
  assert.equal(code, 1)
  assert.match(stdout, /^TIMER LOST: /)
  assert.match(stdout, /BAD: 1 finding; .*every interleaving of on_packet@0 \| timers@0 \| timers@1/)
})

test('outcomes that merely depend on the order are listed, and are no error', async () => {
  const { code, stdout } = await skep(['check', repaired, ...flow])
  assert.equal(code, 0)
  assert.match(stdout, /HOLDS: nothing bad was found; the outcome depends on the order \(4 outcomes\)/)
})

test('the report as JSON has the findings with their rows and every outcome', async () => {
  const { code, stdout } = await skep(['check', object, '--run', 'count@0', '--run', 'count@1', '--json'])
  assert.equal(code, 1)
  const report = JSON.parse(stdout) as { complete: boolean; findings: { kind: string; interleaving: unknown[] }[] }
  assert.equal(report.complete, true)
  assert.deepEqual(
    report.findings.map(({ kind }) => kind),
    ['lost-update'],
  )
  assert.ok(report.findings[0]!.interleaving.length > 5)
})

test('what cannot be checked is refused by name', async () => {
  for (const [args, message] of [
    [['check', object], /^error: --run: say which programs .* count, on_packet/],
    [['check', object, '--run', 'nothing@0'], /no program 'nothing'/],
    [['check', object, '--run', 'count'], /PROGRAM@CPU/],
    [['check', object, '--run', 'count@0', '--nmi'], /--nmi is not for objects/],
    [['check', object, '--run', 'count@0', '--protocol', 'locked'], /--protocol is not for objects/],
    [['check', '--run', 'count@0'], /--run is for objects only/],
    [
      ['check', object, '--run', 'count@0', '--run', 'count@1', '--html', 'nowhere/page.html'],
      /^skep: cannot write 'nowhere\/page\.html': no such file or directory \(ENOENT\)$/m,
    ],
    [['check', 'nowhere.c'], /cannot read 'nowhere\.c': no such file or directory \(ENOENT\)$/m],
  ] as const) {
    const { code, stderr } = await skep(args)
    assert.notEqual(code, 0)
    assert.match(stderr, message)
  }
})
