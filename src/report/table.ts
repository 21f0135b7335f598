// Columns of text that line up. Knows nothing of what it prints.

// Escape sequences take no room on the screen.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;]*m/g

/** Characters that a text takes on the screen. */
function width(text: string): number {
  return [...text.replace(ESCAPES, '')].length
}

export interface TableOptions {
  /** Put before every row. */
  readonly indent?: string
  /** Columns that are aligned at their right end, by index. */
  readonly right?: readonly number[]
}

/** Rows of cells as lines; columns are two blanks apart, the last one is never padded. */
export function table(rows: readonly (readonly string[])[], { indent = '', right = [] }: TableOptions = {}): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, width(cell))))
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const padding = ' '.repeat((widths[column] ?? 0) - width(cell))
      return right.includes(column) ? padding + cell : cell + padding
    })
    return (indent + cells.join('  ')).trimEnd()
  })
}
