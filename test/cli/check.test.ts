import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { compileFixture } from '../explore/fixture.js'
import { progressText } from '../../src/report/check-text.js'
import { skep, succeeding } from './skep.js'

test('check gives a verdict with numbers, one line each, and a total', async () => {
  const text = await succeeding(['check', 'pair/idle-bound/cancel/free', 'hazard/H31'])
  assert.match(text, /holds +pair\/idle-bound\/cancel\/free +[\d,]+ states, [\d,]+ transitions/)
  assert.match(text, /2 subjects: 2 hold, 0 violated/)
})

test('check names what it knows: hazards, globs, variants', async () => {
  const list = await succeeding(['check', '--list', 'H37', 'pair/idle-bound/*/free', '--stop-cpu'].slice(0, 4))
  assert.match(list, /^hazard\/H37\/post {2}–/m)
  assert.match(list, /^pair\/idle-bound\/cancel\/free {2}–/m)
  const stops = (await succeeding(['check', '--list', '--stop-cpu'])).trim().split('\n')
  assert.ok(stops.length > 50 && stops.every((line) => /^\S+\+stop/.test(line)))
})

test('check shows a violation in columns with its places in the source, exits with 1, and its token repeats it', async () => {
  const question = 'start-against-cancel*'
  const found = await skep(['check', '--protocol', 'rfc-v1', question])
  assert.equal(found.code, 1)
  assert.match(found.stdout, /VIOLATED +start-against-cancel/)
  assert.match(found.stdout, /CPU 0 +CPU 1/)
  assert.match(found.stdout, /specimens\/rfc-v1\.ts:\d+ +.*cas? |specimens\/rfc-v1\.ts:\d+ +/)
  const token = /--replay (\S+)/.exec(found.stdout)![1]!
  const again = await skep(['check', '--protocol', 'rfc-v1', question, '--replay', token])
  assert.match(again.stdout, /⇒ 0/)
  const page = await skep(['check', '--protocol', 'rfc-v1', question, '--replay', token, '--html', 'nowhere/page.html'])
  assert.match(page.stderr, /^skep: cannot write 'nowhere\/page\.html': no such file or directory \(ENOENT\)$/m)
})

test('check --json has the interleaving as data', async () => {
  const { stdout, code } = await skep([
    'check',
    '--json',
    '--protocol',
    'locked',
    'set-callback-while-the-timer-fires*',
  ])
  assert.equal(code, 1)
  const [checked] = JSON.parse(stdout) as {
    verdict: string
    failure: { meaning: string; trace: { lines: { text: string; where?: { file: string } }[] } }
  }[]
  assert.equal(checked!.verdict, 'violated')
  assert.match(checked!.failure.meaning, /Use after free/)
  assert.ok(checked!.failure.trace.lines.some(({ where }) => where?.file === 'core/specimens/locked.ts'))
})

test('check says what was reached, with the places that were not, or as data', async () => {
  const totals = /reached: \d+ different accesses \(by operation and field\), (no|of \d+) compare-and-exchanges? /
  const text = await succeeding(['check', 'parts/pool/enough/two', '--coverage'])
  assert.match(text, totals)
  assert.match(text, /^parts: \d+ of \d+ accesses reached in the \d+ functions that were entered/m)
  assert.match(text, /^ +core\/memory\/bitmap\.ts {2}\w+ {2}\d+(, \d+)*$/m)
  const [{ coverage }] = JSON.parse(await succeeding(['check', 'parts/pool/enough/two', '--coverage', '--json']))
  assert.equal(coverage.module.name, 'parts')
  assert.ok(coverage.module.never.some((one: { file: string }) => one.file === 'core/memory/bitmap.ts'))
})

test('check of something that is not there, or of a token that is none, is wrong usage', async () => {
  const unknown = await skep(['check', 'nonsense'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /^error: no subject is named 'nonsense' \(skep check --list shows them\)$/m)
  const others = await skep(['check', 'nonsense', 'H7', 'pear', '--protocol', 'locked'])
  assert.match(
    others.stderr,
    /no subject of --protocol locked is named 'nonsense' or 'pear' \(skep check --list --prot/,
  )
  const file = await skep(['check', 'package.json'])
  assert.equal(file.code, 2)
  assert.match(file.stderr, /'package\.json' is neither a subject \(\.c, .*\) nor an object \(\.o\)$/m)
  const many = await skep(['check', 'hazard', '--replay', 'a1'])
  assert.equal(many.code, 2)
  const broken = await skep(['check', 'hazard/H31', '--replay', '?'])
  assert.equal(broken.code, 2)
  for (const [token, message] of [
    ['zz', /replay token 'zz': expected CPUs a, b, … and how far each goes/],
    ['', /replay token '': expected/],
    ['z1', /replay of hazard\/H31: CPU 25 cannot do step 1 of the token/],
  ] as const) {
    const { code, stderr } = await skep(['check', 'hazard/H31', '--replay', token])
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
})

test('a replay that violates nothing says that it is one interleaving, and whether it has come to its end', async () => {
  const some = await succeeding(['check', 'parts/pool/one/two', '--replay', 'a1'])
  assert.match(some, /^not found +parts\/pool\/one\/two +one interleaving, 1 step$/m)
  assert.match(some, /^Somebody can go on where the token ends/m)
  const [{ verdict, trace }] = JSON.parse(await succeeding(['check', 'parts/pool/one/two', '--replay', 'a1', '--json']))
  assert.deepEqual([verdict, trace.goesOn], ['incomplete', true])
})

test('check takes subjects of its users: a module of theirs, or a wasm file whose exports say who does what', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'check-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const page = join(folder, 'stack.html')
  const stack = await skep(['check', 'examples/own-subject/stack.mjs', '--html', page])
  assert.equal(stack.code, 1)
  assert.match(stack.stdout, /node B is in the stack and in a CPU's hands/)
  assert.match(stack.stdout, /cas head A → B/)
  assert.match(await readFile(page, 'utf8'), /node B is in the stack/)
  const module = join(folder, 'whole.wasm')
  await writeFile(module, await compileFixture('whole.ts'))
  const lossy = await skep(['check', module])
  assert.equal(lossy.code, 1)
  assert.match(lossy.stdout, /at_rest\(\) returned 1/)
})

test('what is told of a search that goes on: states, transitions, rate, frontier', () => {
  const reached = { states: 1_234_567, transitions: 2_500_000, depth: 99, milliseconds: 2000 }
  assert.equal(progressText(reached), '1.23 M states, 2.50 M transitions, 1,250 k/s, frontier 99')
})
