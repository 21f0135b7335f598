// What the verifier of Linux 6.18 said to what may end a function early, legacy packet loads and tail calls
// (packet-load-programs.bpf.c, and some of tail-call-programs.bpf.c), as in verdicts.ts.
import type { Verdict } from './reference-verdicts.js'

export const EARLY_END_VERDICTS: readonly Verdict[] = [
  { object: 'packet-load-programs', program: 'ok_socket' },
  { object: 'packet-load-programs', program: 'ok_tc' },
  { object: 'packet-load-programs', program: 'ok_r6' },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_number',
    refused: 'at the time of BPF_LD_ABS|IND R6 != pointer to skb',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_frame',
    refused: 'at the time of BPF_LD_ABS|IND R6 != pointer to skb',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_moved',
    refused: 'dereference of modified ctx ptr R6 off=8 disallowed',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_moved_back',
    refused: 'negative offset ctx ptr R6 off=-8 disallowed',
  },
  { object: 'packet-load-programs', program: 'ok_r6_there_and_back' },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_packet',
    refused: 'at the time of BPF_LD_ABS|IND R6 != pointer to skb',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_value',
    refused: 'at the time of BPF_LD_ABS|IND R6 != pointer to skb',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_r6_maybe_value',
    refused: 'at the time of BPF_LD_ABS|IND R6 != pointer to skb',
  },
  { object: 'packet-load-programs', program: 'ok_by_frame' },
  { object: 'packet-load-programs', program: 'ok_by_context' },
  { object: 'packet-load-programs', program: 'ok_in_int' },
  { object: 'packet-load-programs', program: 'ok_in_bool' },
  { object: 'packet-load-programs', program: 'ok_in_wide' },
  { object: 'packet-load-programs', program: 'ok_in_enum' },
  {
    object: 'packet-load-programs',
    program: 'bad_in_void',
    refused: "LD_ABS is only allowed in functions that return 'int'.",
  },
  {
    object: 'packet-load-programs',
    program: 'bad_in_pointer',
    refused: "LD_ABS is only allowed in functions that return 'int'.",
  },
  { object: 'packet-load-programs', program: 'ok_in_global' },
  { object: 'packet-load-programs', program: 'ok_deeper' },
  {
    object: 'packet-load-programs',
    program: 'bad_socket_held',
    refused: 'BPF_LD_[ABS|IND] would lead to reference leak',
  },
  { object: 'packet-load-programs', program: 'ok_socket_released' },
  {
    object: 'packet-load-programs',
    program: 'bad_sample_held',
    refused: 'BPF_LD_[ABS|IND] would lead to reference leak',
  },
  { object: 'packet-load-programs', program: 'ok_sample_held_in_int' },
  {
    object: 'packet-load-programs',
    program: 'bad_locked',
    refused: 'BPF_LD_[ABS|IND] cannot be used inside bpf_spin_lock-ed region',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_in_rcu',
    refused: 'BPF_LD_[ABS|IND] cannot be used inside bpf_rcu_read_lock-ed region',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_in_rcu_in_int',
    refused: 'BPF_LD_[ABS|IND] cannot be used inside bpf_rcu_read_lock-ed region',
  },
  { object: 'packet-load-programs', program: 'ok_behind_rcu' },
  {
    object: 'packet-load-programs',
    program: 'bad_not_preempted',
    refused: 'BPF_LD_[ABS|IND] cannot be used inside bpf_preempt_disable-ed region',
  },
  {
    object: 'packet-load-programs',
    program: 'bad_not_interrupted',
    refused: 'BPF_LD_[ABS|IND] cannot be used inside bpf_local_irq_save-ed region',
  },
  { object: 'packet-load-programs', program: 'ok_released_before' },
  { object: 'packet-load-programs', program: 'ok_entered_behind' },
  {
    object: 'packet-load-programs',
    program: 'bad_entered_behind',
    refused: 'unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)',
  },
  { object: 'packet-load-programs', program: 'bad_loop', refused: 'verifier bug: callback unexpected regs 1' },
  {
    object: 'packet-load-programs',
    program: 'bad_loop_in_rcu',
    refused: 'BPF_LD_[ABS|IND] cannot be used inside bpf_rcu_read_lock-ed region',
  },
  { object: 'packet-load-programs', program: 'ok_loop_by_function' },
  {
    object: 'packet-load-programs',
    program: 'bad_timer',
    refused: 'at the time of BPF_LD_ABS|IND R6 != pointer to skb',
  },
  { object: 'packet-load-programs', program: 'ok_action' },
  { object: 'tail-call-programs', program: 'ok_sample_held' },
  {
    object: 'tail-call-programs',
    program: 'bad_not_entered',
    refused: 'unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)',
  },
  {
    object: 'tail-call-programs',
    program: 'bad_without_answer',
    refused: "tail_call is only allowed in functions that return 'int'.",
  },
]
