// Dominator trees of random graphs are those of the definition.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findDominators, traverse } from '../../src/jit/dominators.js'

/** What 0 reaches without going through `removed`. */
function reached(edges: readonly (readonly number[])[], removed: number): Set<number> {
  const seen = new Set<number>()
  const waiting = removed === 0 ? [] : [0]
  for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
    if (seen.has(block) || block === removed) continue
    seen.add(block)
    waiting.push(...edges[block]!)
  }
  return seen
}

test('dominators are those of the definition: what cannot be reached without them', () => {
  const graphs = fc
    .integer({ min: 1, max: 14 })
    .chain((count) => fc.array(fc.array(fc.nat(count - 1), { maxLength: 3 }), { minLength: count, maxLength: count }))
  fc.assert(
    fc.property(graphs, (edges) => {
      const successorsOf = (block: number): readonly number[] => edges[block]!
      const traversal = traverse(edges.length, successorsOf)
      const found = findDominators(edges.length, traversal, successorsOf)
      const all = reached(edges, -1)
      assert.deepEqual(new Set(traversal.order), all)
      const without = edges.map((_, removed) => reached(edges, removed))
      edges.forEach((_, block) => {
        if (!all.has(block)) assert.equal(found[block], -1)
        else if (block === 0) assert.equal(found[block], 0)
        else {
          const strict = edges
            .map((__, above) => above)
            .filter((above) => above !== block && all.has(above) && !without[above]!.has(block))
          // The immediate one is dominated by all the others.
          const nearest = strict.filter((above) =>
            strict.every((other) => other === above || !without[other]!.has(above)),
          )
          assert.deepEqual([found[block]], nearest)
        }
      })
    }),
    { numRuns: 1000 },
  )
})

test('a chain in which every block may leave to the same end takes no quadratic time', () => {
  const count = 200_000
  const successorsOf = (block: number): readonly number[] =>
    block === count - 1 ? [] : [block + 1 === count - 1 ? count - 1 : block + 1, count - 1]
  const traversal = traverse(count, successorsOf)
  const found = findDominators(count, traversal, successorsOf)
  assert.equal(found[count - 1], 0)
  assert.equal(found[count - 2], count - 3)
})
