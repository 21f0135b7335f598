// The core's smallest shared structures by themselves, for the explorer (src/explore/subjects/parts.ts): the bitmap
// that is pool and inbox, and the sticky reference count. Compiled apart, no part of the shipped module. Nothing is
// defined here.
export { bitmapCreate, bitmapGive, bitmapTake } from '../memory/bitmap'
export { referencePut, referencePutLast, referenceTryGet } from '../memory/references'
