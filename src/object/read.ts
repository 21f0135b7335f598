// readObject: from the bytes of a `.bpf.o` file to an ObjectSpec. The order of the steps is here, each step in its own
// file. Reads everything or throws; what is merely not supported is collected in the spec.
import { readFile } from 'node:fs/promises'
import { reasonOf, show, SkepError } from '../error.js'
import { Btf } from './btf.js'
import { readBtfExt } from './btf-ext.js'
import { Bytes, hex } from './bytes.js'
import type { ReadContext } from './context.js'
import { readCoreRelocations } from './core-relocations.js'
import { readDataSections } from './data-sections.js'
import { readElf, type Elf, type Section } from './elf.js'
import { readFunctions } from './functions.js'
import { readKconfig } from './kconfig.js'
import { readMaps } from './maps.js'
import { readRelocations } from './relocate.js'
import type { ObjectSpec } from './spec.js'

const R_ABS32 = 3
const R_NODYLD32 = 4

/**
 * Reads an object file, given by path, by file URL or as bytes (then `name` names it in messages).
 * Throws SkepError: FILE if it cannot be read, BAD_ELF, BAD_BTF or BAD_OBJECT if it is malformed. What the object uses
 * and this package lacks is no error here but in `spec.unsupported`, and load() refuses it.
 */
export async function readObject(source: string | URL | Uint8Array, name = 'object'): Promise<ObjectSpec> {
  if (source instanceof Uint8Array) return parseObject(source, name)
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new SkepError('BAD_OBJECT', `readObject: expected a path, a file URL or bytes, got ${show(source)}`)
  const path = typeof source === 'string' ? source : source.pathname
  try {
    return parseObject(await readFile(source), path)
  } catch (error) {
    if (error instanceof SkepError) throw error
    throw new SkepError(
      'FILE',
      `cannot read object file '${path}': ${reasonOf(error)}`,
      { file: path },
      { cause: error },
    )
  }
}

/** readObject for bytes that are there already. `file` names them in messages. */
export function parseObject(data: Uint8Array, file: string): ObjectSpec {
  // A copy: a Buffer's slice() would be a view, shared memory cannot be decoded, and the caller may go on writing.
  const elf = readElf(new Uint8Array(data), file)
  const { btf, strings } = readTypes(elf) ?? {}
  const ext = strings && readExtension(elf, strings)
  const spec: ObjectSpec = {
    name: (file.split(/[\\/]/).at(-1) ?? file).replace(/(\.bpf)?\.o$/, ''),
    license: readLicense(elf),
    maps: new Map(),
    programs: new Map(),
    functions: new Map(),
    variables: new Map(),
    btf,
    unsupported: [],
  }
  const context: ReadContext = {
    elf,
    spec,
    ext,
    mapsByOffset: new Map(),
    dataMaps: new Map(),
    unsupported: new Set(),
    functionsBySection: new Map(),
  }
  refuseSections(context)
  readMaps(context)
  readDataSections(context)
  readKconfig(context)
  readFunctions(context)
  readRelocations(context)
  readCoreRelocations(context)
  spec.unsupported = [...context.unsupported]
  return spec
}

function readTypes(elf: Elf): { btf: Btf; strings: Bytes } | undefined {
  const section = elf.section('.BTF')
  if (!section) return undefined
  const sizes = new Map(elf.sections.map(({ name, size }) => [name, size]))
  return Btf.readWithStrings(relocated(elf, section), (name) => sizes.get(name))
}

function readExtension(elf: Elf, strings: Bytes) {
  const section = elf.section('.BTF.ext')
  return section && readBtfExt(relocated(elf, section), strings)
}

/** A copy of a section with its 32-bit relocations done: offsets of variables and of instructions. */
function relocated(elf: Elf, section: Section): Bytes {
  const origin = { ...section.bytes.origin, code: 'BAD_BTF' }
  const bytes: Bytes = new Bytes(section.bytes.data.slice(), origin)
  const view = new DataView(bytes.data.buffer)
  for (const { offset, type, symbol } of elf.relocations(section)) {
    if (type !== R_ABS32 && type !== R_NODYLD32)
      bytes.fail(offset, `symbol '${symbol.name}': expected relocation type ${R_ABS32} or ${R_NODYLD32}, found ${type}`)
    const value = bytes.u32(offset, 'a word to relocate') + symbol.value
    if (value > 0xffffffff)
      bytes.fail(offset, `symbol '${symbol.name}': expected an offset below 4 GiB, found ${hex(value)}`)
    view.setUint32(offset, value, true)
  }
  return bytes
}

function readLicense(elf: Elf): string {
  const section = elf.section('license')
  return section && section.bytes.length > 0 ? section.bytes.text(0, 'the license') : ''
}

/** Whole sections that mean something we do not do. */
function refuseSections({ elf, unsupported }: ReadContext): void {
  for (const section of elf.sections) {
    if (/^\??\.struct_ops(\.|$)/.test(section.name)) unsupported.add(`section '${section.name}': struct_ops`)
    if (/^\.(addr_space|arena)\./.test(section.name)) unsupported.add(`section '${section.name}': arena data`)
  }
}
