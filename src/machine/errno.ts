// Kernel errno values by name. Helpers and map operations answer negative numbers; people read names.
import {
  E2BIG,
  EACCES,
  EAFNOSUPPORT,
  EAGAIN,
  EBUSY,
  EDEADLK,
  EEXIST,
  EFAULT,
  EINVAL,
  ENAMETOOLONG,
  ENODEV,
  ENOENT,
  ENOMEM,
  EBADF,
  ENOSPC,
  ENOTSUPP,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  ERANGE,
} from '../../core/abi.js'
import { SkepError, type ErrorDetails } from '../error.js'

const names = new Map<number, string>([
  [EPERM, 'EPERM'],
  [ENOENT, 'ENOENT'],
  [E2BIG, 'E2BIG'],
  [EACCES, 'EACCES'],
  [EAGAIN, 'EAGAIN'],
  [ENOMEM, 'ENOMEM'],
  [EFAULT, 'EFAULT'],
  [EBUSY, 'EBUSY'],
  [EEXIST, 'EEXIST'],
  [ENODEV, 'ENODEV'],
  [EINVAL, 'EINVAL'],
  [EBADF, 'EBADF'],
  [ENOSPC, 'ENOSPC'],
  [ERANGE, 'ERANGE'],
  [EOVERFLOW, 'EOVERFLOW'],
  [EDEADLK, 'EDEADLK'],
  [ENAMETOOLONG, 'ENAMETOOLONG'],
  [EOPNOTSUPP, 'EOPNOTSUPP'],
  [EAFNOSUPPORT, 'EAFNOSUPPORT'],
  [ENOTSUPP, 'ENOTSUPP'],
])

/** 'EBUSY' for -16 (or 16); 'E999' for a number without a name. */
export function errnoName(result: number): string {
  const number = Math.abs(result)
  return names.get(number) ?? `E${number}`
}

/**
 * The error for a negative result of the core: `code` is the errno's name, and `details` has the number beside what is
 * given. `reason` says what the errno means there, if it can mean but one thing.
 */
export function errnoError(result: number, what: string, details: ErrorDetails = {}, reason?: string): SkepError {
  const code = errnoName(result)
  return new SkepError(code, `${what}: ${code}${reason === undefined ? '' : `: ${reason}`}`, {
    ...details,
    errno: -Math.abs(result),
  })
}
