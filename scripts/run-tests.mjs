// Runs the compiled tests below dist/test with node:test and prints its summary as the last lines.
// Arguments are folders or files below test/ (without extension); none means all.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const wanted = process.argv.slice(2).map((name) => name.replace(/^(dist\/)?test\//, '').replace(/\.ts$/, ''))
const files = []
for (const base of ['dist/test', 'dist/examples'])
  for (const entry of await readdir(base, { withFileTypes: true, recursive: true }).catch(() => [])) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (!entry.isFile() || !entry.name.endsWith('.test.js')) continue
    // What is left of a test whose source was renamed or removed is not a test any more.
    if (!existsSync(path.replace(/^dist\//, '').replace(/\.js$/, '.ts'))) continue
    const name = path.replace(/^dist\/(test\/)?/, '')
    if (wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix))) files.push(path)
  }
files.sort()
if (files.length === 0) {
  console.error('run-tests: no test file matches', wanted.join(' '))
  process.exit(1)
}
// Two files at a time: CI has two cores, and the tests that wait leave theirs to the others. A file that hangs is
// ended.
const options = ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-timeout=600000']
const child = spawn(process.execPath, [...options, '--test-reporter', 'spec', ...files], { stdio: 'inherit' })
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
