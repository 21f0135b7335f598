// Writes docs/support.md from the code's own tables: every helper that Linux 6.18 numbers and every kfunc that this
// machine has. `node scripts/support.mjs` after a build; `--check` compares (test/machine/support.test.ts does the same).
import { readFileSync, writeFileSync } from 'node:fs'
import { helpers, kfuncs } from '../dist/src/machine/helpers.js'
import { helperName } from '../dist/src/isa/helper-names.js'

const MOST = 256
const path = new URL('../docs/support.md', import.meta.url)

/** What differs from the kernel. Everything else that is in the machine's tables works as there. */
const DIFFERENCES = {
  bpf_ktime_get_boot_ns: 'is bpf_ktime_get_ns: nothing suspends',
  bpf_ktime_get_coarse_ns: "the CPU's last reading of the clock",
  bpf_ktime_get_tai_ns: 'is REALTIME: no leap seconds',
  bpf_jiffies64: "HZ is 250; counts from the machine's epoch",
  bpf_get_current_pid_tgid: 'what the host set',
  bpf_get_current_comm: 'what the host set',
  bpf_get_current_uid_gid: 'always 0',
  bpf_get_numa_node_id: 'always 0',
  bpf_get_prandom_u32: 'from a seed of the machine, the same in every run of a virtual one',
  bpf_trace_printk: 'no %pI4, %pI6, %pB; pointers print as they are',
  bpf_trace_vprintk: 'no %pI4, %pI6, %pB; pointers print as they are',
  bpf_snprintf: 'no %pI4, %pI6, %pB; pointers print as they are',
  bpf_probe_read: 'kernel memory is the guest window',
  bpf_probe_read_str: 'kernel memory is the guest window',
  bpf_probe_read_kernel: 'kernel memory is the guest window',
  bpf_probe_read_kernel_str: 'kernel memory is the guest window',
  bpf_probe_read_user: 'user memory is the guest window',
  bpf_probe_read_user_str: 'user memory is the guest window',
  bpf_copy_from_user: 'user memory is the guest window',
  bpf_xdp_adjust_tail: "grows up to the end of the CPU's run buffer",
  bpf_skb_store_bytes: 'BPF_F_RECOMPUTE_CSUM and BPF_F_INVALIDATE_HASH have no effect: a packet has no such state',
  bpf_l4_csum_replace: 'the packet itself only: there is no offload state',
  bpf_skb_pull_data: 'a packet is always in one piece',
  bpf_dynptr_slice: 'never copies into the buffer',
  bpf_dynptr_slice_rdwr: 'never copies into the buffer',
}

const escape = (name) => `\`${name}\``

function row(id, name, has) {
  const verdict = !has ? 'refused' : DIFFERENCES[name] ? `differs: ${DIFFERENCES[name]}` : 'works'
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
    '# Helpers and kernel functions',
    '',
    '<!-- Written by scripts/support.mjs from the tables of the code; do not edit. -->',
    '',
    'What a program calls that is `refused` here is named, all of it in one message, when its object is loaded. A weak kernel',
    'function that is not here is address 0, as in a kernel without it.',
    '',
    `## Helpers: ${helpers.length} of ${rows.length}`,
    '',
    '| number | helper | |',
    '| ---: | --- | --- |',
    ...rows,
    '',
    `## Kernel functions: ${kernelFunctions.length}`,
    '',
    'Any other is refused.',
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
