// What the helpers export to guest programs; the timer, work and map helpers are exported by async/ and map/.
export { bpf_csum_diff, bpf_l3_csum_replace, bpf_l4_csum_replace } from './checksum'
export * from './bits'
export { bpf_current_task_under_cgroup, bpf_skb_under_cgroup } from './cgroup'
export * from './clock'
export {
  bpf_dynptr_adjust,
  bpf_dynptr_clone,
  bpf_dynptr_copy,
  bpf_dynptr_data,
  bpf_dynptr_from_mem,
  bpf_dynptr_from_skb,
  bpf_dynptr_from_xdp,
  bpf_dynptr_is_null,
  bpf_dynptr_is_rdonly,
  bpf_dynptr_memset,
  bpf_dynptr_read,
  bpf_dynptr_size,
  bpf_dynptr_slice,
  bpf_dynptr_slice_rdwr,
  bpf_dynptr_write,
  bpf_probe_read_kernel_dynptr,
  bpf_probe_read_kernel_str_dynptr,
  bpf_ringbuf_discard_dynptr,
  bpf_ringbuf_reserve_dynptr,
  bpf_ringbuf_submit_dynptr,
} from './dynptr'
export * from './identity'
export { bpf_spin_lock, bpf_spin_unlock } from '../spin-lock'
export {
  bpf_local_irq_restore,
  bpf_local_irq_save,
  bpf_preempt_disable,
  bpf_preempt_enable,
  bpf_rcu_read_lock,
  bpf_rcu_read_unlock,
} from './section'
export * from './iterator'
export * from './loop'
export * from './fib'
export * from './mtu'
export * from './packet-load'
export { bpf_perf_event_output, bpf_skb_output, bpf_xdp_output } from './perf-event'
export * from './trace'
export { bpf_redirect_map } from './redirect-map'
export { bpf_clone_redirect, bpf_redirect, bpf_redirect_neigh, bpf_redirect_peer } from './redirect'
export { bpf_skb_load_bytes, bpf_skb_load_bytes_relative, bpf_skb_pull_data, bpf_skb_store_bytes } from './skb'
export * from './skb-metadata'
export * from './skb-room'
export * from './skb-tunnel'
export { bpf_skb_vlan_pop, bpf_skb_vlan_push } from './skb-vlan'
export {
  bpf_get_listener_sock,
  bpf_sk_assign,
  bpf_sk_fullsock,
  bpf_sk_lookup_tcp,
  bpf_sk_lookup_udp,
  bpf_sk_release,
  bpf_skc_lookup_tcp,
  bpf_tcp_sock,
} from './socket'
export { bpf_get_stack, bpf_get_stackid } from './stack-trace'
export * from './string'
export { bpf_user_ringbuf_drain } from './user-ring'
export * from './task'
export {
  bpf_xdp_adjust_head,
  bpf_xdp_adjust_meta,
  bpf_xdp_adjust_tail,
  bpf_xdp_get_buff_len,
  bpf_xdp_load_bytes,
  bpf_xdp_pull_data,
  bpf_xdp_store_bytes,
} from './xdp'
export * from './probe'
export * from './text'
