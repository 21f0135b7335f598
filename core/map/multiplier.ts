// The factor by which a hash map spreads its keys over its buckets: bucket = ((order >> 3) * factor) >> shift, xor the
// last three bits of the order word. Drawn at random for each map and odd, so that two keys of anybody's choice share a
// bucket with a probability of at most 2 in the number of buckets if these three bits are the same (multiply-shift
// hashing; Dietzfelbinger et al., 1997), never if only they differ, and else, where one of at most eight distances must
// be met, of 32 (1 on average). One multiplication stands between key and bucket. Neighbours have one cache line of
// buckets: a counter's keys are found in order, and CPUs with ranges of their own seldom write to the same line.
// Keys that are evenly spaced (counters, indices) would fare badly with some factors: those whose ratio to 2^64 is near
// to a simple fraction. So it is the best of some draws: the one whose continued fraction has the smallest largest
// quotient.
// Called by create.ts.

/** One draw in a hundred has quotients of 4 at most: of evenly spaced keys one in six then shares its bucket. */
const DRAWS: u32 = 64

function next(state: u64): u64 {
  const word = (state ^ (state >> 30)) * (((<u64>0xbf58476d) << 32) | 0x1ce4e5b9)
  const other = (word ^ (word >> 27)) * (((<u64>0x94d049bb) << 32) | 0x133111eb)
  return other ^ (other >> 31)
}

// The largest quotient in the continued fraction of factor / 2^64, up to denominators beyond `buckets`; for factors
// other than 1. Not further than to one that is as large as `enough`.
function largestQuotient(factor: u64, buckets: u64, enough: u64): u64 {
  // 2^64 / factor does not fit, but its quotient and remainder do: factor is odd and not 1.
  let quotient = u64.MAX_VALUE / factor
  let largest = quotient
  let above = factor
  let below = 0 - quotient * factor
  let before: u64 = 1
  let denominator = quotient
  while (largest < enough && denominator <= buckets && below !== 0) {
    quotient = above / below
    if (quotient > largest) largest = quotient
    const rest = above - quotient * below
    above = below
    below = rest
    const following = quotient * denominator + before
    before = denominator
    denominator = following
  }
  return largest
}

/** The factor of a map of `buckets` buckets; the same for the same seed. */
export function multiplierFor(seed: u32, buckets: u64): u64 {
  let state = <u64>seed
  let best: u64 = 1
  let smallest = u64.MAX_VALUE
  for (let draw: u32 = 0; draw < DRAWS; draw++) {
    state += ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15
    const factor = next(state) | 1
    if (factor === 1) continue
    const largest = largestQuotient(factor, buckets, smallest)
    if (largest >= smallest) continue
    best = factor
    smallest = largest
  }
  return best
}
