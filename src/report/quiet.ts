// Which lines of an interleaving say little: for the text, the page and the pictures alike.
import type { TraceLine } from '../explore/trace.js'

const QUIET = /^(peek|poke|glance|note|now|the allocation succeeds)\b/

/** Accesses to private words, statistics, the clock; but not where an operation ends. */
export const isQuiet = ({ text, result }: TraceLine): boolean => result === undefined && QUIET.test(text)
