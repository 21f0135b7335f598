// The part of docs/support.md about program types, map types, fields of values, instructions and load-time checks: rows
// from the code's tables, and beside each what differs or why it is refused. A row without its reason is an error. For
// support.mjs.
import { mapTypes } from '../dist/src/machine/map/types.js'
import { programTypeNumbers } from '../dist/src/machine/program-types.js'
import { MAP_TYPE_NAMES } from '../dist/src/object/map-types.js'
import { sectionsByType } from '../dist/src/object/sections.js'
import { KPTR_TAGS, UNSUPPORTED_SPECIAL } from '../dist/src/object/special-types.js'

const NO_SOCKET = 'runs inside a socket of a kernel: sockets here are what `boot({ sockets })` says of them'
const NO_CGROUP = 'decides for tasks of a control group: there are ids of groups here, and no tasks in them'
const NO_TUNNEL = 'part of routes of a kernel'
const NO_KERNEL = 'there is no kernel to change or to iterate over'

const PROGRAM_TYPES = {
  socket_filter: 'sees the packet from the network header on, as under BPF_PROG_TEST_RUN',
  kprobe: 'the host gives the context; timers and work are allowed',
  sched_cls: 'always at ingress',
  sched_act: 'always at ingress',
  tracepoint: 'the host gives the context; timers and work are allowed',
  xdp: 'a packet is always in one piece, with `xdp.frags`, too',
  cgroup_skb: 'the group is what the host says',
  perf_event: 'the host gives the context; runs as NMI unless it says otherwise; timers and work are allowed',
  raw_tracepoint: 'the host gives the context; timers and work are allowed',
  tracing: '`tp_btf`, `fentry`, `fexit`: the host gives the arguments; what is read behind them is 0 where nothing is',
  syscall: 'works',
}

const REFUSED_PROGRAM_TYPES = {
  sk_reuseport: `${NO_SOCKET}; none of them shares a port`,
  raw_tracepoint_writable: 'writes into structures of a kernel',
  fmod_ret: NO_KERNEL,
  ext: 'replaces a function of another program while that is loaded',
  lsm: NO_KERNEL,
  iter: NO_KERNEL,
  lwt_in: NO_TUNNEL,
  lwt_out: NO_TUNNEL,
  lwt_xmit: NO_TUNNEL,
  lwt_seg6local: NO_TUNNEL,
  sk_skb: NO_SOCKET,
  sk_msg: NO_SOCKET,
  lirc_mode2: 'decodes what an infrared receiver sees',
  flow_dissector: 'its context is a dissection that the kernel has begun',
  cgroup_sock: NO_SOCKET,
  cgroup_sock_addr: NO_SOCKET,
  cgroup_sysctl: NO_CGROUP,
  cgroup_sockopt: NO_CGROUP,
  cgroup_device: NO_CGROUP,
  sock_ops: NO_SOCKET,
  struct_ops: 'its programs are the functions of a structure of the kernel',
  sk_lookup: NO_SOCKET,
  netfilter: 'its context is a packet on its way through the hooks of a kernel',
}

const TARGETS = 'nothing is sent: the answer of the run names map and key'
const LRU = 'evicts by CLOCK; one list for all CPUs, also with `BPF_F_NO_COMMON_LRU`'
const MAP_TYPES = {
  hash: 'full only by max_entries, never by preallocation',
  array: 'works',
  prog_array: 'that programs have one type is asked when they are set, not of those that call',
  perf_event_array:
    'into the buffers that the host opens (`perfBuffer`); there are no other events; `__type(value, …)` of a struct names the records, as in cilium/ebpf (libbpf: EINVAL)',
  percpu_hash: 'works',
  percpu_array: 'works',
  stack_trace: 'stacks are what the host gives a run; no build ids',
  cgroup_array: 'ids of control groups that the host puts there',
  lru_hash: LRU,
  lru_percpu_hash: LRU,
  lpm_trie: 'works',
  array_of_maps: 'works',
  hash_of_maps: 'a key that stays is never missed while its map is replaced',
  devmap: TARGETS,
  cpumap: TARGETS,
  xskmap: TARGETS,
  queue: 'works',
  stack: 'works',
  devmap_hash: TARGETS,
  ringbuf:
    'at most 128 MiB; positions wrap at 16 GiB; what a faulting run leaves reserved is discarded at its end; `__type(value, …)` of a struct names the records, as in cilium/ebpf (libbpf: EINVAL)',
  bloom_filter: 'works',
  user_ringbuf: 'the host reserves, submits and discards (`userRing`); no one can break headers and positions',
}

const NO_STORAGE = 'storage beside an object of a kernel, and there are none'
const REFUSED_MAP_TYPES = {
  sockmap: 'its values are sockets of a kernel',
  sockhash: 'its values are sockets of a kernel',
  cgroup_storage: NO_STORAGE,
  reuseport_sockarray: 'its values are sockets of a kernel',
  percpu_cgroup_storage: NO_STORAGE,
  sk_storage: NO_STORAGE,
  struct_ops: 'its values are structures of the kernel with programs in them',
  inode_storage: NO_STORAGE,
  task_storage: NO_STORAGE,
  cgrp_storage: NO_STORAGE,
  arena: 'memory that grows by page faults, and pointers of two address spaces',
  insn_array: 'jumps to addresses of instructions; later than Linux 6.18',
}

const OBJECTS = 'objects that programs allocate and link are not there'
const REFUSED_FIELDS = {
  bpf_task_work: 'there is no task to run it in',
  bpf_res_spin_lock: 'its promise is a time-out of the kernel’s deadlock detection',
  bpf_list_head: OBJECTS,
  bpf_list_node: OBJECTS,
  bpf_rb_root: OBJECTS,
  bpf_rb_node: OBJECTS,
  bpf_refcount: OBJECTS,
}

/** Rows of what is there, then of what is refused; `known` is every name that needs one of the two. */
function rows(known, here, refused, row) {
  for (const name of known)
    if (name in here === name in refused) throw new Error(`docs/support.md: expected one reason for '${name}'`)
  return [
    ...known.filter((name) => name in here).map((name) => row(name, here[name])),
    ...known.filter((name) => name in refused).map((name) => row(name, `refused: ${refused[name]}`)),
  ]
}

function sameNames(what, table, code) {
  const one = Object.keys(table).sort().join()
  const other = [...code].sort().join()
  if (one !== other) throw new Error(`docs/support.md: ${what}: the code says ${other}, the page ${one}`)
}

function programTypes() {
  const sections = sectionsByType()
  sameNames(
    'program types',
    PROGRAM_TYPES,
    Object.keys(programTypeNumbers).filter((name) => name !== 'unsupported'),
  )
  const names = (type) => {
    const all = sections.get(type).map((name) => `\`${name}\``)
    return all.length > 6 ? `${all.slice(0, 5).join(', ')}, … (${all.length})` : all.join(', ')
  }
  return rows([...sections.keys()], PROGRAM_TYPES, REFUSED_PROGRAM_TYPES, (type, says) => {
    return `| ${type} | ${names(type)} | ${says} |`
  })
}

function mapTypeRows() {
  const known = MAP_TYPE_NAMES.slice(1)
  sameNames(
    'map types',
    MAP_TYPES,
    [...mapTypes].map((type) => MAP_TYPE_NAMES[type]),
  )
  return rows(known, MAP_TYPES, REFUSED_MAP_TYPES, (name, says) => {
    return `| ${MAP_TYPE_NAMES.indexOf(name)} | \`${name}\` | ${says} |`
  })
}

function fieldRows() {
  sameNames('fields of values', REFUSED_FIELDS, UNSUPPORTED_SPECIAL)
  const here = { bpf_timer: 'works', bpf_wq: 'works', bpf_spin_lock: 'works' }
  const tags = [...KPTR_TAGS].map((tag) => `\`${tag}\``).join(', ')
  return [
    ...rows(
      Object.keys({ ...here, ...REFUSED_FIELDS }),
      here,
      REFUSED_FIELDS,
      (name, says) => `| \`${name}\` | ${says} |`,
    ),
    `| pointers tagged ${tags} | refused: no kernel pointers are kept in maps |`,
  ]
}

/** Lines of the page. */
export function typeSections() {
  return [
    '## Program types',
    '',
    'By the sections of libbpf 1.4. A section that it does not know is refused, with the name that may have been meant.',
    '',
    '| type | sections | |',
    '| --- | --- | --- |',
    ...programTypes(),
    '',
    '## Map types',
    '',
    'Every type that is there is used by programs and by the host without a lock, in any context. Attributes that a kernel',
    'refuses are refused with its errno; `map_extra` is for bloom filters alone. An inner map holds no user reference by standing in',
    'its outer map: its timers and work stop with its last handle or pin, as in the kernel. Definitions in the older section `maps`',
    'are refused, as by libbpf.',
    '',
    '| number | type | |',
    '| ---: | --- | --- |',
    ...mapTypeRows(),
    '',
    'What may stand in a value:',
    '',
    '| field | |',
    '| --- | --- |',
    ...fieldRows(),
    '',
    '## Instructions',
    '',
    'All of RFC 9669, and what came later: see [conformance.md](conformance.md). Legacy packet loads (`ldabs`, `ldind`; in C the',
    'built-in functions `llvm.bpf.load.byte`, `.half` and `.word`) as in the kernel: in socket filters and tc programs; from the',
    'network or the link header with `SKF_NET_OFF` and `SKF_LL_OFF`, while `SKF_AD_OFF` is of classic BPF only; out of the packet they end',
    'the function that they stand in, with the result 0; in a callback itself Linux 6.18 takes them for a bug of its own, and they are',
    'refused. Refused are loads and stores of arenas, the move that changes an address space, and fields that are reserved and not zero.',
    '',
    ...CHECKS,
    '',
  ]
}

const CHECKS = `## Load-time checks

Loading follows every program through its functions and callbacks (\`src/verify\`). What is certainly wrong is refused with
\`REFUSED\`: program, function, instruction, C line, and errno and words of the verifier of Linux 6.18. What cannot be decided is
accepted, and the program is checked as it runs. The checks are no safety boundary: that is the checked code.
\`load(object, { checks: false })\` leaves them out.

Linux 6.18 is stricter here:

| what the program does | there | here |
| --- | --- | --- |
| a tracing program uses a map with a timer or work | refused | accepted: the lock was the reason; refused with \`{ strict: '6.18' }\` |
| loads or stores through what a lookup gave before it was compared with 0 | refused | accepted; a fault if it is null. Arithmetic on it is refused |
| an access leaves a value, a sample or the frame for some values of a number | refused | accepted; a fault if it leaves guest memory. What leaves it for all is refused |
| reads of a packet that were not compared with its end | refused | accepted; a fault if it leaves guest memory |
| reads of registers and frame slots that nothing has written | refused | accepted: 0, or what was there |
| pointers that are compared, added up, or stored where others can read them | refused in places | accepted: addresses are numbers of this machine |
| memory that a helper is given: too short, not initialised, or over a timer, work or lock | refused | accepted, and checked as it runs; a dynptr, an iterator or saved flags in it are refused |
| loops without an end that the verifier sees, programs of more than a million steps | refused | accepted; the loop budget ends them |
| the value that a program returns, by its type | refused | accepted |
| something is still held at the end, or given back twice, on a way that hangs on single bits of a number, on two numbers that are no constants, or on an answer of a function that is no constant | refused | accepted: the kernel follows more of numbers, and might know that the way is never taken. It is given back at the end of the run |
| a dynptr, an iterator or saved flags are used in a wrong way by an address that was kept where it is not followed, at an offset that is no constant, or in a function that is entered in more than 16 ways | refused | accepted: what is in them is checked as it runs |

Stricter here:

| what the program does | there | here |
| --- | --- | --- |
| \`bpf_wq_init\` with another map than the work's | accepted in most cases | refused: "workqueue pointer in R1 … doesn't match map pointer in R2 …" |`.split(
  '\n',
)
