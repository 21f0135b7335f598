// CO-RE relocations against given types. The numbers were compared with libbpf 1.1.2: the same objects loaded with
// btf_custom_path, instruction by instruction, and run by the kernel.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import type { BtfType } from '../../src/object/btf-types.js'
import { parseAccess } from '../../src/object/core-access.js'
import { relocateCore } from '../../src/object/core-relocations.js'
import { essentialName, KernelBtf } from '../../src/object/kernel-btf.js'
import { fixtureBytes, readFixture } from './fixture.js'

/** What the program `ask` answers, in its order. */
const RESULTS = {
  'core-kernel': [
    0, 4, 1, 1, 16, 21, 8, 24, 4, 61, 61, 52, 55, 1, 8, 1, 0, 4, 24, 52, 1, 0, 1, 48, 0, 0, 1, 0, 1, 1, 0, 0, 1, 1, 5,
    0, 0, 7, 7,
  ],
  'core-kernel.later': [
    32, 8, 1, 1, 44, 49, 32, 80, 8, 53, 53, 24, 24, 1, 8, 0, 0, 8, 32, 104, 1, 1, 1, 112, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1,
    -20, 1, 1, 30, 7, 0,
  ],
}

for (const object of ['core-asks', 'core-asks.c16', 'core-asks.c22'])
  for (const [kernel, expected] of Object.entries(RESULTS))
    test(`${object} gets from ${kernel} what libbpf gets`, () => {
      using machine = boot.virtual()
      const loaded = machine.load(fixtureBytes(object), { btf: fixtureBytes(kernel) })
      const { retval } = loaded.programs['ask']!.run({ data: new Uint8Array(64) })
      assert.equal(retval, expected.length)
      const results = loaded.variables['results']!.get() as bigint[]
      assert.deepEqual(results.slice(0, retval).map(Number), expected)
    })

const LOST = '<invalid CO-RE relocation> failed to resolve CO-RE relocation <byte_off>'

test('what is missing and reached is refused in the words of libbpf, and is a fault if the checks are off', () => {
  using machine = boot.virtual()
  const object = fixtureBytes('core-asks')
  const btf = fixtureBytes('core-kernel')
  assert.throws(() => machine.load(object, { btf, programs: ['lost'] }), {
    code: 'REFUSED',
    message: new RegExp(
      `function 'lost', instruction \\d+ \\(.*core-asks.bpf.c:\\d+\\): EINVAL: ${LOST} \\[\\d+\\] struct gone.field \\(0:0 @ offset 0\\)`,
    ),
  })
  const loaded = machine.load(object, { btf, programs: ['lost'], checks: false })
  assert.throws(() => loaded.programs['lost']!.run({ data: new Uint8Array(64) }), { code: /^FAULT_/ })
})

test('a signed field that has another width is refused, one that has the same is read', () => {
  using machine = boot.virtual()
  const object = fixtureBytes('core-asks')
  const programs = ['resized']
  machine.load(object, { btf: fixtureBytes('core-kernel'), programs })
  assert.throws(() => machine.load(object, { btf: fixtureBytes('core-kernel.later'), programs }), {
    code: 'REFUSED',
    message: new RegExp(`${LOST} \\[\\d+\\] struct task.balance_sum`),
  })
})

test('candidates that disagree are refused by name', () => {
  const spec = relocateCore(readFixture('core-asks'), new KernelBtf(fixtureBytes('core-kernel.twice'), 'twice'))
  assert.match(
    spec.unsupported[0]!,
    /^function 'ask', instruction \d+: CO-RE relocation <byte_off> \[\d+\] struct task.state \(0:1 @ offset 4\): field offset ambiguity: \d+ != \d+$/,
  )
})

test('the same spec can be resolved against one kernel after another', () => {
  const spec = readFixture('core-asks')
  const [one, other] = ['core-kernel', 'core-kernel.later'].map((name) => new KernelBtf(fixtureBytes(name), name))
  const first = relocateCore(spec, one!)
  const later = relocateCore(spec, other!)
  assert.notDeepEqual(first.functions.get('ask')!.code, later.functions.get('ask')!.code)
  assert.deepEqual(relocateCore(spec, one!).functions.get('ask')!.code, first.functions.get('ask')!.code)
  assert.deepEqual(spec.functions.get('ask')!.code, readFixture('core-asks').functions.get('ask')!.code)
})

test('without given types flavours are refused, and the message says what to do', () => {
  using machine = boot.virtual()
  assert.throws(() => machine.load(fixtureBytes('core-asks')), {
    code: 'UNSUPPORTED',
    message: /struct task___old.state_then .*asks about another kernel's types, and none are given \(btf, --btf\)/,
  })
})

test("the host's types are used if it has any, else that is said", () => {
  using machine = boot.virtual()
  const load = () => machine.load(fixtureBytes('core-relocations'), { btf: 'host' })
  // Its structs are in no kernel.
  if (existsSync('/sys/kernel/btf/vmlinux')) assert.throws(load, { code: 'REFUSED', message: /struct tree/ })
  else assert.throws(load, { code: 'FILE', message: /this machine has no kernel BTF/ })
})

test('types that cannot be read are an error with its place', () => {
  using machine = boot.virtual()
  const object = fixtureBytes('core-asks')
  const kernel = fixtureBytes('core-kernel')
  assert.throws(() => machine.load(object, { btf: 'no such file' }), { code: 'FILE', message: /no such file/ })
  assert.throws(() => machine.load(object, { btf: Buffer.from('not BTF') }), { code: 'BAD_BTF', message: /magic/ })
  for (const length of [3, 40, 100, 1000, kernel.length - 10])
    assert.throws(() => machine.load(object, { btf: kernel.slice(0, length) }), {
      code: 'BAD_BTF',
      message: /offset 0x/,
    })
})

test('a way that leads into an unnamed bitfield fits no type', () => {
  const bits = { name: 'unsigned int', size: 4, signed: false, bool: false, bitOffset: 0, bits: 32 } as const
  const all: BtfType[] = [
    { kind: 'void', name: '' },
    { kind: 'int', ...bits },
    {
      kind: 'struct',
      name: 'flags',
      size: 4,
      members: [
        { name: 'low', type: 1, bitOffset: 0, bits: 3 },
        { name: '', type: 1, bitOffset: 3, bits: 5 },
      ],
    },
  ]
  const types = { type: (id: number) => all[id]!, resolve: (id: number) => id, sizeOf: () => 4 }
  assert.equal(parseAccess(types, 2, '0:0', 'byte_off')?.bitOffset, 0)
  assert.equal(parseAccess(types, 2, '0:1', 'byte_off'), undefined)
})

test('flavours are cut off a name where libbpf cuts them off', () => {
  for (const [name, essential] of [
    ['task___old', 'task'],
    ['task', 'task'],
    ['___x', '___x'],
    ['task___', 'task___'],
    ['a____b', 'a____b'],
    ['a___b___c', 'a___b'],
    ['a___b____c', 'a'],
  ] as const)
    assert.equal(essentialName(name), essential)
})

test(
  "a kernel's types are found by name among all of them",
  { skip: !existsSync('/sys/kernel/btf/vmlinux') && 'no kernel BTF here' },
  () => {
    const btf = new KernelBtf(new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')), 'vmlinux')
    const kinds = btf.named('task_struct').map((id) => btf.type(id).kind)
    assert.ok(kinds.includes('struct'), kinds.join())
    assert.deepEqual(btf.named('no such type'), [])
  },
)
