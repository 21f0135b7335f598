// Where timer, work and spin lock stand in map values; the kernel's answers to the same maps are the table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get, readFixture } from './fixture.js'

/** Map, offsets of timer, work and lock, and what the kernel says of a program that uses the timer or work. */
const CASES: [map: string, timer: number, work: number, lock: number, problems: string[]][] = [
  ['m_plain', -1, -1, -1, []],
  ['m_arr', 8, -1, -1, []],
  ['m_hash', 8, -1, -1, []],
  ['m_lru', 8, -1, -1, []],
  ['m_pcpu_arr', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
  ['m_pcpu_hash', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
  ['m_lru_pcpu', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
  ['m_mmapable', 8, -1, -1, []],
  ['m_rdonly_prog', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
  ['m_wronly_prog', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
  ['m_nested', 24, -1, -1, []],
  ['m_two_timers', -1, -1, -1, ['has no valid bpf_timer']],
  ['m_two_nested', -1, -1, -1, ['has no valid bpf_timer']],
  ['m_timer_array1', 8, -1, -1, []],
  ['m_timer_array2', -1, -1, -1, ['has no valid bpf_timer']],
  ['m_array_of_one', -1, -1, -1, ['has no valid bpf_timer']],
  ['m_union', -1, -1, -1, ['has no valid bpf_timer']],
  ['m_packed_misal', -1, -1, -1, ['has no valid bpf_timer']],
  ['m_timer_wq_lock', 8, 24, 0, []],
  [
    'm_lru_lock',
    -1,
    -1,
    -1,
    ['has to have BTF in order to use bpf_timer', 'has to have BTF in order to use bpf_spin_lock'],
  ],
  ['m_wq', -1, 8, -1, []],
  ['m_two_wqs', -1, -1, -1, ['has no valid bpf_wq']],
  ['m_wq_pcpu', -1, -1, -1, ['has to have BTF in order to use bpf_wq']],
  ['m_no_btf', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
  ['m_no_key_type', -1, -1, -1, ['has to have BTF in order to use bpf_timer']],
]

for (const object of ['special-fields', 'special-fields.c14']) {
  const spec = readFixture(object)
  for (const [name, timer, work, lock, problems] of CASES)
    test(`${name}: timer, work and lock stand where the kernel finds them (${object})`, () => {
      const map = get(spec.maps, name)
      assert.deepEqual([map.timerOffset, map.workOffset, map.lockOffset], [timer, work, lock])
      for (const problem of problems)
        assert.ok(map.problems.includes(`map '${name}' ${problem}`), map.problems.join('\n'))
      if (problems.length === 0) assert.deepEqual(map.problems, [])
    })
}
