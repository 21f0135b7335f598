// Writes docs/support.md from the code's own tables: program and map types, every helper that Linux 6.18 numbers and
// every kfunc that this machine has. `node scripts/support.mjs` after a build; `--check` compares
// (test/machine/support.test.ts does the same).
import { readFileSync, writeFileSync } from 'node:fs'
import { helpers, kfuncs } from '../dist/src/machine/helpers.js'
import { helperName } from '../dist/src/isa/helper-names.js'
import { typeSections } from './support-types.mjs'

const MOST = 256
const path = new URL('../docs/support.md', import.meta.url)

const HOST = 'what the host has set'
const OUTPUT = "as bpf_perf_event_output; the packet is the run's `data`, whatever structure its pointer names"
const LENGTH = "of a tracing program: of the run's `data`, whatever structure its pointer names"
const SOCKETS =
  'among the sockets that the host sets; the current network namespace is the only one, and of sockets that fit equally well the first is found (no SO_REUSEPORT)'
const REDIRECT = "nothing is sent: a run's answer has it"
const ROOM = 'up to the end of the run buffer'
const PRINTF = 'pointers print as they are, and no address has a name'

/** What differs from the kernel. Everything else that is in the machine's tables works as there. */
const DIFFERENCES = {
  bpf_xdp_get_buff_len: LENGTH,
  bpf_ktime_get_boot_ns: 'is bpf_ktime_get_ns: nothing suspends',
  bpf_ktime_get_coarse_ns: "the CPU's last reading of the clock",
  bpf_ktime_get_tai_ns: 'is REALTIME: no leap seconds',
  bpf_jiffies64: "HZ is 250; counts from the machine's epoch",
  bpf_get_current_pid_tgid: HOST,
  bpf_get_current_comm: HOST,
  bpf_get_current_uid_gid: HOST,
  bpf_get_current_task: `${HOST}; nothing can be read behind it`,
  bpf_get_current_task_btf: `${HOST}; what is read behind it is 0, unless it is in the guest window`,
  bpf_get_stack: `${HOST} for the run; -EFAULT without it, and no build ids`,
  bpf_get_stackid: `${HOST} for the run; -EFAULT without it`,
  bpf_get_current_cgroup_id: HOST,
  bpf_get_current_ancestor_cgroup_id: HOST,
  bpf_get_ns_current_pid_tgid: HOST,
  bpf_get_func_ip: HOST,
  bpf_get_attach_cookie: HOST,
  bpf_get_func_arg_cnt: 'as many as the context of the run was given',
  bpf_get_func_arg: 'as many as the context of the run was given',
  bpf_get_func_ret: 'the last word of the context of the run',
  bpf_get_socket_cookie: HOST,
  bpf_get_socket_uid: HOST,
  bpf_get_netns_cookie: HOST,
  bpf_get_cgroup_classid: HOST,
  bpf_skb_cgroup_classid: HOST,
  bpf_get_route_realm: HOST,
  bpf_skb_cgroup_id: HOST,
  bpf_current_task_under_cgroup: 'control groups are ids that the host sets, in the array as well',
  bpf_skb_under_cgroup: 'control groups are ids that the host sets, in the array as well',
  bpf_skb_ancestor_cgroup_id: HOST,
  bpf_skb_get_tunnel_key: `${HOST}, or the program`,
  bpf_skb_get_tunnel_opt: `${HOST}, or the program`,
  bpf_user_ringbuf_drain: 'samples of the host (userRing), whose headers and positions no one can break',
  bpf_perf_event_output: "into the buffers that the host opens (perfBuffer); records come without perf's padding",
  bpf_skb_output: OUTPUT,
  bpf_xdp_output: OUTPUT,
  bpf_redirect: REDIRECT,
  bpf_redirect_map: `${REDIRECT}, with the map and the key; every interface but 0 and every CPU exists`,
  bpf_redirect_peer: REDIRECT,
  bpf_redirect_neigh: REDIRECT,
  bpf_clone_redirect: "nothing is sent: a run's answer has the clones; every interface but 0 exists",
  bpf_get_hash_recalc: 'the hash of a flow is another than in a kernel, where it is another after each boot',
  bpf_fib_lookup:
    'by the interfaces, routes and neighbours that the host sets; no rules, no several ways to one prefix',
  bpf_sk_lookup_tcp: SOCKETS,
  bpf_sk_lookup_udp: SOCKETS,
  bpf_skc_lookup_tcp: `${SOCKETS}; connections that are only asked for (NEW_SYN_RECV) are none`,
  bpf_sk_release: 'counts nothing: sockets stay as the host has set them',
  bpf_tcp_sock: 'its fields are what the host has set',
  bpf_sk_assign: "tc programs always run as at ingress; the run's answer says which socket",
  bpf_check_mtu: 'by the table of interfaces that the host sets; lengths of segments are not looked at',
  bpf_csum_update: 'always -ENOTSUPP: no device has summed the packet',
  bpf_skb_change_head: ROOM,
  bpf_skb_change_tail: ROOM,
  bpf_skb_adjust_room: `${ROOM}; no segmentation offload`,
  bpf_get_numa_node_id: 'always 0',
  bpf_get_prandom_u32: 'from a seed of the machine, the same in every run of a virtual one',
  bpf_trace_printk: PRINTF,
  bpf_trace_vprintk: PRINTF,
  bpf_snprintf: PRINTF,
  bpf_probe_read: 'kernel memory is the guest window',
  bpf_probe_read_str: 'kernel memory is the guest window',
  bpf_probe_read_kernel: 'kernel memory is the guest window',
  bpf_probe_read_kernel_str: 'kernel memory is the guest window',
  bpf_probe_read_user: 'user memory is the guest window',
  bpf_probe_read_user_str: 'user memory is the guest window',
  bpf_copy_from_user: 'user memory is the guest window',
  bpf_xdp_adjust_tail: "grows up to the end of the CPU's run buffer",
  bpf_skb_store_bytes: 'BPF_F_RECOMPUTE_CSUM has no effect: a packet has no such state',
  bpf_l4_csum_replace: 'the packet itself only: there is no offload state',
  bpf_skb_pull_data: 'a packet is always in one piece',
  bpf_iter_bits_new: 'more than one word is read where it is, not copied',
  bpf_copy_from_user_str: 'user memory is the guest window',
  bpf_probe_read_kernel_dynptr: 'kernel memory is the guest window',
  bpf_probe_read_kernel_str_dynptr: 'kernel memory is the guest window',
  bpf_dynptr_from_skb: 'of a `tp_btf` program over the `data` of the run, whatever structure its pointer names',
  bpf_dynptr_slice: 'never copies into the buffer',
  bpf_dynptr_slice_rdwr: 'never copies into the buffer',
}

/** Why something is refused: the first line that matches its name. */
const REASONS = [
  ['there is no map of its type', /_output|redirect_map|map_(push|pop|peek)|storage/],
  [
    'no kernel pointers are kept in maps, and there are no per-CPU variables of a kernel',
    /kptr_xchg|(per|this)_cpu_ptr/,
  ],
  [
    'its program types are not run here',
    /_msg_|sock_ops|lwt_|_rc_|sysctl|hdr_opt|bprm|reuseport|[gs]et_retval|seq_|ima_|tcp_send_ack/,
  ],
  [
    'a socket is what `struct bpf_sock` and `struct bpf_tcp_sock` show of it',
    /^bpf_skc?_|_sock|tcp_|listener|_bind$|sockopt|fullsock/,
  ],
  [
    'there is no kernel to look into or to act upon',
    /task|d_path|vma|kallsyms|btf|sys_|stack|override|signal|probe_write/,
  ],
  ['there is no hardware that counts', /perf_|branch/],
  ['there is no network that transforms packets', /xfrm/],
]

/** Kernel functions that objects ask for, by group. */
const REFUSED_FUNCTIONS = [
  [
    '`bpf_obj_new`, `bpf_percpu_obj_new`, `bpf_refcount_acquire`, `bpf_list_*`, `bpf_rbtree_*`',
    'objects that programs allocate and link are not there yet',
  ],
  [
    '`bpf_cpumask_*`, `bpf_task_*`, `bpf_cgroup_*`, `bpf_get_task_exe_file`',
    'they hand out kernel objects with a reference count, and there are none',
  ],
  ['`scx_bpf_*`, `bpf_struct_ops`, congestion control', 'struct_ops programs are not run here'],
  ['`bpf_iter_task_*`, `bpf_iter_css_*`, `bpf_iter_kmem_cache_*`, …', 'there is nothing of a kernel to iterate over'],
  ['`bpf_arena_*`', 'no arena maps'],
  ['`bpf_throw`', 'exceptions unwind through callbacks by what a verifier knows'],
  ['`bpf_res_spin_lock`', 'its promise is a time-out of the kernel’s deadlock detection'],
  [
    '`bpf_skb_ct_*`, `bpf_xdp_ct_*`, `bpf_xdp_metadata_*`, `bpf_crypto_*`, `bpf_key_*`',
    'no connection tracking, devices, ciphers or keys',
  ],
  ['`bpf_rdonly_cast`, `bpf_cast_to_kern_ctx`', 'there are no structures of a kernel behind a context'],
]

function reasonOf(name) {
  const found = REASONS.find(([, pattern]) => pattern.test(name))
  return found ? `refused: ${found[0]}` : 'refused'
}

const escape = (name) => `\`${name}\``

function row(id, name, has) {
  const verdict = !has ? reasonOf(name) : DIFFERENCES[name] ? `differs: ${DIFFERENCES[name]}` : 'works'
  return `| ${id === undefined ? '' : id} | ${escape(name)} | ${verdict} |`
}

export function supportPage() {
  const byId = new Map(helpers.map((entry) => [entry.id, entry]))
  const rows = []
  for (let id = 1; id < MOST; id += 1) {
    const name = byId.get(id)?.name ?? helperName(id)
    if (name) rows.push(row(id, name, byId.has(id)))
  }
  const kernelFunctions = [...kfuncs].map(({ name }) => name).sort()
  return [
    '# What is supported, and what is refused',
    '',
    '<!-- Written by scripts/support.mjs from the tables of the code; do not edit. -->',
    '',
    'What an object uses that is `refused` here is named, all of it in one message, when it is loaded. A weak kernel function that',
    'is not here is address 0, as in a kernel without it.',
    '',
    '## Values that the host sets',
    '',
    '`boot({ task })` and `machine.setTask()` say what the task is in which programs run (`TaskIdentity`: ids, name, control',
    'groups, namespace); `run({ task })` what it is in one run. `run({ attach })` gives the cookie and the address of what a',
    'program is attached to, `run({ packet })` what a packet has besides its bytes: hash, VLAN tag, tunnel, socket, control',
    'groups. `boot({ interfaces, routes, neighbors, sockets })` describes the network: MTU and link address of each interface, where',
    'packets go, who has which link address, and which sockets there are. What programs do to a packet comes back in the answer of',
    'the run: `packet`, `redirect`, `clones`.',
    '',
    ...typeSections(),
    `## Helpers: ${helpers.length} of ${rows.length}`,
    '',
    '| number | helper | |',
    '| ---: | --- | --- |',
    ...rows,
    '',
    `## Kernel functions: ${kernelFunctions.length}`,
    '',
    'Any other is refused, by name. Those that objects ask for, and why:',
    '',
    '| function | why not |',
    '| --- | --- |',
    ...REFUSED_FUNCTIONS.map(([functions, reason]) => `| ${functions} | ${reason} |`),
    '',
    '| | function | |',
    '| --- | --- | --- |',
    ...kernelFunctions.map((name) => row(undefined, name, true)),
    '',
  ].join('\n')
}

if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== supportPage()) {
    process.stderr.write('docs/support.md is not current: node scripts/support.mjs\n')
    process.exitCode = 1
  }
} else writeFileSync(path, supportPage())
