// Where the package's files are that code opens by name: compiled modules, workers, headers. In a clone this module is
// in dist/src, in an installed package it is a part of a file in dist/package (scripts/build-package.mjs); both lie
// equally deep and have the same files below them.

/** The place of a file, by its path from the folder that `index.js` is in. */
export const packageFile = (path: string): URL => new URL(path, import.meta.url)
