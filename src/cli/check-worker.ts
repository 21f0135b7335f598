// A thread of `skep check`: takes names of subjects, one at a time, and sends back what was found.
import { check } from '../explore/check.js'
import type { Checked } from '../explore/check.js'
import { entryNamed } from '../explore/subjects/catalogue.js'
import { serve } from '../explore/threads.js'
import type { Reached } from '../report/check-text.js'
import type { Task } from './check-pool.js'

serve<Task, Checked, Reached>(({ protocol, name, options }, progress) =>
  check(entryNamed(protocol, name)!, { ...options, progress }),
)
