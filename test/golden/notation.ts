// The notation in which cases are written, and the runner that takes their steps on a subject.
//
// A case is a line of steps `name(arguments)=expected`, taken in order on every map kind of the case:
//   init(k1,1)=0            flags (for a timer: the clock's id)
//   callback(k1,b)=0        bind on_a or on_b; for work also flags=N
//   start(k1,1ms)=0         also 0, 5ns, 9s, 0x…; then flags=N, pin, abs, now or boot (the time counts from now on that
//                           clock). For work the time means nothing. start-thrice(k1,0): three starts in one run
//   cancel(k1)=1
//   get(k1)=100             the element's mark
//   update(k1,any|exist|noexist)=0    delete(k1)=0
//   act(k1,cancel-self)=0   what the callback does; then kN (the other element), count=N, a time
//   user.update(k1,any)=0   user-side map calls; user.update-ff(k1,any): a value of 0xff bytes
//   user.delete(k1)=0       user.timer(k1)=hidden    user.mark(k1)=100    user.take(k1)=0
//   wait(20ms)              lets time pass
//   on-cpu(1)               what follows runs there
//   fired=2                 callbacks run so far
//   fires(k1,a,-EDEADLK,0)  the next callback that ran: key, callback, the results inside of it, cpu=N
//   close-map  reopen-map  close-programs  pin-map  unpin-map
// Expectations are numbers or errno names; `0|1` allows either. A step without `=` expects 0 where there is a result.
import assert from 'node:assert/strict'
import {
  commandResult,
  encodeCommand,
  encodeValue,
  firings,
  KINDS,
  markOf,
  resultName,
  timerBytes,
  type ACTIONS,
  type Command,
  type Firing,
  type Kind,
  type OPERATIONS,
  type Subject,
} from './timer-object.js'

export interface Case {
  name: string
  steps: string
  /** Map kinds that answer so; all when absent. */
  kinds?: readonly Kind[]
  /** Keys that exist at the start (arrays have all); key 1 when absent. */
  keys?: readonly number[]
  /** What the case needs beyond bpf_timer and bpf_wq: map calls with flags or operations that not every subject has. */
  needs?: 'lock-flag' | 'lookup-and-delete' | 'pins'
  /** Where the kernel may answer otherwise than skep must: the steps as the kernel takes them, and why. */
  kernel?: { steps: string; why: string }
}

const UPDATE_FLAGS: Record<string, number> = { any: 0, noexist: 1, exist: 2, lock: 4 }

/** Takes the steps of one case on all its map kinds together; throws an AssertionError that names step and kind. */
export async function perform(subject: Subject, { name, steps, kinds = KINDS, keys = [1] }: Case): Promise<void> {
  for (const kind of kinds)
    for (const key of keys) if (kind !== 'arr') await subject.userUpdate(kind, key, encodeValue(0n), 0)
  const seen = new Map<Kind, number>()
  for (const step of steps.trim().split(/\s+/)) {
    const { verb, given, expected } = parseStep(step)
    if (await oncePerCase(subject, verb, given)) continue
    for (const kind of kinds) {
      const where = `${name} [${kind}], ${step}`
      if (verb === 'fires') {
        const index = seen.get(kind) ?? 0
        seen.set(kind, index + 1)
        const record = (await firingsOf(subject, kind, index + 1))[index]
        assert.ok(record, `${where}: no such firing`)
        checkFiring(record, given, where)
        continue
      }
      const answered =
        verb === 'fired'
          ? await count(subject, kind, Number((expected ?? '').split('|')[0]))
          : await answer(subject, kind, verb, given)
      const allowed = (expected ?? '0').split('|')
      assert.ok(allowed.includes(answered), `${where}: answered ${answered}`)
    }
  }
}

/**
 * A case races the real clock (24 insertions before the first of their 50 ms timers is due): a busy machine may lose.
 */
const ATTEMPTS = 4

/** As perform, on what a real clock drives: tried again, on a subject of its own each time, if it failed. */
export async function performRacing(
  open: () => Promise<{ subject: Subject; close(): Promise<void> }>,
  golden: Case,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { subject, close } = await open()
    try {
      return await perform(subject, golden)
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    } finally {
      await close()
    }
  }
}

/** Takes one step on one map kind; the answer as it is written behind the `=` (empty for steps without one). */
export async function take(subject: Subject, kind: Kind, step: string): Promise<string> {
  const { verb, given } = parseStep(step)
  return (await oncePerCase(subject, verb, given)) ? '' : await answer(subject, kind, verb, given)
}

function parseStep(step: string): { verb: string; given: string[]; expected: string | undefined } {
  const [, verb, list = '', expected] = /^([a-z.-]+)(?:\((.*)\))?(?:=(.*))?$/.exec(step) ?? []
  if (verb === undefined) throw new Error(`not a step: ${step}`)
  return { verb, given: list === '' ? [] : list.split(','), expected }
}

async function oncePerCase(subject: Subject, verb: string, given: string[]): Promise<boolean> {
  if (verb === 'wait') await subject.wait(Number(time(given[0] ?? '') / 1_000_000n))
  else if (verb === 'on-cpu') await subject.onCpu(Number(given[0]))
  else if (verb === 'close-programs') await subject.closePrograms()
  else return false
  return true
}

async function answer(subject: Subject, kind: Kind, verb: string, given: string[]): Promise<string> {
  const key = Number((given[0] ?? '').slice(1))
  switch (verb) {
    case 'user.update':
    case 'user.update-ff': {
      const value = verb === 'user.update' ? encodeValue(0n) : encodeValue(0xffffffffffffffffn, 0xff)
      return resultName(await subject.userUpdate(kind, key, value, UPDATE_FLAGS[given[1] ?? 'any'] ?? 0))
    }
    case 'user.delete':
      return resultName(await subject.userDelete(kind, key))
    case 'user.mark': {
      const value = await subject.userGet(kind, key)
      return typeof value === 'number' ? resultName(value) : String(markOf(value))
    }
    case 'user.timer':
    case 'user.take': {
      const value = await (verb === 'user.timer' ? subject.userGet(kind, key) : subject.userTake(kind, key))
      if (typeof value === 'number') return resultName(value)
      const hidden = timerBytes(value).every((byte) => byte === 0)
      return hidden ? (verb === 'user.take' ? '0' : 'hidden') : 'visible'
    }
    case 'close-map':
      await subject.closeMap(kind)
      return '0'
    case 'reopen-map':
      await subject.reopenMap(kind)
      return '0'
    case 'pin-map':
      await subject.pinMap?.(kind)
      return '0'
    case 'unpin-map':
      await subject.unpinMap?.(kind)
      return '0'
    default:
      return resultName(await runCommand(subject, kind, parseCommand(verb, given)))
  }
}

export async function runCommand(subject: Subject, kind: Kind, command: Command): Promise<bigint> {
  return commandResult(await subject.run(kind, encodeCommand(command)))
}

function parseCommand(verb: string, given: string[]): Command {
  const command: Command = {
    operation: verb as keyof typeof OPERATIONS,
    key: Number((given[0] ?? '').slice(1)),
    nsecs: 0n,
    flags: 0n,
  }
  const [second = '', ...rest] = given.slice(1)
  if (verb === 'init') command.flags = BigInt(second)
  else if (verb === 'callback') {
    // For timers the choice stands in `flags`; for work in `other`, and the flags in `nsecs`.
    command.flags = second === 'b' ? 2n : 1n
    command.other = Number(command.flags)
    for (const word of rest) command.nsecs = BigInt(word.replace('flags=', ''))
  } else if (verb === 'update') command.flags = BigInt(UPDATE_FLAGS[second] ?? 0)
  else if (verb === 'start') {
    command.nsecs = time(second)
    for (const word of rest)
      if (word === 'abs') command.flags! |= 1n
      else if (word === 'pin') command.flags! |= 2n
      else if (word === 'now') command.fromNow = 1
      else if (word === 'boot') command.fromNow = 7
      else command.flags! |= BigInt(word.replace('flags=', ''))
  } else if (verb === 'act') {
    // Names of actions contain commas: everything up to an argument that is a key, a count or a time.
    const words = given.slice(1)
    const end = words.findIndex((word) => /^(k\d+|count=\d+|\d+[a-z]+)$/.test(word))
    command.action = words.slice(0, end < 0 ? words.length : end).join(',') as keyof typeof ACTIONS
    for (const word of end < 0 ? [] : words.slice(end))
      if (word.startsWith('k')) command.other = Number(word.slice(1))
      else if (word.startsWith('count=')) command.count = Number(word.slice(6))
      else command.nsecs = time(word)
  }
  return command
}

function time(text: string): bigint {
  const [, digits = '0', unit = 'ns'] = /^(0x[0-9a-f]+|\d+)(ns|us|ms|s)?$/.exec(text) ?? []
  return BigInt(digits) * { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n }[unit as 'ns']
}

function checkFiring(record: Firing, given: string[], where: string): void {
  const results = given.slice(2).filter((word) => !word.startsWith('cpu='))
  assert.equal(record.key, Number((given[0] ?? '').slice(1)), `${where}: key`)
  assert.equal(record.callback, given[1], `${where}: callback`)
  assert.ok(record.late >= 0n, `${where}: fired ${-record.late} ns early`)
  results.forEach((result, i) => assert.equal(resultName(record.results[i] ?? 0n), result, `${where}: result ${i}`))
  const cpu = given.find((word) => word.startsWith('cpu='))
  if (cpu) assert.equal(record.cpu, Number(cpu.slice(4)), `${where}: CPU`)
}

/** Where time passes by itself a firing may be on its way: looks again for two seconds before it gives up. */
async function firingsOf(subject: Subject, kind: Kind, atLeast: number): Promise<Firing[]> {
  for (let turn = 0; ; turn++) {
    const found = (await firings(subject)).filter((firing) => firing.kind === kind)
    if (found.length >= atLeast || !subject.realTime || turn === 200) return found
    await subject.wait(10)
  }
}

async function count(subject: Subject, kind: Kind, expected: number): Promise<string> {
  return String((await firingsOf(subject, kind, expected)).length)
}
