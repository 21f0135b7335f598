// LPM tries under stress: prefixes that lie under each other or part, and more of them than the trie holds.
import { BPF_ANY, BPF_EXIST, BPF_F_NO_PREALLOC, BPF_NOEXIST, MAP_TYPE_LPM_TRIE } from '../../../core/abi.js'
import {
  atRest,
  check,
  contents,
  lookup,
  model,
  next,
  prefix,
  remove,
  update,
} from '../../../src/explore/subjects/trie-stage.js'
import type { Held, Laid, TrieMap } from '../../../src/explore/subjects/trie-stage.js'
import type { Structure } from './structure.js'

const ENTRIES = 3
const PREFIXES = ['', '1', '10', '110', '1100'].map(prefix)
const ADDRESSES = ['11000000', '10000000', '00000000'].map(prefix)

export const trie: Structure<TrieMap, Held> = {
  create(machine) {
    const attributes = { keySize: 5, valueSize: 4, entries: ENTRIES, flags: BPF_F_NO_PREALLOC, timer: -1 }
    const { address } = machine.arrayMap({ type: MAP_TYPE_LPM_TRIE, ...attributes })
    return { map: address, maxEntries: ENTRIES }
  },
  model: (at) => model(at, []),
  shown: (held) =>
    `{${held.map(([key, value]) => `${(key & 255).toString(2).padStart(8, '0')}/${key >> 8}: ${value}`).join(', ')}}`,
  part(map, { thread, cpu, memory, perform }) {
    const at = { ...map, place: () => memory }
    return {
      operate() {
        const where = thread.pick(PREFIXES)
        const set = (flags: number): Laid => update(at, '', 0, where, thread.below(100), flags)
        const { lay, operation } = thread.pick([
          () => set(BPF_ANY),
          () => set(thread.pick([BPF_ANY, BPF_NOEXIST, BPF_EXIST])),
          () => remove(at, '', 0, where),
          () => lookup(at, '', 0, thread.pick(ADDRESSES)),
          () => next(at, '', 0, where),
        ])()
        lay(cpu)
        perform(operation)
      },
      state: (view) => contents(map, view),
      wrong: (view) => check(map)(view) ?? atRest(map)(view),
    }
  },
}
