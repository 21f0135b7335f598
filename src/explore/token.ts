// Replay tokens: the choices of an interleaving as a short string that a person can read. `a5b2^` means: CPU 0 makes
// five accesses, CPU 1 two, then CPU 1 starts its next NMI, which makes its first (`_`: makes none yet). `!` stops the
// CPU for ever, `~` lets its sleep time out, or its allocation fail.
import { SkepError } from '../error.js'
import { NMI, NMI_WAITS, STEP, STOP, TIME_OUT } from './choices.js'

const MARKS: Record<number, string> = { [NMI]: '^', [STOP]: '!', [TIME_OUT]: '~', [NMI_WAITS]: '_' }

/** The token of a list of choices. */
export function tokenOf(choices: number[]): string {
  let token = ''
  for (let i = 0; i < choices.length;) {
    const cpu = choices[i]! >> 3
    token += String.fromCharCode(97 + cpu)
    let steps = 0
    for (; i < choices.length && choices[i]! >> 3 === cpu; i++) {
      const kind = choices[i]! & 7
      if (kind === STEP) {
        steps++
        continue
      }
      if (steps > 0) token += String(steps)
      steps = 0
      token += MARKS[kind]
    }
    if (steps > 0) token += String(steps)
  }
  return token
}

const TOKEN = /^([a-z](\d+|[\^!~_])+)+$/

/** The choices of a token. Throws SkepError BAD_TOKEN on anything that is not one. */
export function choicesOf(token: string): number[] {
  if (!TOKEN.test(token))
    throw new SkepError(
      'BAD_TOKEN',
      `replay token '${token}': expected CPUs a, b, … and how far each goes, such as a5b2^1`,
    )
  const choices: number[] = []
  let cpu = -1
  for (const [part] of token.matchAll(/[a-z]|\d+|[\^!~_]/g)) {
    if (/[a-z]/.test(part)) cpu = part.charCodeAt(0) - 97
    else if (/\d/.test(part)) for (let i = 0; i < Number(part); i++) choices.push((cpu << 3) | STEP)
    else if (part === '^') choices.push((cpu << 3) | NMI)
    else if (part === '!') choices.push((cpu << 3) | STOP)
    else if (part === '_') choices.push((cpu << 3) | NMI_WAITS)
    else choices.push((cpu << 3) | TIME_OUT)
  }
  return choices
}
