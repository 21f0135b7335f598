// `extern … __kconfig`: values of a kernel's configuration. They stand in a read-only map of one element, which libbpf
// lays out and so does this file, and are filled in before load: from what the caller gives, or from a configuration
// file.
// Used by read.ts, by loaders through setKconfig, and by check.ts for what is still missing.
import { SkepError } from '../error.js'
import { zlib } from '../late-modules.js'
import type { Btf, BtfType } from './btf.js'
import { failAt, type ReadContext } from './context.js'
import { emptyMap } from './maps.js'
import type { KconfigExtern, ObjectSpec } from './spec.js'

export const KCONFIG = '.kconfig'
const MAP_ARRAY = 2
const F_RDONLY_PROG = 1 << 7

/** 'y', 'm' and 'n' mean what they mean in a configuration file; other texts are for char arrays. */
export type KconfigValue = boolean | number | bigint | string

/** What needs no configuration: the kernel whose behaviour this machine has, and that it is none. */
const KNOWN: Readonly<Record<string, KconfigValue>> = {
  LINUX_KERNEL_VERSION: (6 << 16) + (18 << 8),
  LINUX_HAS_BPF_COOKIE: false,
  LINUX_HAS_SYSCALL_WRAPPER: false,
}

/** Adds the map and its externs to the spec. */
export function readKconfig(context: ReadContext): void {
  const { spec, elf } = context
  const { btf } = spec
  const section = btf?.type(btf.find('section', KCONFIG))
  if (!btf || section?.kind !== 'section') return
  const weak = new Set(elf.symbols.filter((one) => one.undefined && one.binding === 'weak').map(({ name }) => name))
  const externs = section.variables.map(({ type: id }) => {
    const { name, ...variable } = btf.type(id)
    const type = 'type' in variable ? variable.type : 0
    const kind = kindOf(btf, type)
    if (variable.kind !== 'variable' || !kind)
      throw new SkepError(
        'BAD_BTF',
        `${elf.file}: section '${KCONFIG}': extern '${name}': expected char, bool, an integer, a char array or enum libbpf_tristate, found '${btf.name(type)}'`,
        { file: elf.file, section: KCONFIG },
      )
    return {
      name,
      type,
      kind,
      size: btf.sizeOf(type),
      align: kind === 'text' ? 1 : btf.sizeOf(type),
      weak: weak.has(name),
    }
  })
  externs.sort((a, b) => b.align - a.align || a.size - b.size || (a.name < b.name ? -1 : 1))
  const found = new Map<string, KconfigExtern>()
  let end = 0
  for (const { align, ...one } of externs) {
    const offset = Math.ceil(end / align) * align
    found.set(one.name, { ...one, offset, isSet: false })
    end = offset + one.size
  }
  if (end > LARGEST) {
    const [any] = elf.sections
    if (any) failAt(context, any, 0, `expected at most ${LARGEST} bytes of configuration, found ${end}`)
  }
  const map = { ...emptyMap(KCONFIG, MAP_ARRAY), keySize: 4, valueSize: end, maxEntries: 1, flags: F_RDONLY_PROG }
  spec.maps.set(KCONFIG, { ...map, section: KCONFIG, contents: new Uint8Array(end) })
  spec.kconfig = found
  for (const [name, value] of Object.entries(KNOWN)) if (found.has(name)) setOne(spec, name, value)
}

const LARGEST = 1 << 20

function kindOf(btf: Btf, id: number): KconfigExtern['kind'] | undefined {
  const type: BtfType = btf.resolved(id)
  switch (type.kind) {
    case 'int':
      if (type.bool) return type.size === 1 ? 'bool' : undefined
      if (type.size === 1 && (type.signed || type.name === 'char')) return 'char'
      return type.size <= 8 ? (type.signed ? 'signed' : 'unsigned') : undefined
    case 'enum':
      return type.size === 4 && type.name === 'libbpf_tristate' ? 'tristate' : undefined
    case 'array': {
      const element = btf.resolved(type.type)
      return element.kind === 'int' && element.size === 1 && !element.bool && type.length > 0 ? 'text' : undefined
    }
    default:
      return undefined
  }
}

/**
 * Fills in values by name; names that the object does not ask for mean nothing. Throws BAD_VALUE for one that the
 * extern's type cannot hold.
 */
export function setKconfig(spec: ObjectSpec, values: Readonly<Record<string, KconfigValue>>): void {
  for (const name of spec.kconfig?.keys() ?? []) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value !== undefined) setOne(spec, name, value)
  }
}

/** A line for every extern without a value that is not weak; a weak one without is 0. */
export function missingKconfig(spec: ObjectSpec): string[] {
  return [...(spec.kconfig?.values() ?? [])]
    .filter(({ isSet, weak }) => !isSet && !weak)
    .map(({ name }) => `extern '${name}' (${KCONFIG}): no value is given (kconfig, --kconfig)`)
}

function setOne(spec: ObjectSpec, name: string, value: KconfigValue): void {
  const extern = spec.kconfig?.get(name)
  const bytes = spec.maps.get(KCONFIG)?.contents
  if (!extern || !bytes) return
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { kind, offset, size } = extern
  const fail = (expected: string): never => {
    throw new SkepError(
      'BAD_VALUE',
      `object '${spec.name}': extern '${name}' (${KCONFIG}): expected ${expected}, found ${String(value)}`,
      { section: KCONFIG },
    )
  }
  if (kind === 'text') {
    if (typeof value !== 'string') return fail('a text')
    const text = new TextEncoder().encode(value.replace(/^"(.*)"$/s, '$1')).subarray(0, size - 1)
    bytes.fill(0, offset, offset + size)
    bytes.set(text, offset)
  } else if (kind === 'char' && typeof value !== 'number' && typeof value !== 'bigint') {
    bytes[offset] = letterOf(value)?.charCodeAt(0) ?? fail("'y', 'm' or 'n'")
  } else if (kind === 'bool') {
    const letter = letterOf(value)
    bytes[offset] = letter === 'y' ? 1 : letter === 'n' ? 0 : fail("'y' or 'n'")
  } else if (kind === 'tristate') {
    const number = { n: 0, y: 1, m: 2 }[letterOf(value) ?? fail("'y', 'm' or 'n'")]
    view.setUint32(offset, number, true)
  } else {
    const number = numberOf(value) ?? fail('a number')
    const bits = 8 * size
    const signed = kind !== 'unsigned'
    if ((signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number)) !== number)
      return fail(`a number of ${bits} bits`)
    for (let at = 0; at < size; at += 1) bytes[offset + at] = Number((number >> BigInt(8 * at)) & 0xffn)
  }
  spec.kconfig!.set(name, { ...extern, isSet: true })
}

function letterOf(value: KconfigValue): 'y' | 'm' | 'n' | undefined {
  if (typeof value === 'boolean') return value ? 'y' : 'n'
  return value === 'y' || value === 'm' || value === 'n' ? value : undefined
}

function numberOf(value: KconfigValue): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && /^-?(\d+|0x[0-9a-f]+)$/i.test(value)
    ? value.startsWith('-')
      ? -BigInt(value.slice(1))
      : BigInt(value)
    : undefined
}

/** Values of a configuration file as kernels have it ('CONFIG_HZ=250'), gzip or not. Throws SkepError BAD_VALUE. */
export function parseKconfig(data: Uint8Array, file: string): Record<string, string> {
  let text: string
  try {
    text = new TextDecoder().decode(data[0] === 0x1f && data[1] === 0x8b ? zlib().gunzipSync(data) : data)
  } catch (cause) {
    throw new SkepError('BAD_VALUE', `${file}: expected a kernel configuration, gzip or not`, { file }, { cause })
  }
  const values: Record<string, string> = {}
  for (const [number, line] of text.split('\n').entries()) {
    const [, name, value] = /^(CONFIG_\w+)=(.*)$/.exec(line.trim()) ?? []
    if (name !== undefined && value !== undefined) values[name] = value
    else if (line.trim() !== '' && !line.trim().startsWith('#'))
      throw new SkepError('BAD_VALUE', `${file}: line ${number + 1}: expected CONFIG_NAME=value`, { file })
  }
  return values
}

/** Where the running kernel's configuration may be, for a release as uname -r says it. */
export function hostKconfigFiles(release: string): string[] {
  return ['/proc/config.gz', `/boot/config-${release}`]
}
