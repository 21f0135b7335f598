// The map commands of user space as cases that can be asked of every kind of machine, and of a kernel: what is done,
// and what each step answered on Linux 6.18. The maps are those of host-maps.bpf.c. An answer is a value, undefined for
// a key that is not there, or the name of an errno.

import { HASHES, each, same, walk, type MapCase } from './map-case.js'
import { mapBatchCases } from './map-batch-cases.js'

const singleCases: MapCase[] = [
  {
    name: 'lookup and delete gives the last value and takes the key away; arrays have none',
    steps: async (s) => [
      ...(await each(HASHES, async (map) => [
        await s.take(map, 1),
        await s.set(map, 1, 77),
        await s.take(map, 1),
        await s.get(map, 1),
        await s.take(map, 1),
      ])),
      await s.take('array', 1),
      await s.take('percpu_array', 1),
      await s.set('locked_hash', 3, 5),
      await s.take('locked_hash', 3),
    ],
    answers: [...same(HASHES, [undefined, '', 77, undefined, undefined]), 'ENOTSUPP', 'ENOTSUPP', '', 5],
  },
  {
    name: 'lookup and delete of an armed element stops its timer',
    timed: true,
    steps: async (s) => [
      await s.set('timed_hash', 1, 0),
      await s.run('arm_hash'),
      await s.take('timed_hash', 1),
      await s.set('timed_hash', 1, 0),
      await s.wait(300),
      await s.get('timed_hash', 1),
      await s.run('arm_array'),
      await s.take('timed_array', 1),
      await s.wait(300),
      await s.get('timed_array', 1),
    ],
    answers: ['', 0, 0, '', undefined, 0, 0, 'ENOTSUPP', undefined, 1],
  },
  {
    name: 'the next key: every key once; arrays start again behind an index that they do not have',
    steps: async (s) => [
      ...(await each(HASHES, async (map) => {
        const empty = await s.next(map)
        for (const key of [11, 5, 8]) await s.set(map, key, key)
        return [empty, await walk(s, map)]
      })),
      await walk(s, 'array'),
      await s.next('array', 3),
      await s.next('array', 77),
    ],
    answers: [...same(HASHES, [undefined, [11, 5, 8].sort()]), [0, 1, 2, 3], undefined, 0],
  },
  {
    name: 'a frozen map is written by programs only',
    steps: async (s) => [
      await s.set('hash', 1, 5),
      await s.freeze('hash'),
      await s.freeze('hash'),
      await s.set('hash', 1, 6),
      await s.delete('hash', 1),
      await s.take('hash', 1),
      (await s.updateBatch('hash', [[1, 1]]))[0],
      (await s.deleteBatch('hash', [1]))[0],
      await s.takeBatch('hash', 4),
      await s.run('bump'),
      await s.get('hash', 1),
      await s.lookupBatch('hash', 4),
      await s.freeze('array'),
      await s.set('array', 1, 6),
    ],
    answers: ['', '', 'EPERM', ...same([1, 2, 3, 4, 5, 6], ['EPERM']).flat(), 6, 6, [[[1, 6]], 'ENOENT'], '', 'EPERM'],
  },
  {
    name: 'maps whose values hold timers or a spin lock cannot be frozen',
    steps: (s) =>
      each(['timed_array', 'timed_hash', 'locked_array', 'locked_hash'], async (map) => [
        await s.freeze(map),
        await s.set(map, 1, 3),
      ]),
    answers: same([1, 2, 3, 4], ['ENOTSUPP', '']),
  },
  {
    name: 'BPF_F_LOCK reads and writes values that have a spin lock, and no others',
    steps: async (s) => [
      await s.set('locked_array', 1, 4, { lock: true }),
      await s.get('locked_array', 1, true),
      await s.set('locked_array', 9, 4, { lock: true }),
      await s.set('locked_array', 1, 4, { lock: true, flag: 'noexist' }),
      await s.get('locked_hash', 1, true),
      await s.set('locked_hash', 1, 5, { lock: true, flag: 'exist' }),
      await s.set('locked_hash', 1, 6, { lock: true, flag: 'noexist' }),
      await s.set('locked_hash', 1, 7, { lock: true }),
      await s.get('locked_hash', 1, true),
      await s.lookupBatch('locked_hash', 4, { lock: true }),
      ...(await each(['array', 'hash', 'lru', 'percpu_array', 'percpu_hash', 'timed_hash'], async (map) => [
        await s.get(map, 1, true),
        await s.set(map, 1, map.startsWith('percpu') ? [1, 1] : 1, { lock: true }),
        await s.lookupBatch(map, 4, { lock: true }),
      ])),
    ],
    perCpu: true,
    answers: [
      '',
      4,
      'E2BIG',
      'EEXIST',
      undefined,
      'ENOENT',
      '',
      '',
      7,
      [[[1, 7]], 'ENOENT'],
      ...same([1, 2, 3, 4, 5, 6], ['EINVAL', 'EINVAL', 'EINVAL']),
    ],
  },
  {
    name: 'BPF_F_LOCK in the helper: with a spin lock in the value, and without',
    steps: async (s) => [
      await s.run('update_locked'),
      await s.get('locked_array', 1),
      await s.run('turn'),
      await s.get('locked_array', 1, true),
      await s.run('update_plain_locked'),
    ],
    answers: [0, 8, 0, 9, -22],
  },
  {
    name: 'arrays with BPF_F_MMAPABLE are memory, others are not',
    steps: async (s) => [
      ...(await each(['mapped', 'mapped_timed', 'mapped_const', 'array', 'hash', 'percpu_array'], async (map) => [
        await s.memory(map, 'r'),
        await s.memory(map, 'w'),
      ])),
      await s.memory('readable', 'w'),
      await s.memory('writable', 'w'),
      await s.memory('writable', 'r'),
      await s.freeze('mapped'),
      await s.memory('mapped', 'r'),
      await s.memory('mapped', 'w'),
    ],
    answers: [
      ['', ''],
      ['ENOTSUPP', 'ENOTSUPP'],
      ['', 'EACCES'],
      ['EINVAL', 'EINVAL'],
      ['ENOTSUPP', 'ENOTSUPP'],
      ['ENOTSUPP', 'ENOTSUPP'],
      'EACCES',
      'EACCES',
      'EACCES',
      '',
      '',
      'EPERM',
    ],
  },
  {
    name: 'handles with BPF_F_RDONLY read, with BPF_F_WRONLY write',
    steps: async (s) => [
      await s.get('readable', 1),
      await s.set('readable', 1, 1),
      await s.delete('readable', 1),
      await s.take('readable', 1),
      await s.takeBatch('readable', 4),
      await s.lookupBatch('readable', 4),
      await s.next('readable'),
      await s.freeze('readable'),
      await s.set('writable', 1, 1),
      await s.set('writable', 1, 1, { flag: 'noexist' }),
      await s.get('writable', 1),
      await s.next('writable'),
      await s.take('writable', 1),
      await s.lookupBatch('writable', 4),
      await s.delete('writable', 1),
      await s.delete('writable', 1),
      await s.freeze('writable'),
      await s.set('writable', 1, 1),
    ],
    answers: [
      undefined,
      ...['EPERM', 'EPERM', 'EPERM', 'EPERM'],
      [[], 'ENOENT'],
      undefined,
      'EPERM',
      '',
      'EEXIST',
      ...['EPERM', 'EPERM', 'EPERM', 'EPERM'],
      '',
      'ENOENT',
      '',
      'EPERM',
    ],
  },
  {
    name: 'per-CPU maps take and give a value for each CPU, in batches too',
    perCpu: true,
    steps: async (s) => [
      ...(await each(['percpu_hash', 'percpu_lru'], async (map) => [
        await s.set(map, 7, [1, 2]),
        await s.updateBatch(map, [
          [8, [3, 4]],
          [7, [5, 6]],
        ]),
        await s.get(map, 7),
        await s.take(map, 8),
        await s.takeBatch(map, 4),
        await s.get(map, 7),
      ])),
      await s.updateBatch('percpu_array', [
        [1, [1, 2]],
        [3, [3, 4]],
      ]),
      await s.lookupBatch('percpu_array', 4),
    ],
    answers: [
      ...same([1, 2], ['', ['', 2], [5, 6], [3, 4], [[[7, [5, 6]]], 'ENOENT'], undefined]),
      ['', 2],
      [
        [
          [0, [0, 0]],
          [1, [1, 2]],
          [2, [0, 0]],
          [3, [3, 4]],
        ],
        '',
      ],
    ],
  },
]

export const mapCases: MapCase[] = [...singleCases, ...mapBatchCases]
