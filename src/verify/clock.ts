// Which functions read the clock themselves before anything in them looks at the CPU's `now`, or never look. The
// reading that contract §2 (Time) puts at their start cannot be told from the one that they make: nothing between the
// two depends on it. So the core leaves the first one out, which is half of what a short program or callback costs.
// Called where programs are created. What is not known here is taken as a use of `now`.
import type { Instruction } from '../isa/decode.js'
import type { ObjectSpec, Relocation } from '../object/spec.js'
import { codeOf, successors, type Codes } from './blocks.js'

/**
 * What a function does about the clock. 'reads': on every way to its end it has read it, before any use of `now`;
 * 'silent': it never uses `now` without such a reading, but may end without one; 'uses': it may use `now` first.
 */
export type ClockUse = 'reads' | 'silent' | 'uses'

/** ktime_get_ns, _boot_ns, _tai_ns. */
const READING = new Set([5, 125, 208])
/**
 * Helpers that neither use `now` nor call back: maps, identity, packets, probe reads, ring buffer, locks, timers but
 * start.
 */
const NEUTRAL = new Set([
  1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 16, 26, 28, 39, 42, 44, 45, 54, 65, 68, 93, 94, 105, 106, 112, 113, 114, 115,
  130, 131, 132, 133, 134, 169, 170, 172, 182, 188, 189, 190, 195,
])
const NEUTRAL_KFUNCS = new Set([
  'bpf_timer_cancel_async',
  'bpf_wq_init',
  'bpf_wq_set_callback',
  'bpf_wq_set_callback_impl',
  'bpf_wq_start',
  'bpf_iter_num_new',
  'bpf_iter_num_next',
  'bpf_iter_num_destroy',
  'bpf_rcu_read_lock',
  'bpf_rcu_read_unlock',
  'bpf_preempt_disable',
  'bpf_preempt_enable',
])

/** The use of every function of an object. Throws SkepError BAD_INSTRUCTION if code cannot be decoded. */
export function clockUses(spec: ObjectSpec, codes: Codes = codeOf): ReadonlyMap<string, ClockUse> {
  const uses = new Map<string, ClockUse>()
  // Calls in a circle: nothing is known of the one that is still being looked at.
  const useOf = (name: string): ClockUse => {
    const known = uses.get(name)
    if (known) return known
    const fn = spec.functions.get(name)
    if (!fn) return 'uses'
    uses.set(name, 'uses')
    const { blocks, byStart, relocations } = codes(fn)
    let ends = false
    // Blocks that are reached without a reading.
    const reached = new Set(blocks.slice(0, 1))
    for (const block of reached) {
      let effect: ClockUse = 'silent'
      for (const each of block.instructions) {
        effect = effectOf(each, relocations, useOf)
        if (effect !== 'silent') break
        // A load out of the packet is an end, too.
        if (each.form.kind === 'exit' || each.form.kind === 'legacy') ends = true
      }
      if (effect === 'uses') return 'uses'
      if (effect === 'reads') continue
      for (const start of successors(block)) reached.add(byStart.get(start)!)
    }
    const use = ends ? 'silent' : 'reads'
    uses.set(name, use)
    return use
  }
  for (const name of spec.functions.keys()) useOf(name)
  return uses
}

function effectOf(
  { form, imm, index }: Instruction,
  relocations: ReadonlyMap<number, Relocation>,
  useOf: (name: string) => ClockUse,
): ClockUse {
  if (form.kind === 'call-register') return 'uses'
  if (form.kind !== 'call') return 'silent'
  const relocation = relocations.get(index)
  if (relocation?.kind === 'call') return useOf(relocation.function)
  if (relocation?.kind === 'kfunc') return NEUTRAL_KFUNCS.has(relocation.name) ? 'silent' : 'uses'
  if (form.operation !== 'helper') return 'uses'
  if (READING.has(imm)) return 'reads'
  return NEUTRAL.has(imm) ? 'silent' : 'uses'
}
