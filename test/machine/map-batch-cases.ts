// The batch commands of user space as cases, with what each step answered on Linux 6.18. The maps are those of
// host-maps.bpf.c.
import { HASHES, each, same, walk, type MapCase } from './map-case.js'

export const mapBatchCases: MapCase[] = [
  {
    name: 'lookup batch of an array: its end is seen by the batch that finds nothing more',
    steps: async (s) => [
      await s.set('array', 2, 9),
      await s.lookupBatch('array', 3),
      await s.lookupBatch('array', 3, { more: true }),
      await s.lookupBatch('array', 4),
      await s.lookupBatch('array', 4, { more: true }),
      await s.lookupBatch('array', 0),
    ],
    answers: [
      '',
      [
        [
          [0, 0],
          [1, 0],
          [2, 9],
        ],
        '',
      ],
      [[[3, 0]], 'ENOENT'],
      [
        [
          [0, 0],
          [1, 0],
          [2, 9],
          [3, 0],
        ],
        '',
      ],
      [[], 'ENOENT'],
      [[], ''],
    ],
  },
  {
    name: 'lookup batch of a hash map: ENOENT with the last elements',
    steps: (s) =>
      each(HASHES, async (map) => [
        await s.lookupBatch(map, 4),
        await s.set(map, 2, 20),
        await s.set(map, 1, 10),
        await s.lookupBatch(map, 4),
        await s.lookupBatch(map, 0),
        await s.set(map, 3, 30),
        await s.set(map, 4, 40),
        await s.lookupBatch(map, 4),
      ]),
    answers: same(HASHES, [
      [[], 'ENOENT'],
      '',
      '',
      [
        [
          [1, 10],
          [2, 20],
        ],
        'ENOENT',
      ],
      [[], ''],
      '',
      '',
      [
        [
          [1, 10],
          [2, 20],
          [3, 30],
          [4, 40],
        ],
        'ENOENT',
      ],
    ]),
  },
  {
    name: 'lookup-and-delete batch empties a hash map; arrays have none',
    steps: async (s) => [
      ...(await each(HASHES, async (map) => [
        await s.updateBatch(map, [
          [1, 10],
          [2, 20],
          [3, 30],
        ]),
        await s.takeBatch(map, 4),
        await walk(s, map),
        await s.takeBatch(map, 4),
      ])),
      await s.takeBatch('array', 4),
    ],
    answers: [
      ...same(HASHES, [
        ['', 3],
        [
          [
            [1, 10],
            [2, 20],
            [3, 30],
          ],
          'ENOENT',
        ],
        [],
        [[], 'ENOENT'],
      ]),
      'ENOTSUPP',
    ],
  },
  {
    name: 'update batch ends at the first failure and counts what is done',
    steps: async (s) => [
      await s.updateBatch(
        'hash',
        [1, 2, 3, 4, 5, 6].map((key) => [key, key]),
      ),
      await walk(s, 'hash'),
      await s.updateBatch('array', [
        [0, 1],
        [3, 2],
        [9, 3],
        [1, 4],
      ]),
      await s.lookupBatch('array', 4),
      (await s.updateBatch('array', [[0, 1]], true))[0],
      await s.updateBatch(
        'locked_array',
        [
          [0, 1],
          [1, 2],
        ],
        true,
      ),
      await s.get('locked_array', 1),
    ],
    answers: [
      ['E2BIG', 4],
      [1, 2, 3, 4],
      ['E2BIG', 2],
      [
        [
          [0, 1],
          [1, 0],
          [2, 0],
          [3, 2],
        ],
        '',
      ],
      'EINVAL',
      ['', 2],
      2,
    ],
  },
  {
    name: 'delete batch ends at the first key that is not there; arrays have none',
    steps: async (s) => [
      ...(await each(HASHES, async (map) => [
        await s.updateBatch(map, [
          [1, 1],
          [2, 2],
          [3, 3],
        ]),
        await s.deleteBatch(map, [3, 1, 9, 2]),
        await walk(s, map),
        await s.deleteBatch(map, [2]),
        await s.deleteBatch(map, []),
      ])),
      (await s.deleteBatch('array', [1]))[0],
    ],
    answers: [...same(HASHES, [['', 3], ['ENOENT', 2], [2], ['', 1], ['', 0]]), 'ENOTSUPP'],
  },
  {
    name: 'a delete batch stops the timers of what it deletes',
    timed: true,
    steps: async (s) => [
      await s.set('timed_hash', 1, 0),
      await s.run('arm_hash'),
      await s.deleteBatch('timed_hash', [1]),
      await s.set('timed_hash', 1, 0),
      await s.wait(300),
      await s.get('timed_hash', 1),
    ],
    answers: ['', 0, ['', 1], '', undefined, 0],
  },
]
