import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
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

const folderFor = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'check-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('Ctrl-C ends a search where it is: its numbers are shown, what has not begun is counted, and the exit code is 130', async (t) => {
  const file = join(await folderFor(t), 'endless.mjs')
  // More states than memory, on words that both CPUs change.
  await writeFile(
    file,
    `export default ({ Stage, subject }) => [1, 2].map((n) => subject({
      name: 'endless ' + n,
      stage: new Stage({ memory: 1024, cpus: 3 }),
      setup: () => console.log('begins'),
      cpus: ['a', 'b', 'c'].map((name) => ({ operations: [{ name, run(cpu) {
        for (let i = 0; i < 400; i++) cpu.store32(64 + 4 * (i % 64), cpu.add32(512 + 4 * (i % 60), i + cpu.index))
      } }] })),
    }))`,
  )
  const { code, stdout, stderr } = await skep(['check', file], {
    meanwhile: (child) => child.stdout!.once('data', () => child.kill('SIGINT')),
  })
  assert.equal(code, 130, stderr)
  assert.match(stdout, /^incomplete +endless 1 .*, interrupted$/m)
  assert.doesNotMatch(stdout, /endless 2/)
  assert.match(stderr, /^skep: interrupted: 1 subject was not explored to the end, 1 subject was not begun$/m)
})

test('what was explored within few preemptions only is not said to hold without that', async () => {
  const args = ['check', 'hazard/H31', '--preemptions', '0']
  assert.match(await succeeding(args), /^holds +hazard\/H31 .*, within 0 preemptions$/m)
  const [{ verdict, preemptions }] = JSON.parse(await succeeding([...args, '--json']))
  assert.deepEqual([verdict, preemptions], ['holds', 0])
})

test('what is wrong with a subject is said by its name and field, or with the line that threw', async (t) => {
  const folder = await folderFor(t)
  const asked = async (body: string, stage = 'new Stage({ memory: 128, cpus: 1 })') => {
    const file = join(folder, 'subject.mjs')
    await writeFile(
      file,
      `export default ({ Stage, subject }) =>\n  subject({ name: 'mine', stage: ${stage}, ${body} })\n`,
    )
    return skep(['check', file])
  }
  for (const [body, message] of [
    ['cpu: []', /subject mine: cpus must be a list of \{ operations/],
    ['cpus: [{ operations: 5 }]', /subject mine: cpus\[0\]\.operations must be a list of \{ name, run \}/],
    ['cpus: [{ operations: [{ name: "a" }] }]', /subject mine: cpus\[0\]\.operations has something that is not/],
    ['cpus: [{ operations: [], nmi: [1] }]', /subject mine: cpus\[0\]\.nmi has something that is not/],
  ] as const) {
    const { code, stderr } = await asked(body)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
  assert.match((await asked('cpus: []', '{}')).stderr, /subject mine: stage must be a Stage/)
  const threw = await asked('cpus: [{ operations: [{ name: "a", run: (cpu) => cpu.nope() }] }]')
  assert.equal(threw.code, 1)
  assert.match(threw.stdout, /^ +a: TypeError: cpu\.nope is not a function \(subject\.mjs:2\)$/m)
  const spins = await asked('cpus: [{ operations: [{ name: "a", run(cpu) { while (cpu.load32(64) === 0); } }] }]')
  assert.match(spins.stdout, /A loop that waits for others says so/)
  assert.match(spins.stdout, /^ *… [\d,]+ steps are left out here: --html and --json have them$/m)
  const refused = await asked('cpus: [{ operations: [{ name: "a", run: (cpu) => cpu.load32(4096) }] }]')
  assert.match(refused.stdout, /^ +load 0x1000$/m)
})

test('a subject of one CPU has nobody whose operations could come as NMIs', async (t) => {
  const file = join(await folderFor(t), 'alone.mjs')
  await writeFile(
    file,
    `export default ({ Stage, subject }) => subject({
      name: 'alone', stage: new Stage({ memory: 128, cpus: 1 }),
      cpus: [{ operations: [{ name: 'a', run: (cpu) => cpu.store32(64, 1) }] }],
    })`,
  )
  const { code, stderr } = await skep(['check', file, '--nmi'])
  assert.equal(code, 2, stderr)
  assert.match(stderr, /^error: subject alone\+nmi: it has no second CPU/m)
})

test('an operation that does not repeat itself is noticed by what it writes, too', async (t) => {
  const file = join(await folderFor(t), 'counting.mjs')
  await writeFile(
    file,
    `let times = 0
    export default ({ Stage, subject }) => subject({
      name: 'counting',
      stage: new Stage({ memory: 128, cpus: 2 }),
      cpus: [
        { operations: [{ name: 'a', run(cpu) { cpu.store32(64, times++); return cpu.load32(64) } }] },
        { operations: [{ name: 'b', run(cpu) { cpu.store32(64, 5) } }] },
      ],
    })`,
  )
  const { code, stdout } = await skep(['check', file])
  assert.equal(code, 1, stdout)
  assert.match(stdout, /an operation did not repeat itself: its access 1 is not what it was/)
})

test('what is told of a search that goes on: states, transitions, rate, frontier', () => {
  const reached = { states: 1_234_567, transitions: 2_500_000, depth: 99, milliseconds: 2000 }
  assert.equal(progressText(reached), '1.23 M states, 2.50 M transitions, 1,250 k/s, frontier 99')
})
