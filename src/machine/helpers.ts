// The helpers and kfuncs that this machine has: number, kernel name, parameters, where they may be called. The core
// exports each by its kernel name; the compiler asks here what to import. Plain data, also read by `skep inspect`.
import { SkepError } from '../error.js'
import type { HelperImport } from '../jit/link.js'
import type { ProgramType } from '../object/spec.js'
import { PACKET_TYPES, SOCKET_BUFFER_TYPES } from './program-types.js'

export interface HelperEntry extends HelperImport {
  /** Number of a helper; undefined for a kfunc. */
  readonly id?: number
  /** Only in sleepable programs and work callbacks. */
  readonly sleepable?: boolean
  /** Program types in which the kernel refuses it. */
  readonly refusedIn?: readonly ProgramType[]
  /** Needs a traced function: of tracing programs only in those of fentry and fexit. */
  readonly traced?: boolean
  /** Takes a pointer that the kernel trusts: of tracing programs only those of tp_btf are given any. */
  readonly trusted?: boolean
  /** Index of the parameter that is a callback, if any. */
  readonly callback?: number
}

const tracing: readonly ProgramType[] = ['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint', 'tracing']
const noLock: readonly ProgramType[] = [...tracing, 'socket_filter']

const xdp = allBut('xdp')
const skb = allBut(...SOCKET_BUFFER_TYPES)
const actions = allBut('sched_cls', 'sched_act')
/** Where sockets are looked up. */
const looked = allBut('xdp', 'sched_cls', 'sched_act', 'cgroup_skb')
/** Where the packet's socket and its control group can be asked for. */
const grouped = allBut('sched_cls', 'sched_act', 'cgroup_skb')
/** Where there is a current task, as the kernel sees it. */
const attached = allBut('kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint', 'tracing')

function allBut(...allowed: ProgramType[]): readonly ProgramType[] {
  const all: readonly ProgramType[] = [...tracing, 'syscall', ...PACKET_TYPES]
  return all.filter((type) => !allowed.includes(type))
}

function helper(id: number, name: string, parameters: number, more: Partial<HelperEntry> = {}): HelperEntry {
  return { id, name, parameters, frame: false, returns: true, ...more }
}

function kfunc(name: string, parameters: number, more: Partial<HelperEntry> = {}): HelperEntry {
  return { name, parameters, frame: false, returns: true, ...more }
}

/** Every helper, by number. */
export const helpers: readonly HelperEntry[] = [
  helper(1, 'bpf_map_lookup_elem', 2),
  helper(2, 'bpf_map_update_elem', 4, { ofMap: 'map_update_in', atOnce: 'map_update_at_once' }),
  helper(3, 'bpf_map_delete_elem', 2, { ofMap: 'map_delete_in', atOnce: 'map_delete_at_once' }),
  helper(4, 'bpf_probe_read', 3, { refusedIn: PACKET_TYPES }),
  helper(5, 'bpf_ktime_get_ns', 0),
  helper(6, 'bpf_trace_printk', 5),
  helper(7, 'bpf_get_prandom_u32', 0),
  helper(8, 'bpf_get_smp_processor_id', 0),
  helper(9, 'bpf_skb_store_bytes', 5, { refusedIn: actions }),
  helper(10, 'bpf_l3_csum_replace', 5, { refusedIn: actions }),
  helper(11, 'bpf_l4_csum_replace', 5, { refusedIn: actions }),
  helper(12, 'bpf_tail_call', 3, { tail: true }),
  helper(13, 'bpf_clone_redirect', 3, { refusedIn: actions }),
  helper(14, 'bpf_get_current_pid_tgid', 0),
  helper(15, 'bpf_get_current_uid_gid', 0),
  helper(16, 'bpf_get_current_comm', 2),
  helper(17, 'bpf_get_cgroup_classid', 1),
  helper(18, 'bpf_skb_vlan_push', 3, { refusedIn: actions }),
  helper(19, 'bpf_skb_vlan_pop', 1, { refusedIn: actions }),
  helper(20, 'bpf_skb_get_tunnel_key', 4, { refusedIn: actions }),
  helper(21, 'bpf_skb_set_tunnel_key', 4, { refusedIn: actions }),
  helper(23, 'bpf_redirect', 2, { refusedIn: allBut('xdp', 'sched_cls', 'sched_act') }),
  helper(24, 'bpf_get_route_realm', 1, { refusedIn: actions }),
  helper(25, 'bpf_perf_event_output', 5),
  helper(26, 'bpf_skb_load_bytes', 4, { refusedIn: skb }),
  helper(27, 'bpf_get_stackid', 3, { refusedIn: PACKET_TYPES }),
  helper(28, 'bpf_csum_diff', 5, { refusedIn: allBut('xdp', 'sched_cls', 'sched_act') }),
  helper(29, 'bpf_skb_get_tunnel_opt', 3, { refusedIn: actions }),
  helper(30, 'bpf_skb_set_tunnel_opt', 3, { refusedIn: actions }),
  helper(31, 'bpf_skb_change_proto', 3, { refusedIn: actions }),
  helper(32, 'bpf_skb_change_type', 2, { refusedIn: actions }),
  helper(33, 'bpf_skb_under_cgroup', 3, { refusedIn: actions }),
  helper(34, 'bpf_get_hash_recalc', 1, { refusedIn: actions }),
  helper(35, 'bpf_get_current_task', 0),
  helper(37, 'bpf_current_task_under_cgroup', 2),
  helper(38, 'bpf_skb_change_tail', 3, { refusedIn: actions }),
  helper(39, 'bpf_skb_pull_data', 2, { refusedIn: actions }),
  helper(40, 'bpf_csum_update', 2, { refusedIn: actions }),
  helper(41, 'bpf_set_hash_invalid', 1, { refusedIn: actions }),
  helper(42, 'bpf_get_numa_node_id', 0),
  helper(43, 'bpf_skb_change_head', 3, { refusedIn: actions }),
  helper(44, 'bpf_xdp_adjust_head', 2, { refusedIn: xdp }),
  helper(45, 'bpf_probe_read_str', 3, { refusedIn: PACKET_TYPES }),
  helper(46, 'bpf_get_socket_cookie', 1, { refusedIn: skb }),
  helper(47, 'bpf_get_socket_uid', 1, { refusedIn: skb }),
  helper(48, 'bpf_set_hash', 2, { refusedIn: actions }),
  helper(50, 'bpf_skb_adjust_room', 4, { refusedIn: actions }),
  helper(51, 'bpf_redirect_map', 3, { refusedIn: xdp }),
  helper(54, 'bpf_xdp_adjust_meta', 2, { refusedIn: xdp }),
  helper(65, 'bpf_xdp_adjust_tail', 2, { refusedIn: xdp }),
  helper(67, 'bpf_get_stack', 4, { refusedIn: PACKET_TYPES }),
  helper(68, 'bpf_skb_load_bytes_relative', 5, { refusedIn: skb }),
  helper(69, 'bpf_fib_lookup', 4, { refusedIn: allBut('xdp', 'sched_cls', 'sched_act') }),
  helper(79, 'bpf_skb_cgroup_id', 1, { refusedIn: grouped }),
  helper(80, 'bpf_get_current_cgroup_id', 0),
  helper(83, 'bpf_skb_ancestor_cgroup_id', 2, { refusedIn: grouped }),
  helper(84, 'bpf_sk_lookup_tcp', 5, { refusedIn: looked }),
  helper(85, 'bpf_sk_lookup_udp', 5, { refusedIn: looked }),
  helper(86, 'bpf_sk_release', 1, { refusedIn: looked }),
  helper(87, 'bpf_map_push_elem', 3),
  helper(88, 'bpf_map_pop_elem', 2),
  helper(89, 'bpf_map_peek_elem', 2),
  helper(93, 'bpf_spin_lock', 1, { refusedIn: noLock }),
  helper(94, 'bpf_spin_unlock', 1, { refusedIn: noLock }),
  helper(95, 'bpf_sk_fullsock', 1, { refusedIn: grouped }),
  helper(96, 'bpf_tcp_sock', 1, { refusedIn: grouped }),
  helper(97, 'bpf_skb_ecn_set_ce', 1, { refusedIn: grouped }),
  helper(98, 'bpf_get_listener_sock', 1, { refusedIn: grouped }),
  helper(99, 'bpf_skc_lookup_tcp', 5, { refusedIn: looked }),
  helper(105, 'bpf_strtol', 4),
  helper(106, 'bpf_strtoul', 4),
  helper(111, 'bpf_skb_output', 5, { refusedIn: allBut('tracing', 'syscall') }),
  helper(112, 'bpf_probe_read_user', 3),
  helper(113, 'bpf_probe_read_kernel', 3),
  helper(114, 'bpf_probe_read_user_str', 3),
  helper(115, 'bpf_probe_read_kernel_str', 3),
  helper(118, 'bpf_jiffies64', 0),
  helper(120, 'bpf_get_ns_current_pid_tgid', 4),
  helper(121, 'bpf_xdp_output', 5, { refusedIn: allBut('tracing', 'syscall') }),
  helper(122, 'bpf_get_netns_cookie', 1, { refusedIn: skb }),
  helper(123, 'bpf_get_current_ancestor_cgroup_id', 1),
  helper(124, 'bpf_sk_assign', 3, { refusedIn: actions }),
  helper(125, 'bpf_ktime_get_boot_ns', 0),
  helper(130, 'bpf_ringbuf_output', 4, { atOnce: 'ringbuf_output_at_once' }),
  helper(131, 'bpf_ringbuf_reserve', 3, { atOnce: 'ringbuf_reserve_at_once' }),
  helper(132, 'bpf_ringbuf_submit', 2, { returns: false, atOnce: 'ringbuf_submit_at_once' }),
  helper(133, 'bpf_ringbuf_discard', 2, { returns: false }),
  helper(134, 'bpf_ringbuf_query', 2),
  helper(135, 'bpf_csum_level', 2, { refusedIn: actions }),
  helper(148, 'bpf_copy_from_user', 3, { sleepable: true }),
  helper(151, 'bpf_skb_cgroup_classid', 1, { refusedIn: actions }),
  helper(152, 'bpf_redirect_neigh', 4, { refusedIn: actions }),
  helper(155, 'bpf_redirect_peer', 2, { refusedIn: actions }),
  helper(158, 'bpf_get_current_task_btf', 0),
  helper(160, 'bpf_ktime_get_coarse_ns', 0, { refusedIn: [...tracing, 'syscall'] }),
  helper(163, 'bpf_check_mtu', 5, { refusedIn: allBut('xdp', 'sched_cls', 'sched_act') }),
  helper(164, 'bpf_for_each_map_elem', 4, { frame: true, callback: 1 }),
  helper(165, 'bpf_snprintf', 5),
  helper(169, 'bpf_timer_init', 3),
  helper(170, 'bpf_timer_set_callback', 2, {
    callback: 1,
    inSlot: { field: 'timer', name: 'timer_set_callback_in', atOnce: 'timer_set_callback_at_once' },
  }),
  helper(171, 'bpf_timer_start', 3, {
    inSlot: { field: 'timer', name: 'timer_start_in', atOnce: 'timer_start_at_once' },
  }),
  helper(172, 'bpf_timer_cancel', 1, {
    inSlot: { field: 'timer', name: 'timer_cancel_in', atOnce: 'timer_cancel_at_once' },
  }),
  helper(173, 'bpf_get_func_ip', 1, { refusedIn: allBut('kprobe', 'tracing') }),
  helper(174, 'bpf_get_attach_cookie', 1, { refusedIn: attached }),
  helper(177, 'bpf_trace_vprintk', 4),
  helper(181, 'bpf_loop', 4, { frame: true, callback: 1 }),
  helper(182, 'bpf_strncmp', 3),
  helper(183, 'bpf_get_func_arg', 3, { refusedIn: allBut('tracing'), traced: true }),
  helper(184, 'bpf_get_func_ret', 2, { refusedIn: allBut('tracing'), traced: true }),
  helper(185, 'bpf_get_func_arg_cnt', 1, { refusedIn: allBut('tracing'), traced: true }),
  helper(188, 'bpf_xdp_get_buff_len', 1, { refusedIn: allBut('xdp', 'tracing', 'syscall') }),
  helper(189, 'bpf_xdp_load_bytes', 4, { refusedIn: xdp }),
  helper(190, 'bpf_xdp_store_bytes', 4, { refusedIn: xdp }),
  helper(192, 'bpf_skb_set_tstamp', 3, { refusedIn: actions }),
  helper(195, 'bpf_map_lookup_percpu_elem', 3),
  helper(197, 'bpf_dynptr_from_mem', 4),
  helper(198, 'bpf_ringbuf_reserve_dynptr', 4),
  helper(199, 'bpf_ringbuf_submit_dynptr', 2, { returns: false }),
  helper(200, 'bpf_ringbuf_discard_dynptr', 2, { returns: false }),
  helper(201, 'bpf_dynptr_read', 5),
  helper(202, 'bpf_dynptr_write', 5),
  helper(203, 'bpf_dynptr_data', 3),
  helper(208, 'bpf_ktime_get_tai_ns', 0),
  helper(209, 'bpf_user_ringbuf_drain', 4, { frame: true, callback: 1 }),
]

/** Every kfunc, by name. */
export const kfuncs: readonly HelperEntry[] = [
  kfunc('bpf_timer_cancel_async', 1),
  kfunc('bpf_wq_init', 3),
  kfunc('bpf_wq_set_callback', 3, {
    callback: 1,
    inSlot: { field: 'work', name: 'wq_set_callback_in', atOnce: 'wq_set_callback_at_once' },
  }),
  kfunc('bpf_wq_set_callback_impl', 4, {
    callback: 1,
    inSlot: { field: 'work', name: 'wq_set_callback_impl_in', atOnce: 'wq_set_callback_impl_at_once' },
  }),
  kfunc('bpf_wq_start', 2, { inSlot: { field: 'work', name: 'wq_start_in', atOnce: 'wq_start_at_once' } }),
  kfunc('bpf_iter_num_new', 3),
  kfunc('bpf_iter_num_next', 1),
  kfunc('bpf_iter_num_destroy', 1, { returns: false }),
  kfunc('bpf_copy_from_user_str', 4, { sleepable: true }),
  kfunc('bpf_dynptr_clone', 2),
  kfunc('bpf_dynptr_copy', 5),
  kfunc('bpf_dynptr_from_skb', 3, { refusedIn: allBut(...SOCKET_BUFFER_TYPES, 'tracing'), trusted: true }),
  kfunc('bpf_dynptr_from_xdp', 3, { refusedIn: xdp }),
  kfunc('bpf_dynptr_is_rdonly', 1),
  kfunc('bpf_dynptr_memset', 4),
  kfunc('bpf_iter_bits_destroy', 1, { returns: false }),
  kfunc('bpf_iter_bits_new', 3),
  kfunc('bpf_iter_bits_next', 1),
  kfunc('bpf_local_irq_restore', 1, { returns: false }),
  kfunc('bpf_local_irq_save', 1, { returns: false }),
  kfunc('bpf_map_sum_elem_count', 1),
  kfunc('bpf_probe_read_kernel_dynptr', 4),
  kfunc('bpf_probe_read_kernel_str_dynptr', 4),
  kfunc('bpf_strcasecmp', 2),
  kfunc('bpf_strchr', 2),
  kfunc('bpf_strchrnul', 2),
  kfunc('bpf_strcmp', 2),
  kfunc('bpf_strcspn', 2),
  kfunc('bpf_strlen', 1),
  kfunc('bpf_strnchr', 3),
  kfunc('bpf_strnlen', 2),
  kfunc('bpf_strnstr', 3),
  kfunc('bpf_strrchr', 2),
  kfunc('bpf_strspn', 2),
  kfunc('bpf_strstr', 2),
  kfunc('bpf_xdp_pull_data', 2, { refusedIn: xdp }),
  kfunc('bpf_dynptr_adjust', 3),
  kfunc('bpf_dynptr_is_null', 1),
  kfunc('bpf_dynptr_size', 1),
  kfunc('bpf_dynptr_slice', 4),
  kfunc('bpf_dynptr_slice_rdwr', 4),
  kfunc('bpf_rcu_read_lock', 0, { returns: false }),
  kfunc('bpf_rcu_read_unlock', 0, { returns: false }),
  kfunc('bpf_preempt_disable', 0, { returns: false }),
  kfunc('bpf_preempt_enable', 0, { returns: false }),
]

const byId = new Map(helpers.map((entry) => [entry.id!, entry]))
const byName = new Map(kfuncs.map((entry) => [entry.name, entry]))

/** The helper with this number, if the machine has it. */
export function helperById(id: number): HelperEntry | undefined {
  return byId.get(id)
}

/** The kfunc with this name, if the machine has it. */
export function kfuncByName(name: string): HelperEntry | undefined {
  return byName.get(name)
}

/** For the compiler, after everything unsupported was reported: throws UNSUPPORTED. */
export function requireHelper(entry: HelperEntry | undefined, what: string): HelperEntry {
  if (!entry) throw new SkepError('UNSUPPORTED', `${what} is not supported`)
  return entry
}
