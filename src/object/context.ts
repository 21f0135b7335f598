// What the readers of one object share while it is read: the container, the types, and the spec that grows. Lives only
// inside readObject.
import { SkepError } from '../error.js'
import type { BtfExt } from './btf-ext.js'
import { hex } from './bytes.js'
import type { Elf, ElfSymbol, Section } from './elf.js'
import type { ObjectSpec } from './spec.js'

export interface ReadContext {
  readonly elf: Elf
  readonly spec: ObjectSpec
  readonly ext: BtfExt | undefined
  /** Maps of `.maps` by byte offset in that section. */
  readonly mapsByOffset: Map<number, string>
  /** Data sections by their index in the file, with the name of their map. */
  readonly dataMaps: Map<number, string>
  /** Becomes spec.unsupported. */
  readonly unsupported: Set<string>
  /** Functions by section name and byte offset, as `functionAt` wants them. */
  readonly functionsBySection: Map<string, Map<number, string>>
}

/** Throws BAD_OBJECT naming file, section, offset and symbol. */
export function failAt(
  context: ReadContext,
  section: Section,
  offset: number,
  problem: string,
  symbol?: ElfSymbol,
): never {
  const { file } = context.elf
  const about = symbol === undefined ? '' : `, symbol '${symbol.name}'`
  throw new SkepError('BAD_OBJECT', `${file}: section '${section.name}', offset ${hex(offset)}${about}: ${problem}`, {
    file,
    section: section.name,
    offset,
  })
}

/** Gives names that are not taken: `name`, then `name#2`, `name#3` … One of these per map of names. */
export class Names {
  private readonly used = new Map<string, number>()

  unique(name: string): string {
    const count = (this.used.get(name) ?? 0) + 1
    this.used.set(name, count)
    return count === 1 ? name : `${name}#${count}`
  }
}

/**
 * Where the section's global symbols lie, by name. Of what was extern in the first of several linked units, BTF keeps
 * the offset 0.
 */
export function globalOffsets({ elf }: ReadContext, section: Section): ReadonlyMap<string, number> {
  return new Map(
    elf
      .symbolsIn(section)
      .filter(({ type, binding }) => type === 'object' && binding !== 'local')
      .map(({ name, value }) => [name, value]),
  )
}
