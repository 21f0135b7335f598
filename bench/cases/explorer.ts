// The explorer: transitions of complete searches a second, on as many threads as `skep check` takes by itself.
import { availableParallelism } from 'node:os'
import { running, type Theme } from '../case.js'
import { checkAll } from '../../src/cli/check-pool.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'

/** What one figure explores: searches that take seconds, not the many that end at once. */
const SUBJECTS = ['hazard/H12', 'hazard/H37/own-nmi']
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
      note: `subjects ${SUBJECTS.join(' and ')} with an NMI at every step, ${MILLISECONDS / 1000} s at most for each`,
      on: {
        skep: async () => {
          const { chosen } = select(entriesOf('shipped'), SUBJECTS, ['nmi'])
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
