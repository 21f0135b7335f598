// Draws docs/flow-timeout.svg: the flow-timeout example run on its capture, from the lifecycle events of its timers.
//   npm run build && node scripts/draw-flows.mjs
import { writeFileSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { boot, readObject } from '../dist/src/index.js'
import { readCapture } from '../dist/src/cli/capture.js'
import { typedText } from '../dist/src/object/typed-text.js'

const OBJECT = 'examples/flow-timeout/flow-timeout.bpf.o'
const CAPTURE = 'examples/flow-timeout/capture.pcap'
const LANES = 15

const spec = await readObject(OBJECT)
const { btf } = spec
const keyType = spec.maps.get('flows').key

/** Lives of timers by flow: { packets: seconds[], end }. */
const flows = new Map()
const machine = boot.virtual({ start: 0 })
machine.on('lifecycle', ({ kind, key, time }) => {
  const name = nameOf(key)
  const lives = flows.get(name) ?? flows.set(name, []).get(name)
  if (kind === 'init') lives.push({ packets: [], end: undefined })
  if (kind === 'start') lives.at(-1).packets.push(time / 1e9)
  if (kind === 'free') lives.at(-1).end = time / 1e9
})
const object = machine.load(spec)
for (const { time, bytes } of readCapture(new Uint8Array(readFileSync(CAPTURE)), CAPTURE)) {
  // From expiry to expiry, so that every event is reported at its time.
  for (let next = machine.clock.nextExpiry(); next !== undefined && next <= time; next = machine.clock.nextExpiry())
    machine.clock.advanceTo(next)
  machine.clock.advanceTo(time)
  object.programs.on_packet.run({ data: bytes })
}
for (let next = machine.clock.nextExpiry(); next !== undefined; next = machine.clock.nextExpiry())
  machine.clock.advanceTo(next)
const total = machine.clock.now / 1e9
machine.close()

function nameOf(key) {
  const type = btf.resolved(keyType)
  const part = (name) => typedText(btf, type.members.find((member) => member.name === name).type, key[name])
  const host = (address, port) => (address.includes(':') ? `[${address}]` : address) + (port === '0' ? '' : `:${port}`)
  const protocol = { 6: 'tcp', 17: 'udp', 58: 'icmp6', 1: 'icmp' }[key.protocol] ?? key.protocol
  return `${host(part('saddr'), part('sport'))} → ${host(part('daddr'), part('dport'))} ${protocol}`
}

/** Flows that came back after their end first, then the busiest; shown in order of their first packet. */
const chosen = [...flows]
  .sort(([, a], [, b]) => b.length - a.length || packetsOf(b) - packetsOf(a))
  .slice(0, LANES)
  .sort(([, a], [, b]) => a[0].packets[0] - b[0].packets[0])

function packetsOf(lives) {
  return lives.reduce((sum, { packets }) => sum + packets.length, 0)
}

const left = 354
const width = 1020
const top = 44
const lane = 22
const bottom = top + chosen.length * lane
const x = (seconds) => Math.round((left + (seconds / total) * (width - left - 24)) * 10) / 10
const out = []
const put = (text) => out.push(text)

put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 62}" role="img">`)
put(`<title>Flows of a network capture, their packets and the timers that end them</title>`)
put(`<style>
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #334155 }
  .axis { stroke: #e2e8f0 } .alive { stroke: #0f766e; stroke-width: 3; stroke-linecap: round }
  .idle { stroke: #f59e0b; stroke-width: 1.6; stroke-dasharray: 3 3 } .packet { fill: #0f766e } .end { stroke: #b91c1c; stroke-width: 1.8 }
  .note { fill: #64748b }
</style>`)
put(`<rect width="${width}" height="${bottom + 62}" rx="10" fill="#ffffff"/>`)
for (let seconds = 0; seconds <= total; seconds += 30) {
  put(`<line class="axis" x1="${x(seconds)}" y1="${top - 14}" x2="${x(seconds)}" y2="${bottom}"/>`)
  put(`<text class="note" x="${x(seconds)}" y="${top - 20}" text-anchor="middle">${seconds} s</text>`)
}
chosen.forEach(([name, lives], index) => {
  const y = top + index * lane + lane / 2
  put(`<text x="${left - 14}" y="${y + 4}" text-anchor="end">${name}</text>`)
  for (const { packets, end } of lives) {
    const last = packets.at(-1)
    put(`<line class="idle" x1="${x(last)}" y1="${y}" x2="${x(end)}" y2="${y}"/>`)
    put(`<line class="alive" x1="${x(packets[0])}" y1="${y}" x2="${x(last)}" y2="${y}"/>`)
    // Packets closer than a pixel look like one.
    for (const at of new Set(packets.map(x))) put(`<circle class="packet" cx="${at}" cy="${y}" r="3.2"/>`)
    const cross = x(end)
    put(`<path class="end" d="M${cross - 4} ${y - 4}l8 8m0 -8l-8 8"/>`)
  }
})
const legend = bottom + 34
put(`<circle class="packet" cx="${left}" cy="${legend - 4}" r="3.2"/>`)
put(`<text class="note" x="${left + 10}" y="${legend}">packet: bpf_timer_start, 30 s</text>`)
put(`<line class="idle" x1="${left + 236}" y1="${legend - 4}" x2="${left + 266}" y2="${legend - 4}"/>`)
put(`<text class="note" x="${left + 274}" y="${legend}">idle, timer armed</text>`)
put(`<path class="end" d="M${left + 424} ${legend - 8}l8 8m0 -8l-8 8"/>`)
put(`<text class="note" x="${left + 440}" y="${legend}">timer fires, flow deleted</text>`)
put('</svg>')
writeFileSync('docs/flow-timeout.svg', out.join('\n') + '\n')
