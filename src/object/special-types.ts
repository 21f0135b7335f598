// The structures that the kernel gives a meaning when they stand in a map value, by name. Used by the BTF decoder and
// by special-fields.ts.
import type { Btf } from './btf.js'

interface SpecialType {
  readonly size: number
  readonly align: number
}

/** Those that we implement. A struct of the same name but another size is an ordinary struct. */
export const SUPPORTED_SPECIAL: ReadonlyMap<string, SpecialType> = new Map([
  ['bpf_timer', { size: 16, align: 8 }],
  ['bpf_wq', { size: 16, align: 8 }],
  ['bpf_spin_lock', { size: 4, align: 4 }],
])

/** Those that the kernel knows and we do not. */
export const UNSUPPORTED_SPECIAL: ReadonlySet<string> = new Set([
  'bpf_task_work',
  'bpf_res_spin_lock',
  'bpf_list_head',
  'bpf_list_node',
  'bpf_rb_root',
  'bpf_rb_node',
  'bpf_refcount',
])

/** Type tags that make a pointer in a map value a kptr. */
export const KPTR_TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr'])

/** Whether values of this type are timers, works or spin locks, or an array of them. */
export function isOpaque(btf: Btf, id: number): boolean {
  let type = btf.resolved(id)
  while (type.kind === 'array') type = btf.resolved(type.type)
  return type.kind === 'struct' && SUPPORTED_SPECIAL.get(type.name)?.size === type.size
}
