// Compiling the code of an object so that its very first call runs optimised code. V8 would compile a function when it is
// first called, with its quick compiler, and replace it only between calls: a program that loops for long in its first
// call would be slow to the end of it. Two of V8's flags, which it reads when a module is compiled, change that; they are
// put back before anything else of this thread can run. Where V8 does not know them the code is the same and starts slow.
// Called by code.ts.
import { setFlagsFromString } from 'node:v8'

/** Whoever starts Node with flags of V8 about WebAssembly means them. */
const flagsAreGiven = /liftoff|wasm/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '))

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
