// Decoded values as text on one line, in C's notation: { packets = 12, bytes = 3040 }.

/** Anything that a map, a variable or a context decodes to. Long values are not cut. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${arrayText(value)}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${name} = ${valueText(member)}`)
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
  }
  return String(value)
}

/** Runs of the same element are written once: '0 × 16'. */
function arrayText(values: readonly unknown[]): string {
  const parts: string[] = []
  for (let at = 0; at < values.length;) {
    const text = valueText(values[at])
    let end = at + 1
    while (end < values.length && valueText(values[end]) === text) end++
    if (end - at >= 4) parts.push(`${text} × ${end - at}`)
    else for (let i = at; i < end; i++) parts.push(text)
    at = end
  }
  return parts.join(', ')
}
