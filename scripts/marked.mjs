// Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->` in a document by the given lines.
import { readFileSync, writeFileSync } from 'node:fs'

export function replaceBetween(file, name, lines) {
  const text = readFileSync(file, 'utf8')
  const [before, rest] = text.split(`<!-- ${name} -->\n`)
  const after = rest?.split(`<!-- /${name} -->\n`)[1]
  if (after === undefined) throw new Error(`${file} has no place for ${name}`)
  writeFileSync(file, `${before}<!-- ${name} -->\n\n${lines.join('\n')}\n\n<!-- /${name} -->\n${after}`)
}
