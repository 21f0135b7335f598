// `skep types`: what it writes is what load() gives. The two written modules in test/machine are compiled with the
// tests that use them (typed-objects.test.ts), so a text that does not compile, or is of other types, fails the build.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { readObject } from '../../src/index.js'
import { shapeOf } from '../../src/object/btf-shape.js'
import type { Btf } from '../../src/object/btf.js'
import { declarationText } from '../../src/report/declaration.js'
import { skep, succeeding } from './skep.js'

const file = (path: string): URL => new URL(`../../../${path}`, import.meta.url)

test('the types of an object are written as a module, the same each time', async () => {
  const flow = 'examples/flow-timeout/flow-timeout.bpf.o'
  assert.equal(await succeeding(['types', flow]), readFileSync(file('test/machine/flow-timeout.types.ts'), 'utf8'))
  const kinds = declarationText(await readObject(file('test/map/kinds.bpf.o')))
  assert.equal(kinds, readFileSync(file('test/machine/kinds.types.ts'), 'utf8'))
  const records = await succeeding(['types', '--record', 'opened', 'test/map/records.bpf.o'])
  assert.equal(records, readFileSync(file('test/map/records.types.ts'), 'utf8'))
})

test('formats of bpf_printk are no variables that somebody names', async () => {
  const spec = await readObject(file('test/programs/firewall.bpf.o'))
  const formats = [...spec.variables.keys()].filter((name) => name.includes('____fmt'))
  assert.ok(formats.length > 0)
  const variables = declarationText(spec).split('\n  variables: {')[1]!
  for (const name of formats) assert.ok(!variables.includes(name), name)
  assert.ok([...spec.variables.keys()].some((name) => variables.includes(`    ${name}: `)))
})

test('a missing file, an object without BTF and an output that cannot be written are errors in words', async () => {
  for (const [args, message] of [
    [['nothing-here.bpf.o'], /^skep: cannot read object file 'nothing-here\.bpf\.o'/],
    [['test/fixtures/calls.nobtf.bpf.o'], /^skep: object 'calls\.nobtf' has no BTF, .*compile it with -g\n$/],
    [['test/map/kinds.bpf.o', '--record', 'evnt'], /^skep: --record: the BTF of object 'kinds' has no struct 'evnt'/],
    [['test/map/kinds.bpf.o', '-o', 'no-such-folder/types.ts'], /^skep: cannot write 'no-such-folder\/types\.ts'/],
  ] as const) {
    const { code, stdout, stderr } = await skep(['types', ...args])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, message)
  }
})

/** Fails unless a decoded value is of the type that its declaration has. */
function agree(btf: Btf, id: number, value: unknown, path: string): void {
  const shape = shapeOf(btf, id)
  if (shape.kind === 'array') {
    assert.ok(Array.isArray(value) && (value.length === 0) === shape.empty, path)
    value.forEach((one) => agree(btf, shape.element, one, `${path}[]`))
  } else if (shape.kind === 'object') {
    assert.ok(typeof value === 'object' && value !== null, path)
    assert.deepEqual(Object.keys(value).sort(), [...new Set(shape.members.map(({ name }) => name))].sort(), path)
    for (const { name, type } of shape.members)
      agree(btf, type, (value as Record<string, unknown>)[name], `${path}.${name}`)
  } else assert.equal(typeof value, shape.kind, path)
}

for (const path of ['test/fixtures/types.bpf.o', 'test/fixtures/special-fields.bpf.o', 'test/map/kinds.bpf.o'])
  test(`decoded values of every type of ${path} are of the types that are declared`, async () => {
    const { btf } = await readObject(file(path))
    assert.ok(btf)
    // The section of kfuncs has no values.
    const ids = btf.types.flatMap(({ name }, id) =>
      name !== '.ksyms' && btf.hasSize(id) && btf.sizeOf(id) <= 4096 ? [id] : [],
    )
    assert.ok(ids.length > 5)
    for (const id of ids)
      fc.assert(
        fc.property(fc.uint8Array({ minLength: btf.sizeOf(id), maxLength: btf.sizeOf(id) }), (bytes) => {
          if (shapeOf(btf, id).kind === 'none') assert.throws(() => btf.decode(id, bytes), { code: 'BAD_TYPE' })
          else agree(btf, id, btf.decode(id, bytes), btf.name(id))
        }),
        { numRuns: 5 },
      )
  })
