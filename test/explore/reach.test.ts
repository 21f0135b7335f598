// What an exploration reached: sites of the module found in its bytes, those that were reached found by call stacks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessSites } from '../../src/explore/access-sites.js'
import { check, sitesOf } from '../../src/explore/check.js'
import { BOTH, EXCHANGE, reachOf } from '../../src/explore/reach.js'
import { entriesOf } from '../../src/explore/subjects/catalogue.js'

const entryOf = (name: string) => entriesOf('shipped').find((entry) => entry.name === name)!

test('every access of the core has a place in its source, and none of them is in the door', () => {
  const { sites } = sitesOf('core')
  assert.ok(sites.length > 1000, `${sites.length} accesses`)
  for (const { file, line, function: name } of sites) {
    assert.match(file ?? 'nowhere', /^(core\/|~lib\/)/, name)
    assert.doesNotMatch(file!, /door\.ts$/, `${name} ${line}`)
  }
})

test('what subjects reached of a module adds up, and grows with each of them', () => {
  const sites = sitesOf('parts')
  const seen = ['parts/pool/one/two', 'parts/pool/enough/two', 'parts/pool/enough/three'].map((name) => {
    const { sites: found, fields } = check(entryOf(name), { coverage: 'places' })
    assert.equal(found!.module, 'parts')
    assert.ok(fields!.length > 0)
    return found!.seen
  })
  let before = 0
  for (const [index] of seen.entries()) {
    const reach = reachOf(sites, seen.slice(0, index + 1))
    const never = (what: string): number => reach.never.filter((one) => one.what === what).length
    assert.ok(reach.reached >= before && reach.reached > 0)
    assert.equal(reach.reached + never('reached'), reach.inEntered)
    assert.equal(reach.both + never('succeed') + never('fail'), reach.exchanges)
    assert.ok(reach.inEntered <= reach.accesses)
    before = reach.reached
  }
})

test('a compare-and-exchange is seen to fail only where somebody comes in between', () => {
  const exchangesOf = (name: string): [string, number][] =>
    check(entryOf(name), { coverage: 'fields' }).fields!.filter(([, bits]) => bits & EXCHANGE)
  const inbox = exchangesOf('hazard/H11')
  assert.ok(inbox.length > 0)
  assert.ok(inbox.some(([, bits]) => (bits & BOTH) === BOTH))
})

test('through which exports an access can be reached is told by the calls in the module', () => {
  const sites = sitesOf('core')
  const entered = sites.enteredBy()
  const entries = (name: string): string[] =>
    [...new Set(sites.sites.flatMap((site, index) => (site.function === name ? [...entered[index]!] : [])))].sort()
  assert.deepEqual(entries('bitmapCreate'), ['machine_boot', 'map_create'])
  assert.ok(['bpf_timer_init', 'bpf_map_update_elem'].every((name) => entries('bitmapTake').includes(name)))
  assert.ok(!entries('bitmapTake').includes('bpf_ktime_get_ns'))
})

test('a module whose table is filled in another way than compilers of ours do has sites, and only who enters is not told', () => {
  const sections = [[1, 4, 1, 0x60, 0, 0], [3, 2, 1, 0], [9, 5, 1, 3, 0, 1, 0], [10, 4, 1, 2, 0, 0x0b]] // prettier-ignore
  const module = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()])
  assert.ok(WebAssembly.validate(module))
  const sites = new AccessSites(module)
  assert.deepEqual(sites.sites, [])
  assert.throws(() => sites.enteredBy(), /elements of kind 3/)
})
