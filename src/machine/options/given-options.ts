// Options that do not exist are refused by name: JavaScript has no types that would. The lists of those that do stand
// beside the types of the options and are checked against them. Called by boot(), load(), run() and prepare(), and for
// the fields of what these are given.
import { show, SkepError } from '../../error.js'

/** The names of the options of a type: `{ … } satisfies OptionNames<Type>`. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/** What throws a mistake as the caller's kind of error. */
export type Fail = (what: string) => never

/** Whether it may have fields. */
export function isRecord(given: unknown): given is object {
  return typeof given === 'object' && given !== null
}

/** What is to have fields; throws BAD_OPTION if it cannot, or what `fail` throws. */
export function record<T>(given: T, where: string, fail: Fail = badOption): T & object {
  return isRecord(given) ? given : fail(`${where}: expected an object, got ${show(given)}`)
}

/**
 * Throws BAD_OPTION, or what `fail` throws, if `given` is no object or has an option that is not among `names`; `where`
 * begins the message: "boot", "routes[2]".
 */
export function refuseUnknown(
  given: unknown,
  names: Readonly<Record<string, unknown>>,
  where: string,
  fail: Fail = badOption,
): void {
  const unknown = unknownOption(record(given, where, fail), names)
  if (unknown !== undefined) fail(`${where}: ${unknown}`)
}

/** Throws BAD_OPTION. */
export function badOption(what: string): never {
  throw new SkepError('BAD_OPTION', what)
}

/** What is to be said of the first option that is not among `names`. */
export function unknownOption(given: object, names: Readonly<Record<string, unknown>>): string | undefined {
  for (const name in given)
    if (!Object.hasOwn(names, name)) return `there is no option '${name}'; ${suggestion(name, Object.keys(names))}`
  return undefined
}

/** The name that may have been meant, or all that there are. */
export function suggestion(name: string, names: readonly string[]): string {
  const distances = names.map((known) => distance(name.toLowerCase(), known.toLowerCase()))
  const nearest = Math.min(...distances)
  return nearest <= Math.max(1, name.length / 3)
    ? `did you mean '${names[distances.indexOf(nearest)]}'?`
    : `there are ${names.join(', ')}`
}

/** Characters to add, take away or change until one word is the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let taken = 1; taken <= from.length; taken++) {
    const next = [taken]
    for (let index = 1; index <= to.length; index++)
      next.push(
        Math.min(next[index - 1]! + 1, row[index]! + 1, row[index - 1]! + (from[taken - 1] === to[index - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[to.length]!
}
