// Takes the figures: the subjects of a case take turns, so that what disturbs the machine disturbs all of them.
import { median, type Case, type Running } from './cases.js'
import type { Subject } from './subject.js'

export interface Figure {
  subject: string
  /** In the case's unit. */
  median: number
  /** Half of the figures lie between these two. */
  quartiles: [number, number]
  figures: number[]
}

export interface Row {
  name: string
  unit: string
  figures: Figure[]
  /** Why a subject has no figure here. */
  absent: { subject: string; reason: string }[]
}

export async function measure(bench: Case, subjects: readonly Subject[], repetitions: number): Promise<Row> {
  const row: Row = { name: bench.name, unit: bench.unit, figures: [], absent: [] }
  const running: { subject: Subject; run: Running; figures: number[] }[] = []
  const giveUp = (subject: Subject, error: unknown) =>
    row.absent.push({ subject: subject.name, reason: error instanceof Error ? error.message : String(error) })

  for (const subject of subjects)
    try {
      running.push({ subject, run: await bench.start(subject), figures: [] })
    } catch (error) {
      giveUp(subject, error)
    }
  for (let turn = 0; turn < repetitions; turn++)
    for (const one of [...running])
      try {
        one.figures.push(await one.run.measure())
      } catch (error) {
        giveUp(one.subject, error)
        running.splice(running.indexOf(one), 1)
        await one.run.end()
      }
  for (const { subject, run, figures } of running) {
    await run.end()
    const sorted = [...figures].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
    row.figures.push({ subject: subject.name, median: median(sorted), quartiles: [at(0.25), at(0.75)], figures })
  }
  return row
}
