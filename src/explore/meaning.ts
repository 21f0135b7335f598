// What a violation means for somebody who uses the code, by the words of its message.

const MEANINGS: [RegExp, string][] = [
  [/^deadlock/, 'Nobody can go on: a CPU waits for something that no other CPU will ever do.'],
  [/^livelock|cycle in which no operation ends/, 'CPUs can keep each other busy for ever: there is no bound on the steps of these operations (contract G7).'],
  [/races with CPU/, 'A plain access comes right beside another CPU’s access to the same word: it may see or leave anything.'],
  [/freed memory|unloaded|freed code/, 'Use after free (contract G1): on real threads this reads or calls whatever lies there by then.'],
  [/LOST/, 'A lost timer (contract G5): it is armed, and nothing will ever fire it.'],
  [/references|leak|comes? back/, 'The books do not balance (contract G2, G3): a reference was dropped twice, or something is never freed.'],
  [/results? .*order|no order/, 'Not linearizable (contract G6): no order of the operations, one after another, gives these results.'],
  [/steps/, 'An operation took more steps than a bounded one may (contract G7). A loop that waits for others says so: cpu.retry(), cpu_relax() in C.'],
  [/two callbacks/, 'One timer’s callback runs twice at the same time.'],
  [/callback/, 'A callback runs, or stays bound, that was to be gone (contract G4).'],
] // prettier-ignore

/** One sentence on what a violation means, or nothing if its message says it all. */
export const meaningOf = (message: string): string | undefined =>
  MEANINGS.find(([pattern]) => pattern.test(message))?.[1]
