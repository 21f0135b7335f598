// Compiles every *.bpf.c below examples/, test/ and bench/ to the committed object beside it, and keeps in each folder
// an objects.json with the hash of the source (headers included), the compiler's version and the object's hash.
//
//   node scripts/build-objects.mjs [FOLDER…]           compiles what changed, or all with --force
//   node scripts/build-objects.mjs --check [FOLDER…]   compares hashes; compiles again and compares bytes only with the
//                                                      very compiler of the manifest, else says why it does not
//
// A source is compiled by clang-19 for -mcpu=v3 to NAME.bpf.o. A line `// build: VARIANT COMPILER FLAGS…` in it asks
// for one more object, NAME.VARIANT.bpf.o; `// build: - COMPILER FLAGS…` replaces the first. A line
// `// link: LINKED OBJECT…` links that object and others of its folder to LINKED by `bpftool gen object`; their sources
// must come earlier by name.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const include = 'examples/include'
const common = [
  '-target',
  'bpf',
  '-O2',
  '-g',
  '-Wall',
  '-Werror',
  '-Wno-unused-function',
  '-Wno-address-of-packed-member',
  `-I${include}`,
]
const placeless = [`-ffile-prefix-map=${root}/=`, '-fdebug-compilation-dir=.']

const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const folders = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const check = options.includes('--check')
const force = options.includes('--force')
process.chdir(root)

const sha256 = (data) => createHash('sha256').update(data).digest('hex')

/** The source and the headers of this repository that it includes, in one hash. */
function sourceHash(source) {
  const hash = createHash('sha256')
  const seen = new Set()
  const add = (path) => {
    if (seen.has(path)) return
    seen.add(path)
    const text = readFileSync(path, 'utf8')
    hash.update(text)
    for (const [, name] of text.matchAll(/^#include "([^"]+)"/gm)) {
      const found = [join(dirname(path), name), join(include, name)].find((candidate) => existsSync(candidate))
      if (!found) throw new Error(`${path}: "${name}" is neither beside it nor in ${include}`)
      add(found)
    }
  }
  add(source)
  return hash.digest('hex')
}

const versions = new Map()
/** First line of `COMPILER --version`, undefined if it is not here. */
function versionOf(compiler) {
  if (!versions.has(compiler)) {
    let version
    try {
      version = execFileSync(compiler, ['--version'], { encoding: 'utf8' }).split('\n')[0]
    } catch {
      version = undefined
    }
    versions.set(compiler, version)
  }
  return versions.get(compiler)
}

/** The objects that a source asks for. */
function objectsOf(source) {
  const base = source.replace(/\.bpf\.c$/, '')
  const first = { object: `${base}.bpf.o`, compiler: 'clang-19', flags: ['-mcpu=v3'] }
  const objects = [first]
  for (const [, line] of readFileSync(source, 'utf8').matchAll(/^\/\/ build: (.+)$/gm)) {
    const [variant, compiler, ...flags] = line.trim().split(/\s+/)
    if (variant === '-') Object.assign(first, { compiler, flags })
    else objects.push({ object: `${base}.${variant}.bpf.o`, compiler, flags })
  }
  return objects
}

/** What a source asks to be linked; `flags` are the other objects. */
function linksOf(source) {
  return [...readFileSync(source, 'utf8').matchAll(/^\/\/ link: (\S+) (.+)$/gm)].map(([, linked, others]) => ({
    object: join(dirname(source), linked),
    compiler: 'bpftool',
    flags: others.trim().split(/\s+/),
  }))
}

function compile(source, { compiler, flags }, output) {
  if (compiler === 'bpftool') {
    const own = source.replace(/\.c$/, '.o')
    const others = flags.map((name) => join(dirname(source), name))
    execFileSync('bpftool', ['gen', 'object', output, own, ...others], { stdio: 'inherit' })
    return
  }
  execFileSync(compiler, [...common, ...placeless, ...flags, '-c', source, '-o', output], { stdio: 'inherit' })
  // DWARF is not read and holds most of the bytes; BTF stays.
  execFileSync('llvm-strip-19', ['-g', output], { stdio: 'inherit' })
}

const sources = (folders.length > 0 ? folders : ['examples', 'test', 'bench'])
  .filter((folder) => existsSync(folder))
  .flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.bpf.c'))
      .map((entry) => relative(root, join(root, entry.parentPath ?? entry.path, entry.name))),
  )
  .sort()

const scratch = mkdtempSync(join(tmpdir(), 'objects-'))
const counts = { built: 0, unchanged: 0, compared: 0, skipped: 0, wrong: 0 }
const wrong = (message) => {
  counts.wrong++
  console.error(`build-objects: ${message}`)
}
try {
  for (const source of sources) {
    const manifestPath = join(dirname(source), 'objects.json')
    const manifest = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, 'utf8')) : {}
    const hash = sourceHash(source)
    for (const wanted of [...objectsOf(source), ...linksOf(source)]) {
      const { object, compiler, flags } = wanted
      const name = basename(object)
      const entry = manifest[name]
      const version = versionOf(compiler)
      const current =
        entry?.sourceHash === hash &&
        entry.flags === flags.join(' ') &&
        existsSync(object) &&
        sha256(readFileSync(object)) === entry.objectHash
      if (check) {
        if (!current) wrong(`${object} does not belong to its source: run scripts/build-objects.mjs`)
        else if (version !== entry.version) {
          counts.skipped++
          console.log(`${object}: not compiled again (made by ${entry.version}; here: ${version ?? `no ${compiler}`})`)
        } else {
          const output = join(scratch, name)
          compile(source, wanted, output)
          counts.compared++
          if (sha256(readFileSync(output)) !== entry.objectHash) wrong(`${object}: compiled again it is another object`)
        }
        continue
      }
      if (current && !force) {
        counts.unchanged++
        continue
      }
      if (version === undefined) {
        wrong(`${object}: needs ${compiler}, which is not installed`)
        continue
      }
      try {
        compile(source, wanted, object)
      } catch (error) {
        wrong(`${object}: ${error.message.split('\n')[0]}`)
        continue
      }
      const objectHash = sha256(readFileSync(object))
      manifest[name] = { source: basename(source), sourceHash: hash, flags: flags.join(' '), version, objectHash }
      const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)))
      writeFileSync(manifestPath, JSON.stringify(sorted, null, 2) + '\n')
      counts.built++
      console.log(`${object}: built`)
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
const { built, unchanged, compared, skipped } = counts
console.log(
  check
    ? `objects: ${compared} compiled again and equal or reported, ${skipped} skipped, ${counts.wrong} wrong`
    : `objects: ${built} built, ${unchanged} unchanged, ${counts.wrong} wrong`,
)
process.exit(counts.wrong === 0 ? 0 : 1)
