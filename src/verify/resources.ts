// What a program holds at one place and has to give back: references to sockets and samples, iterators, dynptrs of
// rings, and the sections that it is in; and in which words the kernel's verifier says that it was not given back.
// Immutable; states with the same key hold the same. Owned by the walk.
import { invalid, type Complaint } from './refusal.js'

/** Of the one spin lock that can be held. */
export type LockState = 'free' | 'held' | 'unknown'

export interface Held {
  /** Unlike that of anything else that is held. */
  readonly name: string
  /** The function and the index of the instruction that took it. */
  readonly fn: string
  readonly index: number
}

export interface Resources {
  /** False: something is given or taken that cannot be followed, and nothing is claimed any more. */
  readonly known: boolean
  readonly references: readonly Held[]
  /** Flags of bpf_local_irq_save, the last one last. */
  readonly irq: readonly Held[]
  readonly rcu: number
  readonly preempt: number
  readonly key: string
}

export const NOTHING_HELD: Resources = { known: true, references: [], irq: [], rcu: 0, preempt: 0, key: '' }
export const UNKNOWN_HELD: Resources = { ...NOTHING_HELD, known: false, key: '?' }

function keyed(resources: Omit<Resources, 'key'>): Resources {
  const { references, irq, rcu, preempt } = resources
  const names = (all: readonly Held[]): string => all.map(({ name }) => name).join()
  const nothing = references.length + irq.length + rcu + preempt === 0
  return { ...resources, key: nothing ? '' : `${names(references)};${names(irq)};${rcu};${preempt}` }
}

export function holds({ references }: Resources, name: string): boolean {
  return references.some((held) => held.name === name)
}

/** With one more reference; the same one twice cannot be followed. */
export function withReference(resources: Resources, held: Held): Resources {
  if (!resources.known) return resources
  if (holds(resources, held.name)) return UNKNOWN_HELD
  const references = [...resources.references, held].sort((a, b) => (a.name < b.name ? -1 : 1))
  return keyed({ ...resources, references })
}

export function withoutReference(resources: Resources, name: string): Resources {
  if (!holds(resources, name)) return resources
  return keyed({ ...resources, references: resources.references.filter((held) => held.name !== name) })
}

/** With the depths of sections and the flags changed. */
export function withSections(
  resources: Resources,
  sections: Partial<Pick<Resources, 'irq' | 'rcu' | 'preempt'>>,
): Resources {
  return resources.known ? keyed({ ...resources, ...sections }) : resources
}

/**
 * What must not be held where `what` happens, the end of a program or what may be one. Where it only leads back to a
 * caller, not `ends`, that one can still give references back.
 */
export function heldComplaint(resources: Resources, lock: LockState, what: string, ends = true): Complaint | undefined {
  if (ends && resources.references.length > 0) return invalid(`${what} would lead to reference leak`)
  const region =
    lock === 'held'
      ? 'bpf_spin_lock'
      : resources.irq.length > 0
        ? 'bpf_local_irq_save'
        : resources.rcu > 0
          ? 'bpf_rcu_read_lock'
          : resources.preempt > 0
            ? 'bpf_preempt_disable'
            : undefined
  return region === undefined ? undefined : invalid(`${what} cannot be used inside ${region}-ed region`)
}

/** The end of a program, or of a callback that is called like one. */
export const EXIT = 'BPF_EXIT instruction in main prog'

/** What must not be entered: a helper or kfunc that sleeps. */
export function sleepComplaint(resources: Resources, callee: string, isKfunc: boolean): Complaint | undefined {
  const region =
    resources.rcu > 0
      ? 'rcu_read_lock region'
      : resources.preempt > 0
        ? 'non-preemptible region'
        : resources.irq.length > 0
          ? 'IRQ-disabled region'
          : undefined
  if (region === undefined) return undefined
  return isKfunc
    ? { errno: 'EACCES', words: `kernel func ${callee} is sleepable within ${region}` }
    : invalid(`sleepable helper ${callee} in ${region}`)
}
