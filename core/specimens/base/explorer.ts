// What the check build tells the explorer about memory: freed words are poison until they are handed out again.
// Nothing in the other build. Called by block.ts and program.ts.

declare function poisoned(address: usize, bytes: u32): void
declare function cleansed(address: usize, bytes: u32): void

/** The words are freed: an access to them is a use after free. */
export function poison(address: usize, bytes: u32): void {
  if (isDefined(CHECKED)) poisoned(address, bytes)
}

/** The words are in use again. */
export function cleanse(address: usize, bytes: u32): void {
  if (isDefined(CHECKED)) cleansed(address, bytes)
}
