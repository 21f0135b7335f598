// What the verifier of Linux 6.18 said to what a program acquires (socket-, reference- and section-programs.bpf.c), as
// in verdicts.ts.

export interface Verdict {
  object: string
  program: string
  /** The verifier's words; absent: accepted. */
  refused?: string
}

export const REFERENCE_VERDICTS: readonly Verdict[] = [
  { object: 'socket-programs', program: 'ok_sock' },
  { object: 'socket-programs', program: 'ok_sock_twice' },
  {
    object: 'socket-programs',
    program: 'bad_sock_leak',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'socket-programs',
    program: 'bad_sock_leak_unchecked',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'socket-programs',
    program: 'bad_sock_leak_one_way',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'socket-programs',
    program: 'bad_sock_leak_lowest_bits',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  { object: 'socket-programs', program: 'ok_sock_flag' },
  {
    object: 'socket-programs',
    program: 'bad_sock_maybe_null',
    refused: 'R1 type=sock_or_null expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  },
  {
    object: 'socket-programs',
    program: 'bad_sock_read_maybe_null',
    refused: "R0 invalid mem access 'sock_or_null'",
  },
  {
    object: 'socket-programs',
    program: 'bad_sock_twice',
    refused: 'R1 type=scalar expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  },
  { object: 'socket-programs', program: 'bad_sock_after', refused: "R6 invalid mem access 'scalar'" },
  { object: 'socket-programs', program: 'bad_sock_write', refused: 'R0 cannot write into sock' },
  { object: 'socket-programs', program: 'bad_sock_beyond', refused: 'R0 invalid sock access off=80 size=4' },
  { object: 'socket-programs', program: 'bad_sock_narrow', refused: 'R0 invalid sock access off=16 size=2' },
  { object: 'socket-programs', program: 'bad_sock_padding', refused: 'R0 invalid sock access off=50 size=2' },
  { object: 'socket-programs', program: 'bad_common_type', refused: 'R0 invalid sock_common access off=8 size=4' },
  { object: 'socket-programs', program: 'ok_common' },
  { object: 'socket-programs', program: 'ok_full_released' },
  { object: 'socket-programs', program: 'bad_full_after', refused: "R8 invalid mem access 'scalar'" },
  { object: 'socket-programs', program: 'bad_tcp_narrow', refused: 'R0 invalid tcp_sock access off=80 size=4' },
  {
    object: 'socket-programs',
    program: 'bad_listener_release',
    refused: 'R1 must be referenced when passed to release function',
  },
  {
    object: 'socket-programs',
    program: 'bad_release_listener',
    refused: 'R1 must be referenced when passed to release function',
  },
  {
    object: 'socket-programs',
    program: 'bad_full_maybe_null',
    refused: 'R1 type=sock_or_null expected=sock_common, sock, tcp_sock, xdp_sock',
  },
  { object: 'socket-programs', program: 'ok_equal_to_one_that_is' },
  {
    object: 'socket-programs',
    program: 'bad_unequal_to_one_that_is',
    refused: "R7 invalid mem access 'sock_or_null'",
  },
  {
    object: 'socket-programs',
    program: 'bad_equal_to_one_that_may_be',
    refused: "R7 invalid mem access 'sock_or_null'",
  },
  { object: 'reference-programs', program: 'bad_sock_moved', refused: 'R0 pointer arithmetic on sock prohibited' },
  { object: 'reference-programs', program: 'ok_sock_kept' },
  {
    object: 'reference-programs',
    program: 'bad_release_unreferenced',
    refused: 'R1 must be referenced when passed to release function',
  },
  {
    object: 'reference-programs',
    program: 'bad_sk_read_maybe_null',
    refused: "R1 invalid mem access 'sock_common_or_null'",
  },
  {
    object: 'reference-programs',
    program: 'bad_release_ctx',
    refused: 'R1 type=ctx expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  },
  {
    object: 'reference-programs',
    program: 'bad_release_number',
    refused: 'R1 type=scalar expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  },
  { object: 'reference-programs', program: 'bad_sock_tail_call', refused: 'tail_call would lead to reference leak' },
  { object: 'reference-programs', program: 'ok_sock_function' },
  { object: 'reference-programs', program: 'ok_sock_found' },
  {
    object: 'reference-programs',
    program: 'bad_sock_found',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'reference-programs',
    program: 'bad_sock_loop',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'reference-programs',
    program: 'bad_sock_loop_release',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  { object: 'reference-programs', program: 'ok_sample' },
  {
    object: 'reference-programs',
    program: 'bad_sample_leak',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'reference-programs',
    program: 'bad_sample_maybe_null',
    refused: 'R1 type=ringbuf_mem_or_null expected=ringbuf_mem',
  },
  {
    object: 'reference-programs',
    program: 'bad_sample_write_maybe_null',
    refused: "R0 invalid mem access 'ringbuf_mem_or_null'",
  },
  { object: 'reference-programs', program: 'bad_sample_twice', refused: 'R1 type=scalar expected=ringbuf_mem' },
  { object: 'reference-programs', program: 'bad_sample_after', refused: "R6 invalid mem access 'scalar'" },
  {
    object: 'reference-programs',
    program: 'bad_sample_middle',
    refused: 'R1 must have zero offset when passed to release func or trusted arg to kfunc',
  },
  {
    object: 'reference-programs',
    program: 'bad_sample_beyond',
    refused: 'R0 min value is outside of the allowed memory range',
  },
  { object: 'reference-programs', program: 'bad_sample_of_map', refused: 'R1 type=map_value expected=ringbuf_mem' },
  {
    object: 'reference-programs',
    program: 'bad_sample_mixed',
    refused: 'R1 type=ringbuf_mem expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  },
  {
    object: 'reference-programs',
    program: 'bad_dynptr_leak',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  { object: 'reference-programs', program: 'ok_dynptr' },
  { object: 'section-programs', program: 'ok_iterator' },
  {
    object: 'section-programs',
    program: 'bad_iterator_leak',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  {
    object: 'section-programs',
    program: 'bad_iterator_leak_inside',
    refused: 'BPF_EXIT instruction in main prog would lead to reference leak',
  },
  { object: 'section-programs', program: 'bad_iterator_read', refused: "R0 invalid mem access 'scalar'" },
  { object: 'section-programs', program: 'bad_iterator_next', refused: 'expected an initialized iter_num as arg #0' },
  {
    object: 'section-programs',
    program: 'bad_iterator_destroy',
    refused: 'expected an initialized iter_num as arg #0',
  },
  {
    object: 'section-programs',
    program: 'bad_iterator_destroy_twice',
    refused: 'expected an initialized iter_num as arg #0',
  },
  {
    object: 'section-programs',
    program: 'bad_iterator_new_twice',
    refused: 'expected uninitialized iter_num as arg #0',
  },
  { object: 'section-programs', program: 'ok_sections' },
  {
    object: 'section-programs',
    program: 'bad_rcu_leak',
    refused: 'BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_rcu_one_way',
    refused: 'BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_rcu_unlock',
    refused: 'unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)',
  },
  {
    object: 'section-programs',
    program: 'bad_rcu_nested',
    refused: 'nested rcu read lock (kernel function bpf_rcu_read_lock)',
  },
  {
    object: 'section-programs',
    program: 'bad_rcu_tail_call',
    refused: 'tail_call cannot be used inside bpf_rcu_read_lock-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_preempt_leak',
    refused: 'BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_preempt_enable',
    refused: 'unmatched attempt to enable preemption (kernel function bpf_preempt_enable)',
  },
  { object: 'section-programs', program: 'ok_preempt_function' },
  {
    object: 'section-programs',
    program: 'bad_preempt_function',
    refused: 'unmatched attempt to enable preemption (kernel function bpf_preempt_enable)',
  },
  {
    object: 'section-programs',
    program: 'bad_preempt_tail_call',
    refused: 'tail_call cannot be used inside bpf_preempt_disable-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_irq_leak',
    refused: 'BPF_EXIT instruction in main prog cannot be used inside bpf_local_irq_save-ed region',
  },
  { object: 'section-programs', program: 'bad_irq_restore', refused: 'expected an initialized irq flag as arg#0' },
  { object: 'section-programs', program: 'bad_irq_twice', refused: 'expected uninitialized irq flag as arg#0' },
  {
    object: 'section-programs',
    program: 'bad_irq_order',
    refused: 'cannot restore irq state out of order, expected id=2 acquired at insn_idx=7',
  },
  {
    object: 'section-programs',
    program: 'bad_lock_leak',
    refused: 'BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_lock_one_way',
    refused: 'BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region',
  },
  {
    object: 'section-programs',
    program: 'bad_lock_twice',
    refused: 'function calls are not allowed while holding a lock',
  },
  { object: 'section-programs', program: 'bad_unlock', refused: 'bpf_spin_unlock without taking a lock' },
  {
    object: 'section-programs',
    program: 'bad_sleep_in_rcu',
    refused: 'sleepable helper bpf_copy_from_user#148 in rcu_read_lock region',
  },
  {
    object: 'section-programs',
    program: 'bad_sleep_in_preempt',
    refused: 'sleepable helper bpf_copy_from_user#148 in non-preemptible region',
  },
  {
    object: 'section-programs',
    program: 'bad_sleep_in_irq',
    refused: 'sleepable helper bpf_copy_from_user#148 in IRQ-disabled region',
  },
]
