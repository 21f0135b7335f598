// What a named subject is, and how its name is made: a path of words; `+nmi` and `+stop` mark the variants with nested
// operations and with a CPU that stops. For the catalogues.
import type { SequentialModel } from '../linearize.js'
import type { CpuScript, Subject } from '../subject.js'
import type { ModuleName } from '../builds.js'

export type Protocol = 'shipped' | 'locked' | 'rfc-v1' | 'merged'
export const PROTOCOLS: readonly Protocol[] = ['shipped', 'locked', 'rfc-v1', 'merged']

export type Variant = 'plain' | 'nmi' | 'stop'

export interface Entry {
  name: string
  /** One line: what it asks. */
  about: string
  /** Hazards of the contract that it is about. */
  hazards: readonly string[]
  protocol: Protocol
  variant: Variant
  /** The module under test, to find source positions; none if it has no trace build. */
  module?: ModuleName
  /**
   * Makes the subject; with `traced` over the trace build, recording call sites; a map's also over the core that is
   * given. Stages are shared between entries.
   */
  subject(traced: boolean, module?: Uint8Array): Subject
}

/** What a catalogue says of one subject over a stage of its own kind. */
export interface Plan<At> {
  name: string
  about: string
  variant: Variant
  scripts(at: At): CpuScript[]
}

/** A model that explains everything: what must hold is said in another way. */
export const ANYTHING: SequentialModel<unknown> = {
  initial: () => 0,
  key: String,
  moments: () => [],
  final: () => '',
  agrees: () => true,
}

/** The name of a variant. */
export const variantName = (name: string, variant: Variant): string =>
  variant === 'plain' ? name : `${name}+${variant}`

/** An entry about the shipped core, but for no hazard of the contract. */
export const coreEntry = (name: string, about: string, variant: Variant, subject: Entry['subject']): Entry => ({
  ...{ name: variantName(name, variant), about, variant, subject },
  ...({ hazards: [], protocol: 'shipped', module: 'core' } as const),
})

/** A phrase as a word of a name: `idle, bound` → `idle-bound`. */
export const slug = (phrase: string): string =>
  phrase
    .toLowerCase()
    .replace(/[’']/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
