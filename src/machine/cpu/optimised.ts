// Compiling the code of an object so that its very first call runs optimised code, and that of the core so that it does
// soon. V8 would compile a function when it is first called, with its quick compiler, and replace it only between
// calls, after thousands of them: a program that loops for long in its first call would be slow to the end of it, and a
// machine that is not busy would run a slow core for minutes. Some of V8's flags, which it reads when a module is
// compiled, change that; they are put back before anything else of this thread can run. Where V8 does not know them the
// code is the same and starts slow.
// Called by load/code.ts and core-module.ts.
import { setFlagsFromString } from 'node:v8'

/** Whoever starts Node with flags of V8 about WebAssembly means them. */
const flagsAreGiven = /liftoff|wasm/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '))

/**
 * Bytes of a function's code that V8 runs before it compiles the function with its optimising compiler, in the
 * background: a hundred to a thousand calls of the functions of the core. And what V8 has without being told.
 */
const SOON = 60_000
const USUAL = Number.parseInt(process.versions.v8, 10) < 13 ? 1_800_000 : 13_000_000

/**
 * Compiles functions when they are first called; soon those that are called again and again with the optimising
 * compiler.
 */
export function compileSoonOptimised(bytes: Uint8Array): WebAssembly.Module {
  if (flagsAreGiven) return new WebAssembly.Module(bytes)
  setFlagsFromString(`--wasm-tiering-budget=${SOON}`)
  try {
    return new WebAssembly.Module(bytes)
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${USUAL}`)
  }
}

/** Compiles all functions now, with the optimising compiler only. Throws WebAssembly.CompileError. */
export function compileOptimised(bytes: Uint8Array): WebAssembly.Module {
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
