// Times and durations for people.

const UNITS: readonly (readonly [nanoseconds: number, name: string])[] = [
  [86_400e9, 'd'],
  [3_600e9, 'h'],
  [60e9, 'min'],
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
]

/** A duration in at most two units: '30 s', '7 min 32 s', '1.5 ms', '340 ns'. Nanoseconds, from 0. */
export function durationText(nanoseconds: number): string {
  if (!Number.isFinite(nanoseconds)) return 'for ever'
  const at = UNITS.findIndex(([unit]) => nanoseconds >= unit)
  const [unit, name] = UNITS[at] ?? [1, 'ns']
  const below = UNITS[at + 1]
  // From a minute on people count in two units, below it in decimals.
  if (unit < 60e9 || !below) return `${decimals(nanoseconds / unit)} ${name}`
  const whole = Math.floor(nanoseconds / unit)
  const rest = Math.floor((nanoseconds - whole * unit) / below[0])
  return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${below[1]}`
}

/** Three significant decimals at most, none that say nothing. */
function decimals(number: number): string {
  return number >= 1000 ? String(Math.round(number)) : String(Number(number.toPrecision(4)))
}

/** A moment as seconds since the machine was booted, to the microsecond: '12.000345'. For columns. */
export function momentText(nanoseconds: number): string {
  const micro = Math.floor(nanoseconds / 1000)
  return `${Math.floor(micro / 1e6)}.${String(micro % 1e6).padStart(6, '0')}`
}
