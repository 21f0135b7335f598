// A seed for machines whose random numbers need not be the same on every run. By the global that Node.js loads at its
// first use: an import of node:crypto loads all of it, for virtual machines too.

/** A random u32. */
export function randomSeed(): number {
  return globalThis.crypto.getRandomValues(new Uint32Array(1))[0]!
}
