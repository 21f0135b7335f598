// Compiling the code of an object so that its very first call runs optimised code, and that of the core so that it
// does soon. V8 would compile a function when it is first called, with its quick compiler, and replace it only
// between calls, after thousands of them: a program that loops for long in its first call would be slow to the end
// of it, and a machine that is not busy would run a slow core for minutes. Some of V8's flags, which it reads when a
// module is compiled, change that; they are put back before anything else of this thread can run. Where V8 does not
// know them the code is the same and starts slow. V8 from 13.7 on (Node 25) wants to have seen a function run before
// it optimises it, and ends the process when one that calls others has not (`--wasm-deopt`): there the code of an
// object is replaced, too, but after its first calls.
// Called by load/code.ts and core-module.ts.
import { setFlagsFromString } from 'node:v8'

/** Whoever starts Node with flags of V8 about WebAssembly means them. */
const flagsAreGiven = /liftoff|wasm/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '))

const [MAJOR = 0, MINOR = 0] = process.versions.v8.split('.').map(Number)

/**
 * Whether V8 can be told to use its optimising compiler alone. Other threads read its flags, too, whenever they
 * compile a function, so that `--no-wasm-deopt` for the time of a compilation would leave them a moment in which
 * they find the one flag put back and the other not yet.
 */
const COMPILES_UNSEEN = MAJOR < 13 || (MAJOR === 13 && MINOR < 7)

/**
 * Bytes of a function's code that V8 runs before it compiles the function with its optimising compiler, in the
 * background: of the core's, a hundred to a thousand calls; of an object's, where it cannot be done before the first
 * one, a few. And what V8 has without being told.
 */
const SOON = 60_000
const AT_ONCE = 1_000
const USUAL = MAJOR < 12 ? 1_800_000 : 13_000_000

/**
 * Compiles functions when they are first called; soon those that are called again and again with the optimising
 * compiler.
 */
export const compileSoonOptimised = (bytes: Uint8Array): WebAssembly.Module => compileWithin(SOON, bytes)

/** Compiles all functions now, with the optimising compiler only, where V8 can. Throws WebAssembly.CompileError. */
export function compileOptimised(bytes: Uint8Array): WebAssembly.Module {
  if (!COMPILES_UNSEEN) return compileWithin(AT_ONCE, bytes)
  if (flagsAreGiven) return new WebAssembly.Module(bytes)
  setFlagsFromString('--no-liftoff')
  setFlagsFromString('--no-wasm-lazy-compilation')
  try {
    return new WebAssembly.Module(bytes)
  } finally {
    setFlagsFromString('--liftoff')
    setFlagsFromString('--wasm-lazy-compilation')
    // Off without the quick compiler, and not back by itself.
    setFlagsFromString('--wasm-dynamic-tiering')
  }
}

function compileWithin(budget: number, bytes: Uint8Array): WebAssembly.Module {
  if (flagsAreGiven) return new WebAssembly.Module(bytes)
  setFlagsFromString(`--wasm-tiering-budget=${budget}`)
  try {
    return new WebAssembly.Module(bytes)
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${USUAL}`)
  }
}
