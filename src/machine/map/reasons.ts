// What an errno of a map command says there: the kernel has one word for several mistakes, and the map tells which of
// them it was. Used by commands.ts for its messages.
import {
  E2BIG,
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOTSUPP,
  EOPNOTSUPP,
  EPERM,
  MAP_TYPE_ARRAY,
  MAP_TYPE_PERCPU_ARRAY,
} from '../../../core/abi.js'
import { MAP_TYPE_NAMES } from '../../object/map-types.js'
import type { MapAccess } from './access.js'

/** Types whose keys are indices, besides those that are called an array. */
const INDEXED: readonly string[] = ['array_of_maps', 'devmap', 'cpumap', 'xskmap']

/** How what is in maps without keys is read. */
const READ_BY: Readonly<Record<string, string>> = {
  queue: ': pop() and peek() read it',
  stack: ': pop() and peek() read it',
  bloom_filter: ': mayHold() asks it',
  ringbuf: ': drain(), consume() and records() read it',
}
const BY_KEYS: readonly string[] = ['entries', 'keys', 'next key']

/** Why `operation` has failed with `result`, in words; undefined if the errno may mean more than one thing there. */
export function reasonOf(result: number, operation: string, access: MapAccess): string | undefined {
  const { type, maxEntries, hasFields, hasLock } = access
  const kind = MAP_TYPE_NAMES[type] ?? `type ${type}`
  if (access.keySize === 0 && BY_KEYS.includes(operation)) return `a ${kind} has no keys${READ_BY[kind] ?? ''}`
  const maps = operation === 'memory' || operation === 'freeze'
  switch (-result) {
    case E2BIG:
      return kind.endsWith('array') || INDEXED.includes(kind)
        ? `its last index is ${maxEntries - 1}`
        : `it is full (max_entries ${maxEntries})`
    case EEXIST:
      return 'the key is there already'
    case ENOENT:
      return 'the key is not there'
    case EBUSY:
      return operation === 'freeze' ? 'a view that can write it is mapped' : undefined
    case EPERM:
      return maps ? 'the map is frozen' : undefined
    case EACCES:
      return operation === 'memory' ? 'the map or its handle is read-only or write-only' : undefined
    case EINVAL:
      if (operation === 'delete' && (type === MAP_TYPE_ARRAY || type === MAP_TYPE_PERCPU_ARRAY))
        return 'elements of an array cannot be deleted'
      if (operation === 'memory') return 'the map is not BPF_F_MMAPABLE'
      return operation.endsWith('batch') && !hasLock ? 'values have no spin lock' : undefined
    case ENOTSUPP:
    case EOPNOTSUPP:
      return maps && hasFields
        ? 'values hold timers, work or a spin lock'
        : `a map of type ${kind} has no such operation`
    default:
      return undefined
  }
}
