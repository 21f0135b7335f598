// What people bring: an AssemblyScript module that knows nothing but the hook, and C files.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import asc from 'assemblyscript/asc'
import { SkepError } from '../../src/error.js'
import { installedClang, packagedClang } from '../../src/explore/c/compile.js'
import { check, checkable } from '../../src/explore/check.js'
import type { Checked } from '../../src/explore/check.js'
import { explore } from '../../src/explore/index.js'
import { subjectsOf } from '../../src/explore/modules-of-users.js'
import { compileFixture } from './fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'skep-own-'))
after(() => rmSync(folder, { recursive: true }))

const checked = async (path: string): Promise<Checked> => check(checkable((await subjectsOf(path))[0]!))

const compilers = installedClang() ?? (await packagedClang())
const c = compilers ? {} : { skip: 'there is no clang with wasm-ld here, and @yowasp/clang is not installed' }

const written = (name: string, contents: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

const file = (name: string, text: string): string => written(name, `#include "skep-check.h"\n${text}`)

async function assembly(name: string, ...options: string[]): Promise<string> {
  let binary: Uint8Array | undefined
  const source = 'examples/own-subject/assembly/stack.ts'
  const { error, stderr } = await asc.main([source, '-o', 'out.wasm', '--runtime', 'stub', '-O2', ...options], {
    writeFile: (name, contents) => {
      if (name === 'out.wasm') binary = contents as Uint8Array
    },
  })
  if (error || !binary) throw new Error(stderr.toString())
  writeFileSync(join(folder, name), binary)
  return join(folder, name)
}

test('an AssemblyScript stack over the bare hook has its ABA problem found, with the names that it exports', async () => {
  const { verdict, failure } = await checked(await assembly('stack.wasm'))
  assert.equal(verdict, 'violated')
  assert.match(failure!.message, /at_rest\(\) returned 2/)
  assert.equal(failure!.preemptions, 1)
  assert.ok(failure!.trace.lines.some(({ text }) => text === 'cas HEAD 0x60 → 0x68'))
  assert.ok(failure!.trace.lines.some(({ place }) => place === 'POPPED+4'))
  assert.equal((await checked(await assembly('tagged.wasm', '--use', 'TAGGED=1'))).verdict, 'holds')
})

test('CPUs of a module may wait for each other, as in C, unless it says lock_free', async () => {
  const verdict = async (name: string): Promise<Checked> =>
    checked(written(`${name}.wasm`, await compileFixture(`${name}.ts`)))
  assert.equal((await verdict('ticket')).verdict, 'holds')
  assert.match((await verdict('ticket-lock-free')).failure!.message, /^a cycle in which no operation ends/)
})

test('a subject may be a file of TypeScript, where Node.js runs that; elsewhere it says what to do', async () => {
  const path = written(
    'count.mts',
    `type Explorer = typeof import('skep/explore')
export default ({ Stage, subject }: Explorer) =>
  subject({ name: 'count', stage: new Stage({ memory: 64, cpus: 1 }), cpus: [{ operations: [{ name: 'one', run: (cpu) => cpu.add32(0, 1) }] }] })
`,
  )
  // The types of Node.js 20 do not know it.
  if ((process.features as { typescript?: unknown }).typescript) assert.equal((await checked(path)).verdict, 'holds')
  else await assert.rejects(subjectsOf(path), /count\.mts: Node\.js v\S+ does not run TypeScript: take 22\.18 or newer/)
})

test(
  'a stack in C has its ABA problem found, with names and lines of the file; its repaired twin holds',
  c,
  async () => {
    const { verdict, failure } = await checked('examples/own-subject/stack.c')
    assert.equal(verdict, 'violated')
    assert.match(failure!.message, /^stack\.c:66: BUG_ON\(node == popped\[0\] \|\| node == popped\[1\]\)$/)
    const last = failure!.trace.lines.filter(({ text }) => text.startsWith('cas')).at(-1)!
    assert.equal(last.text, 'cas head &a → &b')
    assert.deepEqual(last.where, { file: 'stack.c', line: 35, function: 'cpu0_pop' })
    const repaired = await checked('examples/own-subject/stack-repaired.c')
    assert.equal(repaired.verdict, 'holds')
    assert.ok(repaired.states > 50)
  },
)

test('what the compiler refuses is an error with its words, file and line', c, async () => {
  const path = file('bad.c', 'ON_CPU(0, f) { return undeclared; }\n')
  await assert.rejects(subjectsOf(path), (error: SkepError) => {
    assert.equal(error.code, 'BAD_C')
    assert.match(error.message, /bad\.c:2:23: error: use of undeclared identifier 'undeclared'/)
    return true
  })
  await assert.rejects(
    subjectsOf(file('none.c', 'int f(void) { return 1; }\n')),
    /none\.c has no operation of CPU 0: expected ON_CPU\(0, NAME\) \{ … \}/,
  )
  for (const [name, left] of [
    ['ON_CPU(2, b) { return 1; }', /says what CPU 2 does \(cpu2_b\), and has no operation of CPU 1/],
    ['IN_NMI(1, tick) { return 1; }', /says what CPU 1 does \(nmi1_tick\), and has no operation of CPU 1/],
    ['MAY_STOP(1)', /says what CPU 1 does \(stop1\), and has no operation of CPU 1/],
  ] as const)
    await assert.rejects(subjectsOf(file('gap.c', `ON_CPU(0, a) { return 1; }\n${name}\n`)), left)
})

test('plain accesses in C that race are found; the same through READ_ONCE and WRITE_ONCE are none', c, async () => {
  const plain = 'static int x;\nON_CPU(0, w) { x = 1; return 0; }\nON_CPU(1, r) { return x; }\n'
  assert.match((await checked(file('plain.c', plain))).failure!.message, /a plain access races with CPU \d at x/)
  const once = 'static int x;\nON_CPU(0, w) { WRITE_ONCE(x, 1); return 0; }\nON_CPU(1, r) { return READ_ONCE(x); }\n'
  assert.equal((await checked(file('once.c', once))).verdict, 'holds')
})

test(
  'C waits, stops, is interrupted, frees: locks, NULL, NMI and freed objects are seen for what they are',
  c,
  async () => {
    const lock = `static spinlock_t lock;
static int inside;
static void enter(void) { spin_lock(&lock); BUG_ON(inside); inside = 1; inside = 0; spin_unlock(&lock); }
ON_CPU(0, a) { enter(); return 0; }
ON_CPU(1, b) { enter(); return 0; }
`
    assert.equal((await checked(file('lock.c', lock))).verdict, 'holds')
    const nmi = await checked(file('nmi.c', `${lock}IN_NMI(0, c) { enter(); return 0; }\n`))
    assert.match(nmi.failure!.message, /^deadlock: CPU 0 waits in nmi0_c for lock/)
    const stop = await checked(file('stop.c', `${lock}MAY_STOP(0)\n`))
    assert.match(stop.failure!.message, /^deadlock: CPU 1 waits in cpu1_b/)
    const freed = `struct object { int value; };
static struct object object;
static int gone;
ON_CPU(0, free) { WRITE_ONCE(gone, 1); check_freed(&object); return 0; }
ON_CPU(1, use) { if (READ_ONCE(gone)) return -1; return READ_ONCE(object.value); }
`
    assert.match((await checked(file('freed.c', freed))).failure!.message, /access to freed memory at object\.value/)
    const nothing = `static int x, *p = &x;
ON_CPU(0, f) { return *READ_ONCE(p); }
ON_CPU(1, g) { WRITE_ONCE(p, NULL); smp_mb(); return 0; }
`
    assert.match((await checked(file('null.c', nothing))).failure!.message, /access to 0x0: a NULL pointer/)
  },
)

test('every width, sign and kind of access in C gives what C says, on the stack and in memory', c, async () => {
  const path = file(
    'widths.c',
    `static volatile s8 b = -1; static volatile u8 ub = 255; static volatile s16 h = -2; static volatile u16 uh = 65534;
static volatile s64 w = -3; static volatile float f = 1.5f; static volatile double d = 2.25;
struct pair { int x, y; short z[3]; };
static struct pair from = { 1, 2, { 3, 4, 5 } }, to;
static atomic64_t wide = ATOMIC64_INIT(1ll << 40);
static u8 small; static u16 half;
ON_CPU(0, loads) { return b == -1 && ub == 255 && h == -2 && uh == 65534 && w == -3 && f == 1.5f && d == 2.25; }
ON_CPU(0, widened) { return (s64)b + w == -4 && (u64)uh + ub == 65789 && (s64)h * 2 == -4; }
ON_CPU(0, stores) { f = f * 2; d = d / 2; w = w << 33; b = 200; return f == 3.0f && d == 1.125 && w == -3ll << 33 && b == -56; }
ON_CPU(0, copies) { to = from; from.z[2] = 9; return to.x + to.y + to.z[0] + to.z[1] + to.z[2]; }
ON_CPU(0, atomics) {
  u8 old = __atomic_fetch_sub(&small, 1, __ATOMIC_SEQ_CST);
  u16 expected = 0;
  bool done = try_cmpxchg(&half, &expected, 7);
  return old == 0 && small == 255 && done && half == 7 && cmpxchg(&small, 255, 3) == 255 && small == 3 &&
         atomic64_add_return(-1, &wide) == (1ll << 40) - 1 && atomic64_fetch_xor(-1, &wide) == (1ll << 40) - 1 &&
         atomic64_cmpxchg(&wide, -(1ll << 40), 5) == -(1ll << 40) && atomic64_read(&wide) == 5;
}
ON_CPU(0, stack) {
  volatile int local[8];
  for (int i = 0; i < 8; i++) local[i] = i;
  __atomic_fetch_add(&local[3], 10, __ATOMIC_SEQ_CST);
  return local[3] + local[7];
}
`,
  )
  const [brought] = await subjectsOf(path)
  const { outcomes, failure } = explore(brought!.subject(false))
  assert.equal(failure, undefined, failure?.message)
  assert.deepEqual(
    [...outcomes],
    ['cpu0_loads=1 cpu0_widened=1 cpu0_stores=1 cpu0_copies=15 cpu0_atomics=1 cpu0_stack=20'],
  )
})

test('a file that is no subject is refused by its name, with what was expected in it', async () => {
  const module = Buffer.from([0, 97, 115, 109, 1, 0, 0, 0])
  for (const [name, contents, message] of [
    ['garbage.wasm', 'garbage', /garbage\.wasm is no wasm module: expected magic word/],
    ['alone.wasm', module, /alone\.wasm does not import hook\.access32 or hook\.access64: nothing is seen/],
    ['broken.mjs', 'export default [', /broken\.mjs: SyntaxError: /],
    ['throws.mjs', 'export default () => nobody', /throws\.mjs: ReferenceError: nobody is not defined/],
    ['five.mjs', 'export default 5', /five\.mjs: its default export must be a subject/],
  ] as const)
    await assert.rejects(subjectsOf(written(name, contents)), message)
})
