// Measures themes, one case after the other, and judges what they were to reach. Used by run.ts and by the smoke test.
import type { SubjectName, Theme } from './case.js'
import { geometricMean, judge, measure, type Row } from './measure.js'
import type { Bench } from './systems/bench.js'

export interface SuiteOptions {
  repetitions: number
  /** Only these subjects; all that there are if not given. */
  only?: readonly SubjectName[]
  /** Hears of every row when it is complete. */
  hear?: (row: Row) => void
}

/** Rows in the order of the cases. A goal may compare with a case that comes before its own. */
export async function measureThemes(themes: readonly Theme[], bench: Bench, options: SuiteOptions): Promise<Row[]> {
  const rows: Row[] = []
  const hear = (row: Row): void => {
    rows.push(row)
    options.hear?.(row)
  }
  for (const theme of themes) {
    for (const one of theme.cases) {
      const row = await measure(theme.title, one, bench, options)
      judge(one.reach ?? [], row, rows)
      hear(row)
    }
    const mean = geometricMean(theme, rows)
    if (mean) {
      judge(theme.mean?.reach ?? [], mean, rows)
      hear(mean)
    }
  }
  return rows
}
