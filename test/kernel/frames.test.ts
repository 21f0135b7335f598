// Random programs that hand dynptrs, iterators and saved flags to functions and callbacks: what this machine's verifier
// accepts the load-time checks do not refuse. SKEP_SEEDS=N takes N times as many.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { analyse } from '../../src/verify/analyse.js'
import { refusalText } from '../../src/verify/refusal.js'
import { only, readSpec } from '../verify/objects.js'
import { FRAME_HEADERS, frameSource } from './frame-source.js'
import { openKernel, REPOSITORY } from './oracle.js'

const SEEDS = Number(process.env['SKEP_SEEDS'] ?? 1)
const FIRST = Number(process.env['SKEP_FIRST_SEED'] ?? 1)
const PROGRAMS = 40
const INCLUDES = ['examples/include', FRAME_HEADERS].map((folder) => `-I${REPOSITORY}${folder}`)
const FLAGS = ['-target', 'bpf', '-O2', '-g', '-w', '-mcpu=v3', ...INCLUDES]

test('what the verifier accepts of random programs with callees is not refused', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  if (!kernel.release.startsWith('6.18.')) {
    await kernel.close()
    return t.skip(`the words are those of Linux 6.18, this is ${kernel.release}`)
  }
  const folder = await mkdtemp(join(tmpdir(), 'frames-'))
  const counts = { accepted: 0, refused: 0, missed: 0, otherWords: 0 }
  try {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const path = join(folder, `seed-${seed}.bpf.o`)
      const source = path.replace(/o$/, 'c')
      await writeFile(source, frameSource(seed, PROGRAMS))
      try {
        await promisify(execFile)('clang-19', [...FLAGS, '-c', source, '-o', path])
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return t.skip('no clang-19')
        throw error
      }
      const spec = readSpec(path)
      for (const program of spec.programs.keys()) {
        const { result, log } = await kernel.load(path, program)
        const { refusals } = analyse(only(spec, program))
        if (result === 0) {
          counts.accepted++
          assert.deepEqual(refusals.map(refusalText), [], `seed ${seed}`)
        } else {
          counts.refused++
          if (refusals.length === 0) counts.missed++
          else if (!refusals.some(({ words }) => log.includes(words))) counts.otherWords++
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true })
    await kernel.close()
  }
  assert.ok(counts.accepted > 0 && counts.refused > counts.missed)
  t.diagnostic(JSON.stringify(counts))
})
