// Updates of a per-CPU hash map: a present key keeps its element, so that pointers into it and other CPUs' values stay
// good; an absent one is inserted as in a plain hash map. Called by the helpers and the host, inside a section.
// Lock-free: each further turn follows a delete or an insertion of the key by somebody else.
import { BPF_EXIST, BPF_NOEXIST, EBUSY, EEXIST, EINVAL, ENOENT } from '../abi'
import { peek32, retry } from '../door'
import { MAP_TYPE } from '../layout'
import { beginWrite, endWrite } from './element-write'
import { hashFind, insertHash } from './hash'
import { markReferenced } from './lru'
import { isLru } from './shape'
import { writeCpuValues } from './value'

/** 0 written, -ENOENT the key is absent, -EBUSY nested too deeply. */
function writePresent(map: usize, key: usize, value: usize, which: u32): i32 {
  while (true) {
    retry()
    const found = hashFind(map, key)
    if (!found) return -ENOENT
    const word = beginWrite(map, found - 1)
    if (!word) return -EBUSY
    const still = hashFind(map, key) === found
    if (still) writeCpuValues(map, found - 1, value, which, false)
    endWrite(word)
    if (!still) continue
    if (isLru(peek32(map + MAP_TYPE))) markReferenced(map, found - 1)
    return 0
  }
}

/**
 * Sets the value of the key at `key` on CPU `which` to the one at `value` (guest addresses), or every CPU's
 * (writeCpuValues). A new key has zeros on the other CPUs. 0; -EINVAL (flags); -EEXIST, -ENOENT (BPF_NOEXIST,
 * BPF_EXIST); -E2BIG if the map is full; -ENOMEM if no element could be got.
 */
export function perCpuHashUpdate(map: usize, key: usize, value: usize, flags: u64, which: u32): i32 {
  if (flags > <u64>BPF_EXIST) return -EINVAL
  while (true) {
    retry()
    if (!(flags & BPF_NOEXIST)) {
      const written = writePresent(map, key, value, which)
      if (written !== -ENOENT || flags & BPF_EXIST) return written
    }
    const result = insertHash(map, key, value, BPF_NOEXIST, which)
    if (result !== -EEXIST || flags & BPF_NOEXIST) return result
  }
}
