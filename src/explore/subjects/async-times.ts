// When the timers of the async subjects expire: the model's clock, and the expiry of each kind of start (async.ts).
// Pure.

/** Nanoseconds that the clock shows. */
export const CLOCK = 80_000n
/** What REALTIME shows more than that, at first. */
export const OFFSET = 32_000_000
/** How far REALTIME is set, forward or back: what was started for then is due, or is not yet. */
export const STEP = 16_000_000
/** Nanoseconds from now: a start of kind later. */
export const LATER = 8_000_000
/** To where a tick moves the clock: whatever was started before is due. */
export const TICKED = CLOCK + 2n * BigInt(LATER)

// Each element's timer expires after that of the one before, all within one slot of the wheel.
const PAST = [-800, -400, -200, -80]
const ABSOLUTE = [4_000_000, 4_000_400, 4_000_600, 4_000_800]

/**
 * Nanoseconds from CLOCK of the absolute start of an element's timer that is over (past), or between now and later
 * (abs).
 */
export const expiryOf = (kind: 'past' | 'abs', element: number): number => (kind === 'past' ? PAST : ABSOLUTE)[element]!
