// `extern … __kconfig` and weak symbols of a kernel.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { boot, type LoadOptions } from '../../src/index.js'
import { parseKconfig } from '../../src/object/kconfig.js'
import { fixtureBytes } from './fixture.js'

type Values = NonNullable<LoadOptions['kconfig']>

function ask(object: string, kconfig: Values): { results: number[]; name: unknown } {
  using machine = boot.virtual()
  const loaded = machine.load(fixtureBytes(object), { kconfig, programs: ['ask'] })
  loaded.programs['ask']!.run({ data: new Uint8Array(64) })
  const results = loaded.variables['results']!.get() as bigint[]
  const name = loaded.variables['name']!.get() as number[]
  return { results: results.slice(0, 9).map(Number), name: String.fromCharCode(...name) }
}

const FILE = `#
# Linux/x86 6.1.0 Kernel Configuration
CONFIG_BPF=y
CONFIG_VETH=m
CONFIG_LETTER=n
CONFIG_HZ=1000
CONFIG_NEGATIVE=-5
CONFIG_NAME="some long text"
# CONFIG_SMALL is not set
`

for (const object of ['kconfig', 'kconfig.c14']) {
  test(`programs read the values that are given (${object})`, () => {
    const given = {
      CONFIG_BPF: true,
      CONFIG_VETH: 'y',
      CONFIG_LETTER: 'm',
      CONFIG_HZ: 250,
      CONFIG_SMALL: 65535n,
    } as const
    const { results, name } = ask(object, { ...given, CONFIG_NAME: 'abc', CONFIG_UNASKED: 'y' })
    assert.deepEqual(results, [0x061200, 1, 1, 0x6d, 250, 0, 65535, 1, 5])
    assert.equal(name, 'abc\0\0\0\0\0')
  })

  test(`or those of a configuration file, zipped or not (${object})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kconfig-'))
    try {
      for (const [file, contents] of [
        ['config', FILE],
        ['config.gz', gzipSync(FILE)],
      ] as const) {
        writeFileSync(join(folder, file), contents)
        const { results, name } = ask(object, join(folder, file))
        assert.deepEqual(results, [0x061200, 1, 2, 0x6e, 1000, -5, 0, 1, 5])
        assert.equal(name, 'some lo\0')
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

test('what has no value and is not weak is named, all of it at once; a weak one is 0', () => {
  using machine = boot.virtual()
  assert.throws(() => machine.load(fixtureBytes('kconfig'), { kconfig: { CONFIG_HZ: 1, LINUX_KERNEL_VERSION: 7 } }), {
    code: 'UNSUPPORTED',
    details: {
      items: ['VETH', 'BPF', 'LETTER'].map(
        (name) => `extern 'CONFIG_${name}' (.kconfig): no value is given (kconfig, --kconfig)`,
      ),
    },
  })
})

test('a value that the type cannot hold is refused', () => {
  const good = { CONFIG_BPF: 'y', CONFIG_VETH: 'n', CONFIG_LETTER: 'n', CONFIG_HZ: 1 }
  for (const bad of [
    { CONFIG_BPF: 'm' },
    { CONFIG_VETH: 3 },
    { CONFIG_HZ: -1 },
    { CONFIG_HZ: 'fast' },
    { CONFIG_HZ: 2 ** 32 },
    { CONFIG_NAME: 5 },
    { CONFIG_SMALL: 65536 },
  ]) {
    const [name] = Object.keys(bad)
    assert.throws(() => ask('kconfig', { ...good, ...bad } as Values), {
      code: 'BAD_VALUE',
      message: new RegExp(`extern '${name}'`),
    })
  }
})

test('a program cannot write to the configuration', () => {
  using machine = boot.virtual()
  const kconfig = { CONFIG_BPF: 'y', CONFIG_VETH: 'n', CONFIG_LETTER: 'n', CONFIG_HZ: 1 } as const
  assert.throws(
    () => {
      const loaded = machine.load(fixtureBytes('kconfig'), { kconfig, programs: ['writes'] })
      loaded.programs['writes']!.run({ data: new Uint8Array(64) })
    },
    { code: /REFUSED|FAULT_/ },
  )
})

test('a file that is no configuration is an error with its line', () => {
  assert.throws(() => parseKconfig(Buffer.from('CONFIG_A=y\nnothing\n'), 'config'), { message: /config: line 2/ })
  assert.throws(() => parseKconfig(Uint8Array.of(0x1f, 0x8b, 1, 2), 'config.gz'), { code: 'BAD_VALUE' })
  assert.throws(() => ask('kconfig', '/no/such/file'), { code: 'FILE', message: /no such|\/no\/such\/file/ })
})

test('a value that does not fit names the object and the extern', () => {
  assert.throws(
    () => ask('kconfig', { CONFIG_HZ: 'many' }),
    /object '.+': extern 'CONFIG_HZ' \(\.kconfig\): expected a number/,
  )
})
