// What a piece of text means, apart from how it looks: reports are written against this, the command line supplies
// colours when it writes to a terminal.

export interface Style {
  /** A heading. */
  heading(text: string): string
  /** A name of the object: program, map, function, variable. */
  name(text: string): string
  /** Less important than what stands around it. */
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
  /** Source code lines. */
  source(text: string): string
}

const same = (text: string): string => text

/** Text as it is: for files, pipes and tests. */
export const plain: Style = { heading: same, name: same, faint: same, good: same, bad: same, source: same }
