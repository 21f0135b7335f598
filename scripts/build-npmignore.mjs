// Leaves out of the package the declarations that no public declaration names, by itself or through others: nobody's
// compiler reads them. And what is left of sources that were moved or removed. Runs after tsc; dist/src/.npmignore is
// its list. A test packs the package and compiles against it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'

const ROOT = 'dist/src'
const OUTPUT = /\.(d\.ts|js|cjs)$/
const IMPORT = /(?:from|import)\s*\(?'(\.[^']+)\.js'/g

const named = new Set(['index.d.ts', 'explore/index.d.ts'])
for (const path of named)
  for (const [, name] of readFileSync(join(ROOT, path), 'utf8').matchAll(IMPORT))
    named.add(join(dirname(path), `${name}.d.ts`))

const files = readdirSync(ROOT, { recursive: true }).map((path) => path.replaceAll('\\', '/'))
const isLeft = (path) => OUTPUT.test(path) && !existsSync(join('src', path.replace(OUTPUT, '.ts')))
const apart = files.filter((path) => (path.endsWith('.d.ts') && !named.has(path)) || isLeft(path)).sort()
writeFileSync(join(ROOT, '.npmignore'), apart.map((path) => `/${path}\n`).join(''))
