// The README promises that its commands and code work, and docs/api.md too: each of them is taken out and run, the code
// in an empty folder into which the packed package was installed, the commands for a clone in a clone.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync, type ExecFileSyncOptions } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { installedClang } from '../../src/explore/c/compile.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts
const run = promisify(execFile)

interface Block {
  language: string
  text: string
}

const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language: language!, text: text! }))

const blocks = blocksOf(readme)
const apiBlocks = blocksOf(readFileSync(join(root, 'docs/api.md'), 'utf8'))

/** Not run here: what installs from a registry, and the tests themselves. */
const NOT_RUN = new Set(['npm ci', 'npm test'])

function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'skep-readme-'))
  return work(folder).finally(() => rmSync(folder, { recursive: true, force: true }))
}

/** Packs the package as it is built and installs it into an empty folder, without a network. */
function install(folder: string): void {
  const quiet: ExecFileSyncOptions = { stdio: ['ignore', 'pipe', 'pipe'] }
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { ...quiet, cwd: root })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const packages = [`./skep-${version}.tgz`, join(root, 'node_modules', 'commander')]
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', ...packages], { ...quiet, cwd: folder })
}

async function output(command: string, args: readonly string[], cwd: string): Promise<string> {
  // Under the test runner a child's node:test would report to it instead of printing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await run(command, [...args], { cwd, env, maxBuffer: 1 << 26 })
  return stdout
}

test('every type that the declarations of the package name is in the package', () => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }]
  const packed = new Set(files.map(({ path }) => path))
  const reached = new Set(['dist/package/index.d.ts', 'dist/package/explore/index.d.ts'])
  for (const path of reached) {
    assert.ok(packed.has(path), `${path} is needed and not packed`)
    const text = readFileSync(join(root, path), 'utf8')
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)\.js'/g))
      reached.add(join(dirname(path), `${name}.d.ts`))
  }
  assert.ok(reached.size > 50)
})

/** As one writes for machines of every kind; no other types are installed than those of the package. */
const USER = `
import { boot, SkepError, type Answer, type Consumer, type MachineBase, type MapHandle, type Mode } from 'skep'
import { explore, Stage, subject } from 'skep/explore'

const armed = async <M extends Mode>(machine: MachineBase<M>): Promise<number> => (await machine.timers()).length
{
  using machine = boot.virtual({ cpus: 2 })
  using object = machine.load('x.bpf.o')
  const retval: number = object.programs['x']!.run({ ctx: { mark: 1 } }).retval
  const consumer: Consumer = object.maps['events']!.consume((record) => record, { as: 'event' })
  consumer.close()
  const answers: [Promise<number>, Answer<'direct', number>] = [armed(machine), retval]
  void answers
}
{
  await using machine = await boot({ cpus: 2 })
  using object = await machine.load('x.bpf.o')
  const map: MapHandle<'promised'> = object.maps['flows']!
  for (const [key] of await map.entries()) await map.delete(key as Uint8Array)
  // @ts-expect-error prepared runs are for machines on the calling thread
  object.programs['x']!.prepare()
}
const stage = new Stage({ memory: 64, cpus: 1 })
const { failure } = explore(subject({ name: 'x', stage, cpus: [] }))
if (failure) throw new SkepError('X', failure.message)
`

test('the declarations of the package are enough for a strict program that has no other types', () =>
  inFolder(async (folder) => {
    install(folder)
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    writeFileSync(join(folder, 'user.ts'), USER)
    const program = ts.createProgram([join(folder, 'user.ts')], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
    })
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
    assert.deepEqual(problems, [])
  }))

test('the code of the API page and the code and commands of the README run in an empty folder with the packed package', () =>
  inFolder(async (folder) => {
    install(folder)
    let ran = 0
    for (const [index, { language, text }] of [...blocks, ...apiBlocks].entries()) {
      if (language === 'js') {
        writeFileSync(join(folder, `block-${index}.mjs`), text)
        const printed = await output(process.execPath, [`block-${index}.mjs`], folder)
        // What the code says in comments that it prints.
        for (const [, expected] of text.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm))
          assert.ok(printed.includes(expected!), printed)
        if (blocks[index + 1]?.language === 'text') assert.equal(printed, blocks[index + 1]?.text)
        ran++
      }
      if (language !== 'sh') continue
      for (const command of text
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('npx '))) {
        const printed = await output('npx', ['--offline', ...command.split(' ').slice(1)], folder)
        const next = blocks[index + 1]
        if (next?.language === 'text') assert.equal(printed, next.text)
        else assert.notEqual(printed, '')
        ran++
      }
    }
    assert.ok(ran >= 5)
  }))

test('the packed package has what its code opens by name: workers, compiled modules, maps of their sources, headers', () =>
  inFolder(async (folder) => {
    install(folder)
    const skep = async (...args: string[]): Promise<string> =>
      output(join(folder, 'node_modules', '.bin', 'skep'), args, folder).catch(
        (failed: { stdout: string }) => failed.stdout,
      )
    const examples = 'node_modules/skep/examples'
    assert.match(await skep('check', 'parts/pool/enough', '--jobs', '2'), / hold, 0 violated/)
    assert.match(await skep('check', '--protocol', 'locked', 'set-callback-while*'), /specimens\/locked\.ts:\d+ /)
    assert.match(await skep('check', `${examples}/races/races.bpf.o`, '--run', 'count@0'), /^HOLDS/m)
    if (installedClang()) assert.match(await skep('check', `${examples}/own-subject/stack.c`), /stack\.c:\d+ /)
    const clang = ['clang', 'clang-19'].find((name) =>
      /\bbpf\b/.test(spawnSync(name, ['--print-targets']).stdout?.toString()),
    )
    if (clang) {
      // As the README says: a program of one's own, here one of the examples.
      const source = join(folder, examples, 'flow-timeout', 'flow-timeout.bpf.c')
      const include = join(folder, examples, 'include')
      execFileSync(clang, ['-target', 'bpf', '-g', '-O2', '-I', include, '-c', source, '-o', join(folder, 'own.bpf.o')])
      assert.match(await skep('run', 'own.bpf.o'), /on_packet +1 run +XDP_PASS/)
    }
    const packed = join(folder, 'node_modules', 'skep', 'dist', 'package')
    for (const name of ['index', 'explore/index']) {
      const installed = (await import(join(packed, `${name}.js`))) as object
      const built = (await import(join(root, 'dist', 'src', `${name}.js`))) as object
      assert.deepEqual(Object.keys(installed), Object.keys(built))
    }
  }))

test('the commands of the README for a clone work in a clone', (context) =>
  inFolder(async (folder) => {
    if (!existsSync(join(root, '.git'))) return context.skip('this is no git checkout, so there is nothing to clone')
    const clone = join(folder, 'clone')
    execFileSync('git', ['clone', '-q', root, clone])
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
    // What is built already is not built again: the copies are newer than the clone's sources.
    cpSync(join(root, 'dist'), join(clone, 'dist'), { recursive: true })
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.trim().split('\n'))
      .map((line) => line.replace(/ +#.*$/, ''))
      .filter((line) => !line.startsWith('npx '))
    for (const command of commands) {
      const [program, ...args] = command.split(' ')
      assert.equal(program, 'npm', `a command that this test does not know: ${command}`)
      if (args[0] === 'run') assert.ok(scripts[args[1]!], `package.json has no script '${args[1]}'`)
      if (!NOT_RUN.has(command)) assert.notEqual(await output('npm', args, clone), '')
    }
  }))

test('what the documentation links to is there', () => {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  const loose = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', 'examples/races/README.md']
  const pages = [...loose, ...docs.map((name) => `docs/${name}`)]
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8')
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
      assert.ok(existsSync(join(root, page, '..', target!)), `${page} links to ${target}`)
  }
})

test('the page on the API has every code that an error can have', () => {
  const page = readFileSync(join(root, 'docs/api.md'), 'utf8')
  const codes = new Set<string>()
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.ts'))
      for (const [, code] of readFileSync(join(root, 'src', name), 'utf8').matchAll(
        /(?:SkepError\(\s*|code: )'([A-Z_]+)'/g,
      ))
        codes.add(code!)
  assert.ok(codes.has('BAD_ELF') && codes.has('CLOSED'))
  // Faults and errno results are shown there as families.
  for (const code of codes) if (!/^(FAULT|E[A-Z0-9]+$)/.test(code)) assert.ok(page.includes(`\`${code}\``), code)
})

test('the page on dependencies names each package that there is, and CONTRIBUTING each script', () => {
  const json = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
  const packages = ['dependencies', 'peerDependencies', 'devDependencies'].flatMap((kind) => Object.keys(json[kind]!))
  const dependencies = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')
  for (const name of packages) assert.ok(dependencies.includes(`\`${name}\``), name)
  const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  for (const name of Object.keys(scripts))
    if (name !== 'prepack') assert.match(contributing, new RegExp(`\\b${name}\\b`))
})
