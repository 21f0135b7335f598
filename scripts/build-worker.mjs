// Puts the modules of a worker thread into one CommonJS file, dist/src/machine/worker.cjs: a thread that finds, reads and
// links them one by one, as ES modules, takes a third longer to start, and booting a machine waits for it. Runs after
// tsc, on what that has written; leaves beside it what core that was compiled with (core-stamp.mjs).
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import ts from 'typescript'
import { coreStamp } from './core-stamp.mjs'

const ROOT = 'dist'
const ENTRY = 'src/machine/worker.js'
const OWN = /\brequire\("(\.[^"]+)"\)/g

/** The text of every module, by its path in ROOT. */
const modules = new Map()

function add(path) {
  if (modules.has(path)) return
  modules.set(path, '')
  const { outputText } = ts.transpileModule(readFileSync(join(ROOT, path), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true },
  })
  if (outputText.includes('import.meta')) throw new Error(`${path}: import.meta cannot be part of ${ENTRY}`)
  const text = outputText.replace(OWN, (_, name) => {
    const imported = join(dirname(path), name)
    add(imported)
    return `require(${JSON.stringify(imported)})`
  })
  modules.set(path, text.trimEnd())
}

add(ENTRY)
const functions = [...modules].map(([path, text]) => `${JSON.stringify(path)}: (exports, require) => {\n${text}\n}`)
writeFileSync(
  join(ROOT, ENTRY.replace(/\.js$/, '.cjs')),
  `// Made by scripts/build-worker.mjs of ${modules.size} modules.
const modules = {
${functions.join(',\n')}
}
const loaded = {}
function load(path) {
  if (!Object.hasOwn(modules, path)) return require(path)
  if (!Object.hasOwn(loaded, path)) modules[path]((loaded[path] = {}), load)
  return loaded[path]
}
load(${JSON.stringify(ENTRY)})
`,
)
writeFileSync(join(ROOT, 'src/machine/core-stamp'), await coreStamp())
