import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { isCapture, readCapture } from '../../src/cli/capture.js'

const capture = new Uint8Array(readFileSync(new URL('../../../examples/flow-timeout/capture.pcap', import.meta.url)))

/** A pcap file of two packets, as a machine of either byte order writes it. */
function pcap(littleEndian: boolean, magic: number, linkType = 1): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 2 * 18))
  const u32 = (at: number, value: number) => view.setUint32(at, value, littleEndian)
  u32(0, magic)
  u32(20, linkType)
  for (const [at, seconds, fraction] of [
    [24, 1000, 7],
    [42, 1002, 9],
  ] as const) {
    u32(at, seconds)
    u32(at + 4, fraction)
    u32(at + 8, 2)
    view.setUint8(at + 17, seconds & 255)
  }
  return new Uint8Array(view.buffer)
}

/** A pcapng file: section, interface (resolution 10^-9 if asked for), enhanced packets. */
function pcapng(little: boolean, options: number[], times: readonly bigint[]): Uint8Array {
  const blocks: DataView[] = []
  const block = (type: number, body: number, fill: (view: DataView) => void): void => {
    const view = new DataView(new ArrayBuffer(12 + body))
    view.setUint32(0, type, little)
    view.setUint32(4, 12 + body, little)
    view.setUint32(8 + body, 12 + body, little)
    fill(new DataView(view.buffer, 8, body))
    blocks.push(view)
  }
  block(0x0a0d0d0a, 16, (view) => view.setUint32(0, 0x1a2b3c4d, little))
  block(1, 8 + options.length, (view) => {
    view.setUint16(0, 1, little)
    options.forEach((byte, at) => view.setUint8(8 + at, byte))
  })
  block(0x99, 4, () => {})
  for (const time of times)
    block(6, 24, (view) => {
      view.setUint32(4, Number(time >> 32n), little)
      view.setUint32(8, Number(time & 0xffffffffn), little)
      view.setUint32(12, 3, little)
      view.setUint8(20, 0xab)
    })
  return new Uint8Array(Buffer.concat(blocks.map((view) => new Uint8Array(view.buffer))))
}

test('a committed capture is read with times that never go back', () => {
  assert.ok(isCapture(capture))
  const packets = readCapture(capture, 'capture.pcap')
  assert.ok(packets.length > 100)
  assert.equal(packets[0]?.time, 0)
  assert.ok(packets.every(({ time }, i) => time >= (packets[i - 1]?.time ?? 0)))
})

test('pcap files of both byte orders, with microseconds and nanoseconds', () => {
  for (const littleEndian of [true, false])
    for (const [magic, unit] of [
      [0xa1b2c3d4, 1000],
      [0xa1b23c4d, 1],
    ] as const) {
      const packets = readCapture(pcap(littleEndian, magic), 'x')
      assert.deepEqual(
        packets.map(({ time }) => time),
        [0, 2e9 + 2 * unit],
      )
      assert.deepEqual([...packets[0]!.bytes], [0, 1000 & 255])
    }
})

test('pcapng files of both byte orders; times in the resolution that the interface says', () => {
  for (const little of [true, false]) {
    const micro = readCapture(pcapng(little, [], [5_000_000n, 5_000_003n]), 'x')
    assert.deepEqual(
      micro.map(({ time }) => time),
      [0, 3000],
    )
    assert.deepEqual([...micro[0]!.bytes], [0xab, 0, 0])
    const length = little ? [1, 0] : [0, 1]
    const code = little ? [9, 0] : [0, 9]
    const nano = readCapture(pcapng(little, [...code, ...length, 9, 0, 0, 0], [1n << 40n, (1n << 40n) + 3n]), 'x')
    assert.deepEqual(
      nano.map(({ time }) => time),
      [0, 3],
    )
  }
})

test('a damaged capture is an error that names file and offset', () => {
  const bad = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => readCapture(bytes, 'bad.pcap'), { code: 'BAD_CAPTURE', message })
  bad(capture.slice(0, 30), /bad\.pcap: offset 0x18: .*packet header/)
  bad(capture.slice(0, capture.length - 3), /ends within a packet/)
  bad(pcap(true, 0xa1b2c3d4, 101), /link type 101/)
  const blocks = pcapng(true, [], [0n])
  bad(blocks.slice(0, blocks.length - 4), /does not fit/)
})
