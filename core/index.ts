// The module's exports: what compiled programs import (helpers and kfuncs by the kernel's names) and what the host
// calls. Nothing is defined here.
export { cpu_attach } from './cpu'
export { tail_frame } from './frame'
export { program_create, program_put, program_release, programTryGet as program_get } from './async/program'
export {
  ensureQueued as async_ensure_queued,
  goOn as async_start_go_on,
  takeBack as async_start_take_back,
} from './async/start'
export { keep as async_cancel_keep, program_close } from './async/kept'
export { map_get, map_put, map_user_get, map_user_put } from './async/user-reference'
export {
  timer_cancel_at_once,
  timer_set_callback_at_once,
  timer_start_at_once,
  wq_set_callback_at_once,
  wq_set_callback_impl_at_once,
  wq_start_at_once,
} from './helper/async-at-once'
export {
  bpf_timer_cancel,
  bpf_timer_cancel_async,
  bpf_timer_init,
  bpf_timer_set_callback,
  bpf_timer_start,
  timer_cancel_in,
  timer_set_callback_in,
  timer_start_in,
} from './helper/timer'
export * from './helper/index'
export {
  bpf_for_each_map_elem,
  bpf_map_delete_elem,
  bpf_map_lookup_elem,
  bpf_map_lookup_percpu_elem,
  bpf_map_sum_elem_count,
  bpf_map_update_elem,
  map_delete_in,
  map_update_in,
} from './helper/map'
export { bpf_map_peek_elem, bpf_map_pop_elem, bpf_map_push_elem } from './helper/queue'
export {
  bpf_ringbuf_discard,
  bpf_ringbuf_output,
  bpf_ringbuf_query,
  bpf_ringbuf_reserve,
  bpf_ringbuf_submit,
} from './helper/ring-buffer'
export { ringbuf_output_at_once, ringbuf_reserve_at_once, ringbuf_submit_at_once } from './helper/ring-at-once'
export { bpf_tail_call } from './helper/tail-call'
export {
  bpf_wq_init,
  bpf_wq_set_callback,
  bpf_wq_set_callback_impl,
  bpf_wq_start,
  wq_set_callback_impl_in,
  wq_set_callback_in,
  wq_start_in,
} from './helper/work'
export { interpret } from './interp/interpret'
export { map_bytes_core, map_bytes_guest } from './map/bytes'
export { map_create } from './map/create'
export {
  map_delete,
  map_element_key,
  map_element_value,
  map_lookup,
  map_lookup_and_delete,
  map_lookup_copy,
  map_lookup_cpu,
  map_next,
  map_next_key,
  map_update,
  map_update_cpu,
} from './map/host'
export { map_peek, map_pop, map_push } from './map/host-keyless'
export { perf_event_close, perf_event_open } from './map/perf-event'
export { publish as hash_publish } from './map/hash'
export { act as hash_act } from './map/list'
export { evict as hash_evict } from './map/lru'
export { ring_next, ring_release, ring_sample } from './map/ring'
export { map_delete_at_once, map_update_at_once } from './map/short'
export { giveElement as hash_give } from './map/spare'
export { user_ring_end, user_ring_reserve } from './map/user-ring'
export { sectionEnter as section_enter, sectionExit as section_exit } from './memory/section'
export { control_blocks_free, control_blocks_lost, control_blocks_total, program_references } from './run/audit'
export { machine_boot } from './run/boot'
export { cpu_loop } from './run/loop'
export { cpu_offline } from './run/offline'
export { cpu_idle, cpu_next_expiry, cpu_poll, cpu_reclaim_pending } from './run/poll'
export { prepared_run } from './run/prepared'
export { cpu_now, program_run, program_run_repeat, run_prepare } from './run/program-run'
export { realtime_set } from './run/realtime'
export { cpu_unwind } from './run/unwind'
