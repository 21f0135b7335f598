// A subject must hold, completely explored; else its interleaving is the failure's message.
import assert from 'node:assert/strict'
import { explore, printReport } from '../../src/explore/index.js'
import type { Subject } from '../../src/explore/index.js'

export function holds(subject: Subject): void {
  const report = explore(subject)
  if (report.failure || !report.complete) assert.fail(printReport(subject.name, report))
}
