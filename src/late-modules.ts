// Modules of Node.js that few callers need, loaded when one of them is first used. What is imported is loaded, and its
// exports are copied, for everybody who imports skep: for these that was a sixth of the import on Node 20, a quarter on
// Node 26. Synchronous, as loads and boots are.
// Called by object/kconfig.ts and machine/options/network-fields.ts.
import { createRequire } from 'node:module'

/** node:zlib. */
export const zlib = (): typeof import('node:zlib') => load('node:zlib') as typeof import('node:zlib')

/** node:net. */
export const net = (): typeof import('node:net') => load('node:net') as typeof import('node:net')

const load = (name: string): unknown => createRequire(import.meta.url)(name)
