// Compiles what a mutant of the core is: the core with one line changed (scripts/mutants-list.mjs), and of it only what
// the subjects and tests of the async protocol, of maps and of rings call. For scripts/mutants.mjs and the stress
// tests.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'

const OPTIONS = ['--runtime', 'stub', '--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '1024', '--enable', 'threads', '--enable', 'simd', '--enable', 'bulk-memory', '--exportTable', '--noExportMemory', '--outFile', 'out.wasm'] // prettier-ignore

/**
 * What the subjects call: the rest of the core is not compiled, and nothing is optimised, which takes longer than most
 * searches.
 */
const ENTRY = `export { cpu_attach } from './cpu'
export { program_close } from './async/kept'
export { program_create, program_release } from './async/program'
export { map_put, map_user_get, map_user_put } from './async/user-reference'
export { bpf_timer_cancel, bpf_timer_cancel_async, bpf_timer_init } from './helper/timer'
export { bpf_timer_set_callback, bpf_timer_start } from './helper/timer'
export { bpf_map_delete_elem, bpf_map_lookup_elem, bpf_map_update_elem } from './helper/map'
export { bpf_for_each_map_elem, bpf_map_lookup_percpu_elem, bpf_map_sum_elem_count } from './helper/map'
export { bpf_wq_init, bpf_wq_set_callback, bpf_wq_start } from './helper/work'
export { bpf_perf_event_output } from './helper/perf-event'
export { bpf_ringbuf_discard, bpf_ringbuf_output, bpf_ringbuf_query, bpf_ringbuf_reserve } from './helper/ring-buffer'
export { bpf_ringbuf_submit } from './helper/ring-buffer'
export { ringbuf_output_at_once, ringbuf_reserve_at_once, ringbuf_submit_at_once } from './helper/ring-at-once'
export { bpf_get_stackid } from './helper/stack-trace'
export { bpf_map_peek_elem, bpf_map_pop_elem, bpf_map_push_elem } from './helper/queue'
export { map_bytes_core, map_bytes_guest } from './map/bytes'
export { map_create } from './map/create'
export { map_delete, map_element_value, map_lookup_copy, map_next_key, map_update } from './map/host'
export { perf_event_close, perf_event_open } from './map/perf-event'
export { ring_next, ring_release, ring_sample } from './map/ring'
export { sectionEnter as section_enter, sectionExit as section_exit } from './memory/section'
export { control_blocks_free } from './run/audit'
export { machine_boot } from './run/boot'
export { cpu_loop } from './run/loop'
export { cpu_offline } from './run/offline'
export { cpu_poll } from './run/poll'
export { program_run } from './run/program-run'
export { realtime_set } from './run/realtime'
export { cpu_unwind } from './run/unwind'
export { bpf_spin_lock, bpf_spin_unlock } from './spin-lock'
`

/**
 * Compiles the core with a mutant's edits; `more`: edits of other files, by file. `checked`: the build whose accesses
 * are calls to the hooks; without it the build that real threads run. `exports`: more of the core, as lines of
 * AssemblyScript.
 */
export async function compileMutant({ name, file, edits, more = {} }, { checked = true, exports = '' } = {}) {
  let binary
  const build = checked ? ['-u', 'CHECKED=1'] : []
  const { error, stderr } = await asc.main(['core/index.ts', ...OPTIONS, ...build], {
    readFile(path, folder) {
      if (path === 'core/index.ts') return ENTRY + exports
      let text
      try {
        text = readFileSync(join(folder, path), 'utf8')
      } catch {
        return null
      }
      if (path === 'core/abi.ts') return text.replace(/(MAX_MAPS|MAX_PROGRAMS) = \d+/g, '$1 = 4')
      for (const [from, to] of path === file ? edits : (more[path] ?? [])) {
        if (text.split(from).length !== 2) throw new Error(`mutant "${name}": its text is not in ${path} just once`)
        text = text.replace(from, () => to)
      }
      return text
    },
    writeFile(path, contents) {
      if (path === 'out.wasm') binary = contents
    },
  })
  if (error || !binary) throw new Error(`mutant "${name}" does not compile: ${stderr.toString()}`)
  return binary
}
