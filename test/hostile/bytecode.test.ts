// Attacks written straight in bytecode, one by one: each is refused when it is loaded or contained when it runs, on
// both engines, and what it aimed at is as it was.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { EINVAL } from '../../core/abi.js'
import { boot, type LoadedObject, type ObjectSpec, type VirtualMachine } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Engine } from '../../src/machine/load/code.js'
import { coded, u64 } from '../machine/probes.js'
import { CONTEXT_BYTES, end, fn, HELPER, keep, map, objectOf, start, value } from './assembly.js'
import { flow, packet, TIMER_AT } from './attacker.js'

for (const engine of ['jit', 'interp'] as const satisfies readonly Engine[])
  suite(`hostile bytecode, ${engine}`, () => {
    const load = (machine: VirtualMachine, spec: ObjectSpec): LoadedObject =>
      machine.load(spec, { engine, checks: false })
    const booted = (): VirtualMachine => boot.virtual({ cpus: 2, memory: '6 MiB', loopBudget: 100_000, timers: 16 })
    const run = (
      object: LoadedObject,
      ctx: Uint8Array = new Uint8Array(CONTEXT_BYTES),
      name = 'main',
    ): BigInt64Array => {
      const after = object.programs[name]!.run({ ctx }).ctx as Uint8Array
      return new BigInt64Array(after.slice().buffer)
    }

    test('no access reaches the core: its structures, the map behind a map pointer, another machine, memory that is not there', () => {
      const machine = booted()
      const { memory } = machine.kernel
      const core = (): Uint8Array => memory.read(0, memory.cpuArea(0))
      const reads = load(
        machine,
        objectOf({ main: [start, asm.load(64, 'r2', 'r9', 0), asm.load(64, 'r0', 'r2', 0), keep(8), ...end] }),
      )
      const writes = load(
        machine,
        objectOf({ main: [start, asm.load(64, 'r2', 'r9', 0), asm.store(64, 'r2', 0, 7), ...end] }),
      )
      const adds = load(
        machine,
        objectOf({
          main: [
            start,
            asm.load(64, 'r2', 'r9', 0),
            asm.mov('r3', 1),
            asm.atomic('fetch_add', 64, 'r2', 0, 'r3'),
            ...end,
          ],
        }),
      )
      const pointer = load(machine, objectOf({ main: [map('r2', 'hash'), asm.store(64, 'r2', 0, 7), ...end] }))
      const before = core()
      const { guestBase, guestEnd } = memory
      for (const address of [
        0,
        8,
        1024,
        1056,
        memory.cpuArea(0),
        guestBase - 8,
        guestBase - 4,
        guestEnd,
        guestEnd - 4,
        2 ** 32,
        2 ** 32 + guestBase,
        2 ** 47,
      ])
        for (const object of [reads, writes, adds])
          assert.throws(() => run(object, u64(BigInt(address))), coded('FAULT_BAD_ACCESS'))
      assert.throws(() => run(pointer), coded('FAULT_BAD_ACCESS'))
      assert.deepEqual(core(), before)
    })

    test('a timer forged from bytes, moved or taken for another is -EINVAL, and the real one stays armed', () => {
      const machine = booted()
      const object = load(
        machine,
        objectOf(
          {
            main: [
              start,
              value('r1', 'arr', TIMER_AT),
              map('r2', 'arr'),
              asm.mov('r3', 1),
              asm.call(HELPER.timerInit),
              keep(0),
              value('r1', 'arr', TIMER_AT),
              fn('r2', 'callback'),
              asm.call(HELPER.timerSetCallback),
              keep(8),
              value('r1', 'arr', TIMER_AT),
              asm.mov('r2', 1000),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(16),
              // Bytes written over it; the bytes of it four bytes further; an element that has none; upper bits set.
              value('r6', 'arr', TIMER_AT),
              asm.store(64, 'r6', 0, -1),
              asm.mov('r1', 'r6'),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(24),
              asm.store(64, 'r6', 0, 0),
              asm.mov('r1', 'r6'),
              asm.alu('add', 'r1', 4),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(32),
              asm.mov('r1', 'r6'),
              asm.alu('add', 'r1', 64),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(40),
              asm.loadImmediate('r1', 1n << 32n),
              asm.alu('add', 'r1', 'r6'),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(48),
              asm.mov('r1', 'r10'),
              asm.alu('add', 'r1', -16),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(56),
              map('r1', 'arr'),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              keep(64),
              ...end,
            ],
          },
          { callback: end },
        ),
      )
      const answers = run(object)
      assert.deepEqual([...answers.slice(0, 3)], [0n, 0n, 0n])
      assert.deepEqual([...answers.slice(3, 9)], Array(6).fill(BigInt(-EINVAL)))
      assert.deepEqual(
        machine.timers().map(({ state, expiry }) => [state, expiry]),
        [['armed', machine.clock.start + 1000]],
      )
      machine.clock.advance('1 ms')
      assert.equal(machine.timers()[0]?.runs, 1)
    })

    test('a callback that is a number, or a function of another object, is not called', () => {
      const machine = booted()
      const other = load(
        machine,
        objectOf({ main: [fn('r2', 'theirs'), start, asm.store(64, 'r9', 0, 'r2'), ...end] }, { theirs: end }),
      )
      const [theirs] = run(other)
      const object = load(
        machine,
        objectOf({
          main: [
            start,
            asm.mov('r1', 1),
            asm.load(64, 'r2', 'r9', 0),
            asm.mov('r3', 0),
            asm.mov('r4', 0),
            asm.call(HELPER.loop),
            ...end,
          ],
        }),
      )
      for (const index of [0n, 1n, theirs!, 4096n, 1n << 31n, (1n << 32n) + 1n, 1n << 63n, -1n])
        assert.throws(() => run(object, u64(BigInt.asUintN(64, index))), coded('FAULT_BAD_CALLBACK'), `${index}`)
    })

    test('the header in front of a ring buffer record is not what the consumer believes', () => {
      const machine = booted()
      const reserve = [map('r1', 'ring'), asm.mov('r2', 16), asm.mov('r3', 0), asm.call(HELPER.ringReserve)]
      const object = load(
        machine,
        objectOf({
          main: [
            ...reserve,
            asm.mov('r6', 'r0'),
            asm.store(64, 'r6', -8, -1),
            asm.store(64, 'r6', 0, 1),
            asm.store(64, 'r6', 8, 2),
            asm.store(64, 'r6', 16, -1),
            asm.mov('r1', 'r6'),
            asm.mov('r2', 0),
            asm.call(HELPER.ringSubmit),
            ...end,
          ],
          twice: [
            ...reserve,
            asm.mov('r6', 'r0'),
            asm.mov('r1', 'r6'),
            asm.mov('r2', 0),
            asm.call(HELPER.ringSubmit),
            asm.mov('r1', 'r6'),
            asm.mov('r2', 0),
            asm.call(HELPER.ringDiscard),
            ...end,
          ],
          inside: [
            ...reserve,
            asm.mov('r1', 'r0'),
            asm.alu('add', 'r1', 8),
            asm.mov('r2', 0),
            asm.call(HELPER.ringSubmit),
            ...end,
          ],
          invented: [
            asm.mov('r1', 'r10'),
            asm.alu('add', 'r1', -64),
            asm.mov('r2', 0),
            asm.call(HELPER.ringSubmit),
            ...end,
          ],
        }),
      )
      run(object)
      for (const name of ['twice', 'inside', 'invented'])
        assert.throws(() => run(object, undefined, name), coded('FAULT_BAD_ACCESS'))
      run(object)
      const sizes = (object.maps.ring!.drain() as Uint8Array[]).map(({ length }) => length)
      assert.deepEqual(sizes, [16, 16, 16], 'two of main, the first of twice; what a fault left open is discarded')
    })

    test('calls that nest through callbacks, elements and tail calls come to an end', () => {
      const machine = booted()
      const again = [
        asm.mov('r1', 1 << 20),
        fn('r2', 'nest'),
        asm.mov('r3', 0),
        asm.mov('r4', 0),
        asm.call(HELPER.loop),
        ...end,
      ]
      const walk = [
        map('r1', 'arr'),
        fn('r2', 'walk'),
        asm.mov('r3', 0),
        asm.mov('r4', 0),
        asm.call(HELPER.forEach),
        ...end,
      ]
      const nested = load(machine, objectOf({ main: again, walker: walk }, { nest: again, walk }))
      for (const name of ['main', 'walker'])
        assert.throws(
          () => run(nested, undefined, name),
          (error: { code: string }) => /^FAULT_(STACK_OVERFLOW|LOOP_BUDGET)$/.test(error.code),
        )
      const jumps = load(
        machine,
        objectOf({
          main: [
            start,
            asm.load(64, 'r0', 'r9', 0),
            asm.alu('add', 'r0', 1),
            keep(0),
            asm.mov('r1', 'r9'),
            map('r2', 'programs'),
            asm.mov('r3', 1),
            asm.call(HELPER.tailCall),
            asm.mov('r1', 'r9'),
            map('r2', 'programs'),
            asm.loadImmediate('r3', 1n << 31n),
            asm.call(HELPER.tailCall),
            ...end,
          ],
        }),
      )
      assert.equal(run(jumps)[0], 34n, 'the first run and 33 tail calls')
    })

    test('a loop in a callback is stopped, and the timer storm of another lets programs run', () => {
      const machine = booted()
      const arm = [
        value('r1', 'arr', TIMER_AT),
        map('r2', 'arr'),
        asm.mov('r3', 1),
        asm.call(HELPER.timerInit),
        value('r1', 'arr', TIMER_AT),
        fn('r2', 'callback'),
        asm.call(HELPER.timerSetCallback),
        value('r1', 'arr', TIMER_AT),
        asm.mov('r2', 0),
        asm.mov('r3', 0),
        asm.call(HELPER.timerStart),
      ]
      const endless = load(
        machine,
        objectOf({ main: [...arm, ...end] }, { callback: [asm.label('l'), asm.goto('l'), asm.exit()] }),
      )
      const storm = load(
        machine,
        objectOf(
          { main: [...arm, ...end] },
          {
            callback: [
              asm.mov('r1', 'r3'),
              asm.alu('add', 'r1', TIMER_AT),
              asm.mov('r2', 0),
              asm.mov('r3', 0),
              asm.call(HELPER.timerStart),
              ...end,
            ],
          },
        ),
      )
      const faults: string[] = []
      machine.on('fault', (fault) => faults.push(fault.code))
      run(endless)
      run(storm)
      machine.poll()
      assert.deepEqual(faults, ['FAULT_LOOP_BUDGET'])
      run(endless)
      storm.close()
      machine.poll()
      assert.equal(machine.timers().length, 1)
    })

    test('maps whose keys and values were scribbled over are still walked, emptied and given back', () => {
      const machine = booted()
      const scribble = [
        start,
        asm.load(64, 'r6', 'r9', 0),
        asm.load(64, 'r7', 'r9', 8),
        asm.load(64, 'r8', 'r9', 16),
        asm.label('more'),
        asm.jump('ge', 'r6', 'r7', 'over'),
        asm.store(64, 'r6', 0, 'r8'),
        asm.alu('mul', 'r8', 0x5851f42d),
        asm.alu('add', 'r8', 0x14057b7f),
        asm.alu('add', 'r6', 8),
        asm.goto('more'),
        asm.label('over'),
        ...end,
      ]
      const object = load(machine, objectOf({ main: scribble }))
      const victim = machine.load(flow)
      const { memory } = machine.kernel
      const first = memory.guestBase + (64 << 10) * 2
      for (let seed = 1n; seed < 6n; seed += 1n) {
        for (let port = 0; port < 200; port += 1) {
          const frame = Buffer.from(packet)
          frame.writeUInt16BE(port, 34)
          victim.programs.on_packet!.run({ data: frame, cpu: port & 1 })
        }
        for (const [name, one] of Object.entries({
          hash: object.maps.hash!,
          lru: object.maps.lru!,
          percpuhash: object.maps.percpuhash!,
        }))
          for (let key = 0; key < 4; key += 1)
            one.set(key, name === 'percpuhash' ? [new Uint8Array(64), new Uint8Array(64)] : new Uint8Array(64))
        // The stacks lie below; what runs must not saw off its own branch before it has done its work.
        const words = Math.min(90_000, (memory.guestEnd - first) >> 3)
        run(
          object,
          new Uint8Array(
            BigUint64Array.of(BigInt(first), BigInt(first + 8 * words), seed * 0x9e3779b97f4a7c15n).buffer,
          ),
        )
        for (const one of [object.maps.hash!, object.maps.lru!, object.maps.percpuhash!, victim.maps.flows!]) {
          const keys = one.entriesBytes().map(([key]) => key)
          assert.ok(keys.length <= one.maxEntries)
          for (const key of keys) one.delete(key)
          for (let key = 0; key < 8; key += 1) one.delete(new Uint8Array(one.keySize).fill(key))
        }
        try {
          machine.clock.advance('40 s')
        } catch (error) {
          assert.match((error as { code: string }).code, /^FAULT_/)
        }
      }
      victim.close()
      object.close()
      // The grace period of the map in a map begins when that of the outer one is over.
      for (const time of ['1 s', '1 s'] as const) machine.clock.advance(time)
      const { timers, mapsWaiting } = machine.stats()
      assert.deepEqual(
        { ...timers, mapsWaiting },
        { capacity: timers.capacity, free: timers.capacity, lost: 0, mapsWaiting: 0 },
      )
      const fresh = machine.load(flow)
      assert.equal(fresh.programs.on_packet!.run({ data: packet }).retval, 2)
      assert.equal(fresh.maps.flows!.entries().length, 1)
    })
  })
