// What the verifier of Linux 6.18 said to the programs of this folder, one program at a time: accepted (no words), or
// refused with the last line of its log.

export interface Verdict {
  object: string
  program: string
  /** The verifier's words; absent: accepted. */
  refused?: string
}

export const VERDICTS: readonly Verdict[] = [
  { object: 'map-definitions', program: 't_m_arr' },
  { object: 'map-definitions', program: 't_m_hash' },
  { object: 'map-definitions', program: 't_m_hash_np' },
  { object: 'map-definitions', program: 't_m_lru' },
  {
    object: 'map-definitions',
    program: 't_m_pcpu_arr',
    refused: "map 'm_pcpu_arr' has to have BTF in order to use bpf_timer",
  },
  { object: 'map-definitions', program: 't_m_nested' },
  { object: 'map-definitions', program: 't_m_two_timers', refused: "map 'm_two_timers' has no valid bpf_timer" },
  { object: 'map-definitions', program: 't_m_timer_array2', refused: "map 'm_timer_array2' has no valid bpf_timer" },
  { object: 'map-definitions', program: 't_m_timer_array1' },
  { object: 'map-definitions', program: 't_m_union', refused: "map 'm_union' has no valid bpf_timer" },
  { object: 'map-definitions', program: 't_m_packed_misal', refused: "map 'm_packed_misal' has no valid bpf_timer" },
  { object: 'map-definitions', program: 't_m_aligned_bits' },
  { object: 'map-definitions', program: 't_m_bits_before', refused: "map 'm_bits_before' has no valid bpf_timer" },
  { object: 'map-definitions', program: 't_m_bits_after', refused: "map 'm_bits_after' has no valid bpf_timer" },
  { object: 'map-definitions', program: 't_m_timer_wq_lock' },
  {
    object: 'map-definitions',
    program: 't_m_no_btf',
    refused: "map 'm_no_btf' has to have BTF in order to use bpf_timer",
  },
  { object: 'map-definitions', program: 'w_m_wq' },
  { object: 'map-definitions', program: 'w_m_two_wqs', refused: "map 'm_two_wqs' has no valid bpf_wq" },
  {
    object: 'map-definitions',
    program: 'w_m_wq_pcpu',
    refused: "map 'm_wq_pcpu' has to have BTF in order to use bpf_wq",
  },
  { object: 'map-definitions', program: 'w_m_timer_wq_lock' },
  { object: 'timer-programs', program: 'ok_tc' },
  {
    object: 'timer-programs',
    program: 'bad_maybe_null',
    refused: 'R0 pointer arithmetic on map_value_or_null prohibited, null-check it first',
  },
  {
    object: 'timer-programs',
    program: 'bad_wrong_map',
    refused: "timer pointer in R1 map_uid=0 doesn't match map pointer in R2 map_uid=0",
  },
  {
    object: 'timer-programs',
    program: 'bad_wrong_map_type',
    refused: "timer pointer in R1 map_uid=0 doesn't match map pointer in R2 map_uid=0",
  },
  { object: 'timer-programs', program: 'bad_map_no_timer', refused: "map 'plain' has no valid bpf_timer" },
  {
    object: 'timer-programs',
    program: 'bad_offset',
    refused: "off 0 doesn't point to 'struct bpf_timer' that is at 8",
  },
  {
    object: 'timer-programs',
    program: 'bad_offset8',
    refused: "off 16 doesn't point to 'struct bpf_timer' that is at 8",
  },
  { object: 'timer-programs', program: 'bad_stack', refused: 'R1 type=fp expected=map_value' },
  {
    object: 'timer-programs',
    program: 'bad_direct_read',
    refused: 'bpf_timer cannot be accessed directly by load/store',
  },
  {
    object: 'timer-programs',
    program: 'bad_direct_write',
    refused: 'bpf_timer cannot be accessed directly by load/store',
  },
  {
    object: 'timer-programs',
    program: 'bad_memcpy_value',
    refused: 'bpf_timer cannot be accessed directly by load/store',
  },
  {
    object: 'timer-programs',
    program: 'bad_cb_ret1',
    refused: 'At async callback return the register R0 has smin=1 smax=1 should have been in [0, 0]',
  },
  {
    object: 'timer-programs',
    program: 'bad_cb_retx',
    refused: 'At async callback return the register R0 has unknown scalar value should have been in [0, 0]',
  },
  { object: 'timer-programs', program: 'bad_cb_key_write', refused: 'write to change key R2 not allowed' },
  { object: 'timer-programs', program: 'bad_cb_oob', refused: 'R3 min value is outside of the allowed memory range' },
  { object: 'timer-programs', program: 'bad_cb_null', refused: 'R2 type=scalar expected=func' },
  { object: 'timer-programs', program: 'bad_cb_global', refused: 'callback function not static' },
  { object: 'timer-programs', program: 'bad_cb_ctx', refused: 'R2 type=ctx expected=func' },
  {
    object: 'timer-programs',
    program: 'bad_locked_start',
    refused: 'function calls are not allowed while holding a lock',
  },
  { object: 'timer-programs', program: 'ok_lock_then_start' },
  { object: 'work-programs', program: 'wq_ok' },
  { object: 'work-programs', program: 'wq_socket' },
  { object: 'work-programs', program: 'wq_xdp' },
  {
    object: 'work-programs',
    program: 'wq_bad_cb_ret1',
    refused: 'At async callback return the register R0 has smin=1 smax=1 should have been in [0, 0]',
  },
  { object: 'work-programs', program: 'wq_bad_offset', refused: "off 0 doesn't point to 'struct bpf_wq' that is at 8" },
  { object: 'work-programs', program: 'wq_bad_stack', refused: "arg#0 doesn't point to a map value" },
  { object: 'work-programs', program: 'wq_bad_no_map', refused: "pointer in R2 isn't map pointer" },
  {
    object: 'work-programs',
    program: 'wq_bad_null',
    refused: 'R0 pointer arithmetic on map_value_or_null prohibited, null-check it first',
  },
  {
    object: 'work-programs',
    program: 'wq_bad_direct_read',
    refused: 'bpf_wq cannot be accessed directly by load/store',
  },
  { object: 'work-programs', program: 'wq_bad_timer_as_wq', refused: "map 'arr' has no valid bpf_wq" },
  { object: 'tracing-programs', program: 'bad_kprobe', refused: 'tracing progs cannot use bpf_timer yet' },
  { object: 'tracing-programs', program: 'bad_tracepoint', refused: 'tracing progs cannot use bpf_timer yet' },
  { object: 'tracing-programs', program: 'bad_perf_event', refused: 'tracing progs cannot use bpf_timer yet' },
  { object: 'tracing-programs', program: 'bad_raw_tp', refused: 'tracing progs cannot use bpf_timer yet' },
  { object: 'tracing-programs', program: 'bad_kprobe_start', refused: 'tracing progs cannot use bpf_timer yet' },
  { object: 'tracing-programs', program: 'bad_kprobe_maponly', refused: 'tracing progs cannot use bpf_timer yet' },
  { object: 'tail-call-programs', program: 'ok_after_240' },
  {
    object: 'tail-call-programs',
    program: 'bad_after_256',
    refused: 'tail_calls are not allowed when call stack of previous frames is 256 bytes. Too large',
  },
  { object: 'tail-call-programs', program: 'ok_after_112_and_128' },
  {
    object: 'tail-call-programs',
    program: 'bad_after_128_and_128',
    refused: 'tail_calls are not allowed when call stack of previous frames is 256 bytes. Too large',
  },
  { object: 'tail-call-programs', program: 'ok_in_program' },
  {
    object: 'tail-call-programs',
    program: 'bad_combined_first',
    refused: 'combined stack size of 2 calls is 528. Too large',
  },
  {
    object: 'tail-call-programs',
    program: 'bad_tail_call_first',
    refused: 'tail_calls are not allowed when call stack of previous frames is 272 bytes. Too large',
  },
  { object: 'tail-call-programs', program: 'ok_kprobe_deep' },
  {
    object: 'tail-call-programs',
    program: 'bad_kprobe_deep',
    refused: 'combined stack size of 2 calls is 528. Too large',
  },
]
