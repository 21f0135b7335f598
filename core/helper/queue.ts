// The helpers of maps without keys by the kernel's names: queues, stacks, bloom filters. Called by guest programs,
// inside a section.
import { EOPNOTSUPP, MAP_TYPE_BLOOM_FILTER } from '../abi'
import { peek32 } from '../door'
import { guestAddress } from '../guest'
import { MAP_TYPE, MAP_VALUE_SIZE } from '../layout'
import { bloomPeek, bloomPush } from '../map/bloom'
import { mapAddress } from '../map/map'
import { queuePeek, queuePop, queuePush } from '../map/queue'
import { isQueue } from '../map/shape'

function valueOf(map: usize, pointer: u64): usize {
  return guestAddress(pointer, peek32(map + MAP_VALUE_SIZE))
}

/** 0, -E2BIG, -EINVAL, -ENOMEM: see queuePush and bloomPush; -EOPNOTSUPP for maps that take no values without keys. */
export function bpf_map_push_elem(mapPointer: u64, valuePointer: u64, flags: u64): i64 {
  const map = mapAddress(mapPointer)
  const value = valueOf(map, valuePointer)
  const type = peek32(map + MAP_TYPE)
  if (type === MAP_TYPE_BLOOM_FILTER) return bloomPush(map, value, flags)
  return isQueue(type) ? queuePush(map, value, flags) : -EOPNOTSUPP
}

/** 0 or -ENOENT; -EOPNOTSUPP where nothing can be taken out. */
export function bpf_map_pop_elem(mapPointer: u64, valuePointer: u64): i64 {
  const map = mapAddress(mapPointer)
  const value = valueOf(map, valuePointer)
  return isQueue(peek32(map + MAP_TYPE)) ? queuePop(map, value) : -EOPNOTSUPP
}

/** 0 or -ENOENT; of a bloom filter whether the value may be in it. */
export function bpf_map_peek_elem(mapPointer: u64, valuePointer: u64): i64 {
  const map = mapAddress(mapPointer)
  const value = valueOf(map, valuePointer)
  const type = peek32(map + MAP_TYPE)
  if (type === MAP_TYPE_BLOOM_FILTER) return bloomPeek(map, value)
  return isQueue(type) ? queuePeek(map, value) : -EOPNOTSUPP
}
