// What the helpers export to guest programs; the timer, work and map helpers are exported by async/ and map/.
export * from './clock'
export * from './identity'
export { bpf_spin_lock, bpf_spin_unlock } from './lock'
export { bpf_preempt_disable, bpf_preempt_enable, bpf_rcu_read_lock, bpf_rcu_read_unlock } from './section'
export * from './loop'
export * from './trace'
