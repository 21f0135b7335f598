// Queues, stacks and bloom filters under the explorer: the named subjects `queue/…`, `stack/…`, `bloom/…`.
import { test } from 'node:test'
import type { Variant } from '../../src/explore/subjects/entry.js'
import { hold, named } from './named.js'

// A part of the named subjects: `npm run check` explores them all.
const FAMILIES: [name: string, patterns: string[], variants: Variant[]][] = [
  ['any two operations on two CPUs', ['queue/1-of-1', 'stack/1-of-2'], ['plain']],
  ['any operation as an NMI at any step of any other', ['queue/1-of-1'], ['nmi']],
  ['any operation beside a CPU that stops for ever at any step of any other', ['stack/2-of-2'], ['stop']],
  ['a cell that is handed out again misleads nobody', ['queue/reuse-1/p*', 'stack/reuse-1/peek'], []],
  ['three operations on three CPUs', ['queue/three/push'], []],
  ['bloom filter: what was added is found', ['bloom'], []],
]

for (const [name, patterns, variants] of FAMILIES)
  test(name, (t) => {
    const entries = named(patterns, variants)
    t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
  })
