// Makes dist/package, the code that npm packs, of what tsc has written to dist/src: the modules put together into a few
// files, for a process that imports hundreds of them one by one spends more than half of that time on finding and
// linking them. Nothing is left out, renamed or shortened: names, comments and the order of the code are those of the
// sources. The entry points and what is opened by name (src/package-file.ts) have the paths that they have in dist/src.
// Beside them the declarations that a public declaration names, by itself or through others: nobody's compiler reads
// the rest. Runs after build-worker.mjs; tests run from dist/src, and one packs the package, installs it and uses it.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { rollup } from 'rollup'

const FROM = 'dist/src'
const TO = 'dist/package'
/** What people import, the command, and a thread of `skep check`. */
const ENTRIES = ['index', 'explore/index', 'cli/main', 'cli/check-worker']
/** What several of them share is put into files of its own; what one is called that has this module. */
const SHARED = {
  'object/read.js': 'object',
  'machine/boot/boot.js': 'machine',
  'explore/search.js': 'explore',
  'explore/check.js': 'check',
  'explore/print.js': 'print',
}
const OPENED_BY_NAME = ['machine/cpu/worker.cjs', 'machine/cpu/core-stamp']
const IMPORT = /(?:from|import)\s*\(?'(\.[^']+)\.js'/g

rmSync(TO, { recursive: true, force: true })
const modules = await rollup({
  input: Object.fromEntries(ENTRIES.map((name) => [name, `${FROM}/${name}.js`])),
  external: (name) => !/^[./]/.test(name),
  treeshake: false,
  onLog(_, { code, message }) {
    // tsc asks modules for `this` where it writes `using` for older versions of Node.
    if (code !== 'THIS_IS_UNDEFINED') throw new Error(`build-package: ${message}`)
  },
})
await modules.write({
  dir: TO,
  chunkFileNames({ name, moduleIds, isDynamicEntry }) {
    // A command, which main.js loads when it is asked for.
    if (isDynamicEntry) return `cli/${name}.js`
    const known = Object.keys(SHARED).find((path) => moduleIds.some((id) => id.endsWith(`/${FROM}/${path}`)))
    return `${known ? SHARED[known] : name}.js`
  },
  hoistTransitiveImports: false,
  minifyInternalExports: false,
  manualChunks: (path) => (path.includes('/dist/core/') ? 'core' : undefined),
})

const declarations = new Set(['index.d.ts', 'explore/index.d.ts'])
for (const path of declarations)
  for (const [, name] of readFileSync(join(FROM, path), 'utf8').matchAll(IMPORT))
    declarations.add(join(dirname(path), `${name}.d.ts`))

for (const path of [...OPENED_BY_NAME, ...declarations]) {
  mkdirSync(join(TO, dirname(path)), { recursive: true })
  copyFileSync(join(FROM, path), join(TO, path))
}
