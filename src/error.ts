// The one error class of the package. Everything that goes wrong because of what a caller, an object file or a guest
// program did is a SkepError with a stable `code`; any other exception is a bug of ours.

/** Details that a program may want to read from an error without parsing its message. */
export interface ErrorDetails {
  /** Several findings behind one error, one line each (for example everything unsupported in an object). */
  readonly items?: readonly string[]
  readonly [key: string]: unknown
}

/**
 * A typed error. `code` is a short constant in capitals (`BAD_ELF`, `UNSUPPORTED`, …) that stays the same between
 * versions; `message` says where it happened and what was expected there, and may change.
 */
export class SkepError extends Error {
  /** Stays the same between versions: 'BAD_ELF', 'UNSUPPORTED', 'FAULT_BAD_ACCESS', 'ENOENT'. */
  readonly code: string
  /** Parts of the message as values; `{}` for most codes. */
  readonly details: ErrorDetails

  constructor(code: string, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SkepError'
    this.code = code
    this.details = details
  }
}

/** True for what whoever uses something that is closed is told. */
export function isClosed(thrown: unknown): boolean {
  return thrown instanceof SkepError && thrown.code === 'CLOSED'
}

/** Why a call failed, to stand at the end of a message that has named the file: Node's own text repeats its path. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const { code, syscall } = thrown as NodeJS.ErrnoException
  if (code === 'EISDIR') return 'it is a directory'
  const system = syscall === undefined ? undefined : /^[A-Z0-9]+: (.+?), \w+\b/.exec(thrown.message)
  return system ? `${system[1]} (${code})` : thrown.message
}

/** How a caller's value is quoted in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'bigint') return `${value}n`
  try {
    return Array.isArray(value) ? `[${String(value)}]` : String(value)
  } catch {
    // It has no text, or one that cannot be had.
    return Object.prototype.toString.call(value)
  }
}
