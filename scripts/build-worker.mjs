// Puts the modules of a worker thread into one CommonJS file, dist/src/machine/cpu/worker.cjs: a thread that finds,
// reads and links them one by one, as ES modules, takes a third longer to start, and booting a machine waits for it.
// Constants of the core stand in place of their names: their modules are hundreds of properties that nobody there asks
// for. Runs after tsc, on what that has written; leaves beside it what core that was compiled with (core-stamp.mjs).
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { coreStamp } from './core-stamp.mjs'

const ROOT = 'dist'
const ENTRY = 'src/machine/cpu/worker.js'
const OWN = /\brequire\("(\.[^"]+)"\)/g
/** An import of constants: the local name of the module, its path. */
const CONSTANTS = /^const (\w+) = require\("(\.[^"]+\/core\/[^"]+)"\);\n/gm

/** The text of every module, by its path in ROOT. */
const modules = new Map()

/** The text of a module with the values of constants in place of their names. */
async function inPlace(path, text) {
  let result = text
  for (const [line, name, from] of text.matchAll(CONSTANTS)) {
    const constants = await import(pathToFileURL(join(ROOT, dirname(path), from)))
    result = result.replace(line, '').replace(new RegExp(`\\b${name}\\.(\\w+)`, 'g'), (_, constant) => {
      const value = constants[constant]
      if (typeof value !== 'number') throw new Error(`${path}: ${constant} is no constant of ${from}`)
      return value < 0 ? `(${value})` : String(value)
    })
  }
  return result
}

async function add(path) {
  if (modules.has(path)) return
  modules.set(path, '')
  const { outputText } = ts.transpileModule(readFileSync(join(ROOT, path), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true },
  })
  if (outputText.includes('import.meta')) throw new Error(`${path}: import.meta cannot be part of ${ENTRY}`)
  const own = await inPlace(path, outputText)
  for (const [, name] of own.matchAll(OWN)) await add(join(dirname(path), name))
  const text = own.replace(OWN, (_, name) => `require(${JSON.stringify(join(dirname(path), name))})`)
  modules.set(path, text.trimEnd())
}

await add(ENTRY)
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
writeFileSync(join(ROOT, 'src/machine/cpu/core-stamp'), await coreStamp())
