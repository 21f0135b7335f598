// The explorer: transitions of complete searches a second, on as many threads as `skep check` takes by itself.
import { availableParallelism } from 'node:os'
import { running, type Theme } from '../case.js'
import { checkAll } from '../../src/cli/check-pool.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'

/**
 * What one figure explores: the longest search by itself and the others on a second thread. What counts is the steps of
 * each subject's last search; the steps of those before it, from which it learnt, and the start of the threads are in
 * the time only.
 */
const SUBJECTS = ['hazard/H30', 'hazard/H26/two', 'hazard/H18/void', 'hazard/H14/three']
const MILLISECONDS = 4000

export const explorer: Theme = {
  title: 'Explorer',
  cases: [
    {
      name: 'explorer: transitions',
      unit: 'M/s',
      better: 'more',
      repetitions: 3,
      reach: [{ atLeast: 2 }],
      note: `subjects ${SUBJECTS.join(', ')}; ${MILLISECONDS / 1000} s at most for each`,
      on: {
        skep: async () => {
          const entries = entriesOf('shipped')
          const chosen = SUBJECTS.flatMap((name) => select(entries, [name], []).chosen)
          const nothing = (): void => {}
          return running(async () => {
            const begin = performance.now()
            const options = { maxMilliseconds: MILLISECONDS }
            const checked = await checkAll(chosen, options, availableParallelism(), nothing, nothing)
            const transitions = checked.reduce((sum, { transitions }) => sum + transitions, 0)
            return transitions / (performance.now() - begin) / 1000
          })
        },
      },
    },
  ],
}
