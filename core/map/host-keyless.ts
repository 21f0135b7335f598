// Operations of the host on maps without keys: queues, stacks, bloom filters. As host.ts; results are the helpers'.
import { ENOTSUPP, EOPNOTSUPP, MAP_TYPE_BLOOM_FILTER } from '../abi'
import { peek32 } from '../door'
import { MAP_TYPE } from '../layout'
import { sectionEnter, sectionExit } from '../memory/section'
import { bloomPeek, bloomPush } from './bloom'
import { queuePeek, queuePop, queuePush } from './queue'
import { isQueue } from './shape'

/** Adds the value at a guest address. 0 or a negative errno; -ENOTSUPP for maps with keys. */
export function map_push(map: usize, value: usize, flags: u32): i32 {
  const type = peek32(map + MAP_TYPE)
  if (type === MAP_TYPE_BLOOM_FILTER) return bloomPush(map, value, flags)
  if (!isQueue(type)) return -ENOTSUPP
  const outermost = sectionEnter()
  const result = queuePush(map, value, flags)
  sectionExit(outermost)
  return result
}

/** Takes the next value of a queue or stack out and writes it to a guest address. 0 or a negative errno. */
export function map_pop(map: usize, value: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  if (!isQueue(type)) return type === MAP_TYPE_BLOOM_FILTER ? -EOPNOTSUPP : -ENOTSUPP
  const outermost = sectionEnter()
  const result = queuePop(map, value)
  sectionExit(outermost)
  return result
}

/** As map_pop, and the value stays; of a bloom filter 0 if the value that lies there may be in it, else -ENOENT. */
export function map_peek(map: usize, value: usize): i32 {
  const type = peek32(map + MAP_TYPE)
  if (type === MAP_TYPE_BLOOM_FILTER) return bloomPeek(map, value)
  if (!isQueue(type)) return -ENOTSUPP
  const outermost = sectionEnter()
  const result = queuePeek(map, value)
  sectionExit(outermost)
  return result
}
