// What the helpers export to guest programs; the timer, work and map helpers are exported by async/ and map/.
export { bpf_csum_diff, bpf_l3_csum_replace, bpf_l4_csum_replace } from './checksum'
export * from './bits'
export * from './clock'
export * from './dynptr'
export * from './identity'
export { bpf_spin_lock, bpf_spin_unlock } from './lock'
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
export * from './mtu'
export { bpf_perf_event_output } from './perf-event'
export * from './trace'
export { bpf_redirect_map } from './redirect-map'
export { bpf_clone_redirect, bpf_redirect, bpf_redirect_neigh, bpf_redirect_peer } from './redirect'
export { bpf_skb_load_bytes, bpf_skb_load_bytes_relative, bpf_skb_pull_data, bpf_skb_store_bytes } from './skb'
export * from './skb-metadata'
export * from './skb-room'
export * from './skb-tunnel'
export { bpf_skb_vlan_pop, bpf_skb_vlan_push } from './skb-vlan'
export * from './string'
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
