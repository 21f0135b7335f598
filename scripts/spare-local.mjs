// A function that waits gets one local more, behind all others, which nothing uses. V8's baseline compiler in Node 20
// (11.3) writes 0 over the last local of a function when it calls memory.atomic.wait32: a CPU that had waited for a
// spin lock took it with the number 0, and one that waited for a callback never saw it end. Optimised code, and later
// engines, do not. Used by build-core.mjs; test/core/binaries.test.ts looks at what comes out.

const CODE = 10
const I64 = 0x7e
/** The prefix of atomic instructions and memory.atomic.wait32. In a constant these two bytes cost a local. */
const WAIT = Buffer.from([0xfe, 0x01])

function readU32(bytes, at) {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return [value, at]
  }
}

function u32(value) {
  const bytes = []
  do {
    const rest = Math.floor(value / 128)
    bytes.push((value & 0x7f) | (rest > 0 ? 0x80 : 0))
    value = rest
  } while (value > 0)
  return Buffer.from(bytes)
}

const sized = (bytes) => Buffer.concat([u32(bytes.length), bytes])

function withLocal(body) {
  if (!body.includes(WAIT)) return body
  const [groups, first] = readU32(body, 0)
  let end = first
  for (let group = 0; group < groups; group++) end = readU32(body, end)[1] + 1
  return Buffer.concat([u32(groups + 1), body.subarray(first, end), Buffer.from([1, I64]), body.subarray(end)])
}

function withLocals(section) {
  const [count, first] = readU32(section, 0)
  let at = first
  const bodies = []
  for (let index = 0; index < count; index++) {
    const [length, start] = readU32(section, at)
    at = start + length
    bodies.push(sized(withLocal(section.subarray(start, at))))
  }
  return Buffer.concat([u32(count), ...bodies])
}

/** The module with a spare local in each function that waits. */
export function withSpareLocals(module) {
  const parts = [module.subarray(0, 8)]
  for (let at = 8; at < module.length;) {
    const id = module[at]
    const [length, start] = readU32(module, at + 1)
    at = start + length
    const section = module.subarray(start, at)
    parts.push(Buffer.from([id]), sized(id === CODE ? withLocals(section) : section))
  }
  return Buffer.concat(parts)
}
