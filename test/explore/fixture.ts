// Compiles the fixtures (AssemblyScript over core/door.ts, check build) once per test process.
import asc from 'assemblyscript/asc'
import { Stage } from '../../src/explore/index.js'
import type { StageSpec } from '../../src/explore/index.js'

let compiled: Promise<Uint8Array> | undefined

/** The bytes of a fixture, compiled over the hooks. */
export async function compileFixture(file: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [`test/explore/fixtures/${file}`, '--runtime', 'stub', '--importMemory', '-O2', '--enable', 'threads'].concat([
      ...[
        '--sharedMemory',
        '--initialMemory',
        '1',
        '--maximumMemory',
        '65536',
        '-u',
        'CHECKED=1',
        '--outFile',
        'out.wasm',
      ],
    ]),
    {
      writeFile(name, contents) {
        if (name === 'out.wasm') binary = contents as Uint8Array
      },
    },
  )
  if (error || !binary) throw new Error(`the fixtures do not compile: ${stderr.toString()}`)
  return binary
}

/** A stage with the fixtures' module on two CPUs (or as `spec` says) and 256 bytes of memory. */
export async function fixtureStage(spec: Partial<StageSpec> = {}): Promise<Stage> {
  return new Stage({ module: await (compiled ??= compileFixture('index.ts')), memory: 256, cpus: 2, ghost: 4, ...spec })
}
