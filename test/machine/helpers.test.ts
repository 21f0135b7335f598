// Helpers by family, called from instructions, on both engines.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boot, SkepError, type ObjectSpec } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import { helpers, kfuncs } from '../../src/machine/helpers.js'
import type { ProgramType } from '../../src/object/spec.js'
import { functionSpec } from '../jit/harness.js'

const ENGINES = ['jit', 'interp'] as const
const EINVAL = -22n
/** Milliseconds at which the clock begins. */
const HOUR = 3_600_000n
const EFAULT = -14n
const E2BIG = -7n
const ERANGE = -34n
const numberOf = (name: string): number => helpers.find((entry) => entry.name === `bpf_${name}`)!.id!

function objectOf(lines: readonly Line[], type: ProgramType = 'syscall'): ObjectSpec {
  const main = { ...functionSpec('main', lines), section: type }
  return {
    name: 'helpers',
    license: 'GPL',
    maps: new Map(),
    programs: new Map([['main', { name: 'main', section: type, type, sleepable: type === 'syscall', entry: 'main' }]]),
    functions: new Map([['main', main]]),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

/** An argument: a number, or the address of a place in the context. */
type Argument = number | bigint | { at: number }

const set = (register: Register, value: Argument): Line[] =>
  typeof value === 'object'
    ? [asm.mov(register, 'r6'), asm.alu('add', register, value.at)]
    : [asm.loadImmediate(register, BigInt.asUintN(64, BigInt(value)))]

/** Calls one helper or kfunc on a context of bytes; its result and the context afterwards. */
function call(
  engine: 'jit' | 'interp',
  name: string,
  values: readonly Argument[],
  memory: Uint8Array = new Uint8Array(64),
): { r0: bigint; memory: Buffer } {
  const end = (memory.length + 7) & ~7
  const called = kfuncs.some((entry) => entry.name === `bpf_${name}`)
    ? asm.callKfunc(`bpf_${name}`)
    : asm.call(numberOf(name))
  const lines = [
    asm.mov('r6', 'r1'),
    ...values.flatMap((value, at) => set(`r${at + 1}` as Register, value)),
    called,
    asm.store(64, 'r6', end, 'r0'),
    asm.mov('r0', 0),
    asm.exit(),
  ]
  const ctx = new Uint8Array(end + 8)
  ctx.set(memory)
  using machine = boot.virtual({ memory: '4 MiB' })
  machine.clock.advance('8 ms')
  const after = machine.load(objectOf(lines), { engine, checks: false }).programs['main']!.run({ ctx })
    .ctx as Uint8Array
  const bytes = Buffer.from(after)
  return { r0: bytes.readBigInt64LE(end), memory: bytes.subarray(0, memory.length) }
}

const bytes = (text: string, size = 64): Uint8Array => {
  const memory = new Uint8Array(size)
  memory.set(Buffer.from(text, 'latin1'))
  return memory
}
const textAt = (memory: Buffer, at: number): string => memory.toString('latin1', at, memory.indexOf(0, at))

for (const engine of ENGINES)
  describe(`helpers on ${engine}`, () => {
    const run = (name: string, values: readonly Argument[], memory?: Uint8Array) => call(engine, name, values, memory)

    test('probe_read copies from the window; from anywhere else it zeroes and says EFAULT', () => {
      for (const name of ['probe_read', 'probe_read_user', 'probe_read_kernel', 'copy_from_user']) {
        const good = run(name, [{ at: 32 }, 5, { at: 0 }], bytes('hello world'))
        assert.deepEqual([good.r0, good.memory.toString('latin1', 32, 38)], [0n, 'hello\0'])
        const bad = run(name, [{ at: 0 }, 5, 16], bytes('hello world'))
        // What reads the kernel's memory says that this could only be the user's.
        const none = name === 'probe_read_kernel' ? ERANGE : EFAULT
        assert.deepEqual([bad.r0, bad.memory.toString('latin1', 0, 7)], [none, '\0\0\0\0\0 w'])
        assert.equal(run(name, [{ at: 0 }, 5, 1n << 40n]).r0, none)
        assert.equal(run(name, [{ at: 0 }, 5, -4096n]).r0, EFAULT)
      }
    })

    test('a destination outside the window is a fault', () => {
      assert.throws(
        () => run('probe_read', [16, 5, { at: 0 }]),
        (error) => error instanceof SkepError && error.code === 'FAULT_BAD_ACCESS',
      )
    })

    test('probe_read_str stops at the 0 and always closes the text', () => {
      for (const name of ['probe_read_str', 'probe_read_user_str', 'probe_read_kernel_str']) {
        const whole = run(name, [{ at: 32 }, 16, { at: 0 }], bytes('hello'))
        assert.deepEqual([whole.r0, textAt(whole.memory, 32)], [6n, 'hello'])
        const cut = run(name, [{ at: 32 }, 4, { at: 0 }], bytes('hello'))
        assert.deepEqual([cut.r0, textAt(cut.memory, 32)], [4n, 'hel'])
        assert.equal(run(name, [{ at: 0 }, 4, 8]).r0, name === 'probe_read_kernel_str' ? ERANGE : EFAULT)
      }
    })

    test('strtol and strtoul: bases, signs, what is left over, overflow', () => {
      const cases: readonly (readonly [string, string, number, bigint, bigint])[] = [
        ['strtol', '42 rest', 0, 2n, 42n],
        ['strtol', '  -17', 10, 5n, -17n],
        ['strtol', '0x1fz', 0, 4n, 31n],
        ['strtol', '0x1f', 16, 4n, 31n],
        ['strtol', '0755', 0, 4n, 0o755n],
        ['strtol', '789', 8, 1n, 7n],
        ['strtol', '9223372036854775807', 10, 19n, 0x7fffffffffffffffn],
        ['strtol', '-9223372036854775808', 10, 20n, -0x8000000000000000n],
        ['strtol', '9223372036854775808', 10, ERANGE, 0n],
        ['strtol', 'x', 0, EINVAL, 0n],
        ['strtol', '42', 7, EINVAL, 0n],
        ['strtol', '42', 32, EINVAL, 0n],
        ['strtoul', '18446744073709551615', 0, 20n, -1n],
        ['strtoul', '18446744073709551616', 0, ERANGE, 0n],
        ['strtoul', '-1', 0, EINVAL, 0n],
        ['strtoul', '   ', 0, EINVAL, 0n],
      ]
      for (const [name, text, base, r0, value] of cases) {
        const result = run(name, [{ at: 0 }, text.length, base, { at: 48 }], bytes(text))
        assert.deepEqual([result.r0, result.memory.readBigInt64LE(48)], [r0, value], `${name} '${text}' ${base}`)
      }
    })

    test('strncmp compares up to the size or the first 0', () => {
      const both = (one: string, other: string): Uint8Array => bytes(one.padEnd(16, '\0') + other)
      assert.equal(run('strncmp', [{ at: 0 }, 8, { at: 16 }], both('same', 'same')).r0, 0n)
      assert.ok(run('strncmp', [{ at: 0 }, 8, { at: 16 }], both('same', 'samf')).r0 < 0n)
      assert.ok(run('strncmp', [{ at: 0 }, 8, { at: 16 }], both('same', 'sam')).r0 > 0n)
      assert.equal(run('strncmp', [{ at: 0 }, 3, { at: 16 }], both('same', 'samx')).r0, 0n)
    })

    test('snprintf formats values of an array, cuts and says what it would have needed', () => {
      const memory = bytes('%d-%s-%llx\0'.padEnd(16, '\0'), 128)
      const view = new DataView(memory.buffer)
      view.setBigInt64(16, -5n, true)
      view.setBigUint64(24, 0n, true)
      view.setBigUint64(32, 0xabcdef0123456789n, true)
      const whole = run('snprintf', [{ at: 64 }, 40, { at: 0 }, { at: 16 }, 24], memory)
      assert.deepEqual([whole.r0, textAt(whole.memory, 64)], [21n, '-5--abcdef0123456789'])
      const cut = run('snprintf', [{ at: 64 }, 6, { at: 0 }, { at: 16 }, 24], memory)
      assert.deepEqual([cut.r0, textAt(cut.memory, 64)], [21n, '-5--a'])
      assert.equal(run('snprintf', [{ at: 64 }, 6, { at: 0 }, { at: 16 }, 20], memory).r0, EINVAL)
      assert.equal(run('snprintf', [{ at: 64 }, 6, { at: 0 }, { at: 16 }, 16], memory).r0, EINVAL)
      assert.equal(run('snprintf', [0, 0, { at: 0 }, { at: 16 }, 24], memory).r0, 21n)
      assert.equal(run('trace_vprintk', [{ at: 0 }, 12, { at: 16 }, 24], memory).r0, 20n)
    })

    test('clocks: jiffies of 4 ms, TAI', () => {
      assert.equal(run('jiffies64', []).r0, HOUR / 4n + 2n)
      assert.ok(run('ktime_get_tai_ns', []).r0 >= 8_000_000n)
      assert.equal(run('get_numa_node_id', []).r0, 0n)
    })

    test('a numeric iterator counts and ends', () => {
      const at = { at: 0 }
      assert.equal(run('iter_num_new', [at, 5, 3]).r0, EINVAL)
      assert.equal(run('iter_num_new', [at, 0, 0x7fffffff]).r0, E2BIG)
      const lines = [
        asm.mov('r6', 'r10'),
        asm.alu('add', 'r6', -8),
        asm.mov('r1', 'r6'),
        asm.mov('r2', 3),
        asm.mov('r3', 7),
        asm.callKfunc('bpf_iter_num_new'),
        asm.mov('r7', 0),
        asm.label('next'),
        asm.mov('r1', 'r6'),
        asm.callKfunc('bpf_iter_num_next'),
        asm.jump('eq', 'r0', 0, 'end'),
        asm.load(32, 'r1', 'r0', 0),
        asm.alu('mul', 'r7', 10),
        asm.alu('add', 'r7', 'r1'),
        asm.goto('next'),
        asm.label('end'),
        asm.mov('r1', 'r6'),
        asm.callKfunc('bpf_iter_num_destroy'),
        asm.mov('r0', 'r7'),
        asm.exit(),
      ]
      using machine = boot.virtual({ memory: '4 MiB' })
      assert.equal(machine.load(objectOf(lines), { engine }).programs['main']!.run().retval, 3456)
    })

    test('dynptrs stay inside what they were made of', () => {
      const made = run('dynptr_from_mem', [{ at: 0 }, 8, 0, { at: 32 }], bytes('abcdefghij'))
      assert.equal(made.r0, 0n)
      const memory = new Uint8Array(made.memory)
      const dynptr = { at: 32 }
      assert.equal(run('dynptr_from_mem', [{ at: 0 }, 8, 1, dynptr]).r0, EINVAL)
      // The context lies at the same address in every run of these machines.
      const read = run('dynptr_read', [{ at: 16 }, 3, dynptr, 5, 0], memory)
      assert.deepEqual([read.r0, read.memory.toString('latin1', 16, 20)], [0n, 'fgh\0'])
      assert.equal(run('dynptr_read', [{ at: 16 }, 4, dynptr, 5, 0], memory).r0, E2BIG)
      const written = run('dynptr_write', [dynptr, 6, { at: 0 }, 2, 0], memory)
      assert.deepEqual([written.r0, written.memory.toString('latin1', 0, 10)], [0n, 'abcdefabij'])
      assert.notEqual(run('dynptr_data', [dynptr, 0, 8], memory).r0, 0n)
      assert.equal(run('dynptr_data', [dynptr, 1, 8], memory).r0, 0n)
      assert.equal(run('dynptr_size', [dynptr], memory).r0, 8n)
      const adjusted = run('dynptr_adjust', [dynptr, 2, 6], memory)
      assert.equal(adjusted.r0, 0n)
      assert.equal(run('dynptr_size', [dynptr], new Uint8Array(adjusted.memory)).r0, 4n)
      assert.equal(run('dynptr_adjust', [dynptr, 2, 9], memory).r0, ERANGE)
      assert.equal(run('dynptr_is_null', [dynptr]).r0, 1n)
      assert.equal(run('dynptr_size', [dynptr]).r0, EINVAL)
    })

    const packet = Uint8Array.from({ length: 40 }, (_, at) => at)
    const onPacket = (type: ProgramType, name: string, ...values: Argument[]) => {
      const lines = [
        asm.mov('r6', 'r1'),
        ...values.flatMap((value, at) => set(`r${at + 2}` as Register, value)),
        asm.call(numberOf(name)),
        asm.exit(),
      ]
      using machine = boot.virtual({ memory: '4 MiB' })
      const { retval, data } = machine
        .load(objectOf(lines, type), { engine, checks: false })
        .programs['main']!.run({ data: packet })
      return { r0: retval | 0, data: Buffer.from(data!) }
    }

    test('xdp_adjust_head and xdp_adjust_tail move the edges, within their bounds', () => {
      assert.equal(onPacket('xdp', 'xdp_adjust_head', 4).data.compare(packet.subarray(4)), 0)
      const grown = onPacket('xdp', 'xdp_adjust_head', -8)
      assert.deepEqual([grown.r0, grown.data.length, grown.data[8]], [0, 48, 0])
      assert.equal(onPacket('xdp', 'xdp_adjust_head', 27).r0, -22)
      assert.equal(onPacket('xdp', 'xdp_adjust_head', -217).r0, -22)
      assert.equal(onPacket('xdp', 'xdp_adjust_head', -216).r0, 0)
      const longer = onPacket('xdp', 'xdp_adjust_tail', 10)
      assert.deepEqual([longer.r0, longer.data.length, longer.data[39], longer.data[40]], [0, 50, 39, 0])
      assert.equal(onPacket('xdp', 'xdp_adjust_tail', -26).data.length, 14)
      assert.equal(onPacket('xdp', 'xdp_adjust_tail', -27).r0, -22)
      assert.equal(onPacket('xdp', 'xdp_adjust_tail', 1 << 30).r0, -22)
      assert.equal(onPacket('xdp', 'xdp_adjust_meta', -4).r0, 0)
      assert.equal(onPacket('xdp', 'xdp_adjust_meta', -3).r0, -13)
      assert.equal(onPacket('xdp', 'xdp_adjust_meta', 4).r0, -22)
      assert.equal(onPacket('xdp', 'xdp_get_buff_len').r0, 40)
    })

    /** `middle` between a prologue that keeps the context in r6 and an end that returns r0. */
    const onSocketBuffer = (type: ProgramType, ...middle: Line[]) => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const spec = objectOf(
        [asm.mov('r6', 'r1'), asm.mov('r7', 'r10'), asm.alu('add', 'r7', -16), ...middle, asm.exit()],
        type,
      )
      const { retval, data } = machine.load(spec, { engine, checks: false }).programs['main']!.run({ data: packet })
      return { r0: retval | 0, data: Buffer.from(data!) }
    }
    const load = (offset: number, length: number, ...rest: Line[]): Line[] => [
      asm.mov('r1', 'r6'),
      asm.mov('r2', offset),
      asm.mov('r3', 'r7'),
      asm.mov('r4', length),
      ...rest,
    ]
    const first = asm.load(8, 'r0', 'r7', 0)

    test('skb_load_bytes and skb_store_bytes stay in the packet', () => {
      const plain = asm.call(numberOf('skb_load_bytes'))
      assert.equal(onSocketBuffer('sched_cls', ...load(20, 4), plain, first).r0, 20)
      assert.equal(onSocketBuffer('socket_filter', ...load(20, 4), plain, first).r0, 34)
      assert.equal(onSocketBuffer('sched_cls', ...load(37, 4), plain).r0, -14)
      assert.equal(onSocketBuffer('sched_cls', ...load(-1, 4), plain).r0, -14)
      const relative = (header: number): Line[] => [
        asm.mov('r5', header),
        asm.call(numberOf('skb_load_bytes_relative')),
      ]
      assert.equal(onSocketBuffer('sched_cls', ...load(2, 4), ...relative(1), first).r0, 16)
      assert.equal(onSocketBuffer('socket_filter', ...load(2, 4), ...relative(0), first).r0, 2)
      assert.equal(onSocketBuffer('sched_cls', ...load(2, 4), ...relative(2)).r0, -14)
      const store = [asm.mov('r5', 0), asm.call(numberOf('skb_store_bytes'))]
      const written = onSocketBuffer('sched_cls', asm.store(32, 'r7', 0, 0x44332211), ...load(16, 4), ...store)
      assert.equal(written.data.readUInt32LE(16), 0x44332211)
      assert.equal(onSocketBuffer('sched_cls', asm.store(32, 'r7', 0, 0), ...load(38, 4), ...store).r0, -14)
      assert.equal(onSocketBuffer('sched_cls', asm.mov('r1', 'r6'), asm.mov('r2', 40), asm.call(39)).r0, 0)
      assert.equal(onSocketBuffer('sched_cls', asm.mov('r1', 'r6'), asm.mov('r2', 41), asm.call(39)).r0, -12)
    })

    test('l3_csum_replace and l4_csum_replace keep a checksum right', () => {
      const checksum = (data: Buffer): number => {
        let total = 0
        for (let at = 14; at < 34; at += 2) if (at !== 24) total += data.readUInt16LE(at)
        while (total > 0xffff) total = (total & 0xffff) + (total >> 16)
        return ~total & 0xffff
      }
      const good = checksum(Buffer.from(packet))
      for (const id of [10, 11]) {
        const { r0, data } = onSocketBuffer(
          'sched_cls',
          asm.load(32, 'r8', 'r6', 76),
          asm.store(16, 'r8', 24, good),
          asm.load(32, 'r3', 'r8', 26),
          asm.loadImmediate('r4', 0xdeadbeefn),
          asm.store(32, 'r8', 26, 'r4'),
          asm.mov('r1', 'r6'),
          asm.mov('r2', 24),
          asm.mov('r5', 4),
          asm.call(id),
        )
        assert.equal(r0, 0)
        assert.equal(data.readUInt16LE(24), checksum(data))
      }
      const refused = (offset: number, flags: number): number =>
        onSocketBuffer(
          'sched_cls',
          asm.mov('r1', 'r6'),
          asm.mov('r2', offset),
          asm.mov('r3', 0),
          asm.mov('r4', 1),
          asm.mov('r5', flags),
          asm.call(10),
        ).r0
      assert.deepEqual([refused(25, 2), refused(40, 2), refused(24, 3), refused(24, 16)], [-14, -14, -22, -22])
    })
  })

test('packet helpers are refused in programs that have no packet', () => {
  using machine = boot.virtual({ memory: '4 MiB' })
  const spec = objectOf([asm.mov('r2', 0), asm.call(44), asm.exit()], 'sched_cls')
  assert.throws(
    () => machine.load(spec),
    (error) => error instanceof SkepError && /bpf_xdp_adjust_head cannot be used in sched_cls/.test(error.message),
  )
})
