// What the code keeps besides working: imports point downwards, files are short and say what they own, nothing is
// exported that nobody imports, and every name of the public API says what it is.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../', import.meta.url))
const MOST_LINES = 400
/** Of comments: code is prettier's. */
const MOST_COLUMNS = 120

const MACHINE = ['cpu', 'options', 'run', 'map', 'load', 'observe', 'boot'].map((folder) => `machine/${folder}`)
/** Folders from the lowest to the highest: a file imports from its own folder and from lower ones. */
const ORDER = {
  src: ['isa', 'object', 'verify', 'jit', 'interp', 'machine', ...MACHINE, 'explore', 'report', 'cli'],
  core: ['memory', 'queue', 'async', 'map', 'helper', 'interp', 'run'],
}
/**
 * What is handed down in src/machine, the kernel and the programs of loaded objects: folders below these files name
 * their types.
 */
const HANDED_DOWN = new Set(['src/machine/boot/kernel.ts', 'src/machine/load/object-table.ts'])

interface Import {
  /** The imported file, from the root of the repository. */
  readonly file: string
  /** What is imported by name; undefined: everything. */
  readonly names: readonly string[] | undefined
  /** Nothing of it is left when the code runs. */
  readonly types: boolean
}

interface Source {
  readonly path: string
  readonly lines: number
  readonly text: string
  readonly imports: readonly Import[]
  /** Names of the functions, classes and constants that it exports. */
  readonly values: readonly string[]
  readonly parsed: ts.SourceFile
}

const paths = ['src', 'core', 'bench', 'test', 'examples', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .filter((path) => /\.(ts|mjs)$/.test(path)),
)
const known = new Set(paths)
const sources = paths.map(read)
const bySource = new Map(sources.map((source) => [source.path, source]))

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  const parsed = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  return {
    path,
    text,
    parsed,
    lines: text.split('\n').length - 1,
    imports: importsOf(path, parsed),
    values: valuesOf(parsed),
  }
}

function importsOf(path: string, parsed: ts.SourceFile): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, names: readonly string[] | undefined, types: boolean): void => {
    const file = specifier && ts.isStringLiteral(specifier) ? fileOf(path, specifier.text) : undefined
    if (file !== undefined) found.push({ file, names, types })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause
      const bindings = clause?.namedBindings
      const named = bindings && ts.isNamedImports(bindings) ? bindings.elements : undefined
      const types = clause?.isTypeOnly === true || (named?.every(({ isTypeOnly }) => isTypeOnly) ?? false)
      add(
        node.moduleSpecifier,
        named?.map(({ propertyName, name }) => (propertyName ?? name).text),
        types,
      )
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      const named = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : undefined
      const types = node.isTypeOnly || (named?.every(({ isTypeOnly }) => isTypeOnly) ?? false)
      add(
        node.moduleSpecifier,
        named?.map(({ propertyName, name }) => (propertyName ?? name).text),
        types,
      )
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], undefined, false)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, undefined, true)
    ts.forEachChild(node, visit)
  }
  visit(parsed)
  return found
}

/** The file that a relative specifier means: compiled names (`.js`, below dist) stand for their sources. */
function fileOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const target = join(dirname(path), specifier)
    .split(sep)
    .join('/')
    .replace(/^dist\//, '')
  return [target, target.replace(/\.js$/, '.ts'), `${target}.ts`].find((candidate) => known.has(candidate))
}

function isExported(node: ts.Node): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
}

function valuesOf(parsed: ts.SourceFile): string[] {
  return parsed.statements.filter(isExported).flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []))
    if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return [statement.name?.text ?? '']
    return []
  })
}

const inFolder = (...folders: string[]): Source[] =>
  sources.filter(({ path }) => folders.some((folder) => path.startsWith(`${folder}/`)))

test('imports point from higher folders to lower ones, and src to core, never back', () => {
  const upwards = new Set<string>()
  for (const { path, imports } of inFolder('src', 'core'))
    for (const { file, types } of imports) {
      const [from, to] = [placeOf(path), placeOf(file)]
      if (!from || !to || (types && HANDED_DOWN.has(file) && path.startsWith('src/machine/'))) continue
      if (from.tree === to.tree ? to.height > from.height : from.tree === 'core') upwards.add(`${path} ${file}`)
    }
  assert.deepEqual([...upwards], [])
})

/**
 * Which tree a file is in, and how high; the loose files of a tree, and of a folder that has an order within, lie
 * lowest, a tree's index highest; apart: core/specimens, core/parts.
 */
function placeOf(path: string): { tree: 'src' | 'core'; height: number } | undefined {
  const [tree, folder, ...rest] = path.split('/')
  if (tree !== 'src' && tree !== 'core') return undefined
  if (rest.length === 0) return { tree, height: folder === 'index.ts' ? Infinity : -1 }
  const height = Math.max(ORDER[tree].indexOf(folder!), ORDER[tree].indexOf(`${folder}/${rest[0]}`))
  return height < 0 ? undefined : { tree, height }
}

test('every folder of src/machine has its place in the order', () => {
  const folders = inFolder('src/machine').map(({ path }) => dirname(path).slice('src/'.length))
  assert.deepEqual([...new Set(folders)].sort(), ['machine', ...MACHINE].sort())
})

test('no modules of src import each other in a circle', () => {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, above: readonly string[]): void => {
    if (above.includes(path)) circles.push([...above.slice(above.indexOf(path)), path].join(' → '))
    if (above.includes(path) || done.has(path)) return
    for (const { file, types } of bySource.get(path)?.imports ?? [])
      if (!types && file.startsWith('src/')) visit(file, [...above, path])
    done.add(path)
  }
  for (const { path } of inFolder('src')) visit(path, [])
  assert.deepEqual(circles, [])
})

test(`no file is longer than ${MOST_LINES} lines`, () => {
  assert.deepEqual(
    sources.filter(({ lines }) => lines > MOST_LINES).map(({ path, lines }) => `${path}: ${lines}`),
    [],
  )
})

test(`no line of a comment is longer than ${MOST_COLUMNS} columns`, () => {
  const long = sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, at) =>
        line.length > MOST_COLUMNS && /^\s*(\/\/|\/?\*)/.test(line) ? [`${path}:${at + 1}`] : [],
      ),
  )
  assert.deepEqual(long, [])
})

test('every file of the product opens with what it is', () => {
  const silent = inFolder('src', 'core', 'bench', 'scripts').filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text))
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  )
})

test('no function, class or constant is exported that no other file imports', () => {
  const used = new Set<string>()
  const whole = new Set<string>()
  for (const { imports } of sources)
    for (const { file, names } of imports)
      if (names) for (const name of names) used.add(`${file} ${name}`)
      else whole.add(file)
  // What is compiled by itself exports for whoever loads it.
  const unused = inFolder('src', 'core', 'bench')
    .filter(({ path }) => !whole.has(path) && !/^src(\/explore)?\/index\.ts$|^bench\/driver\//.test(path))
    .flatMap(({ path, values }) =>
      values.filter((name) => !used.has(`${path} ${name}`)).map((name) => `${path}: ${name}`),
    )
  assert.deepEqual(unused, [])
})

test('every name that the package exports has a comment that says what it is', () => {
  const silent = ['src/index.ts', 'src/explore/index.ts'].flatMap((index) =>
    bySource
      .get(index)!
      .imports.flatMap(({ file, names }) =>
        names!.filter((name) => !isDescribed(bySource.get(file)!, name)).map((name) => `${file}: ${name}`),
      ),
  )
  assert.deepEqual(silent, [])
})

function isDescribed({ parsed, imports }: Source, name: string): boolean {
  for (const statement of parsed.statements) {
    const names = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.map((declaration) => declaration.name.getText())
      : [(statement as Partial<ts.DeclarationStatement>).name?.getText()]
    if (names.includes(name) && ts.getJSDocCommentsAndTags(statement).length > 0) return true
  }
  // A name that the file itself only passes on.
  return imports.some(({ file, names }) => names?.includes(name) && isDescribed(bySource.get(file)!, name))
}
