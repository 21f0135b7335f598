// Which functions need no reading of the clock at their start.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { clockUses } from '../../src/verify/clock.js'
import { specOf, type Fn } from './programs.js'

const KTIME = asm.call(5)
const LOOKUP = asm.call(1)
const START = asm.call(171)
const END = [asm.mov('r0', 0), asm.exit()]
const callOf = (name: string): Line => asm.callFunction(name)

function useOf(lines: readonly Line[], others: readonly Fn[] = []): string | undefined {
  return clockUses(specOf([{ name: 'main', lines, program: {} }, ...others])).get('main')
}

test('a function that reads the clock before it uses now reads it itself', () => {
  assert.equal(useOf([LOOKUP, KTIME, START, ...END]), 'reads')
  assert.equal(useOf([asm.call(125), START, ...END]), 'reads')
  assert.equal(useOf([asm.call(208), START, ...END]), 'reads')
})

test('one that never uses now, or ends before it would, is silent', () => {
  assert.equal(useOf(END), 'silent')
  assert.equal(useOf([LOOKUP, ...END]), 'silent')
  assert.equal(useOf([asm.jump('eq', 'r1', 0, 'end'), KTIME, START, asm.label('end'), ...END]), 'silent')
})

test('a legacy packet load is an end, where it is out of the packet', () => {
  const load = asm.instruction('ldabsb', { imm: 4 })
  assert.equal(useOf([load, KTIME, START, ...END]), 'silent')
  assert.equal(useOf([KTIME, load, START, ...END]), 'reads')
  assert.equal(useOf([load, START, ...END]), 'uses')
})

test('one way to a use of now without a reading is enough', () => {
  assert.equal(useOf([START, KTIME, ...END]), 'uses')
  assert.equal(useOf([asm.jump('eq', 'r1', 0, 'late'), KTIME, asm.label('late'), START, ...END]), 'uses')
  // Around a loop: the first turn has no reading.
  assert.equal(useOf([asm.label('loop'), asm.call(118), KTIME, asm.jump('ne', 'r0', 0, 'loop'), ...END]), 'uses')
})

test('what is not known uses now: other helpers, kfuncs, tail calls, calls by register and in a circle', () => {
  assert.equal(useOf([asm.call(181), KTIME, ...END]), 'uses')
  assert.equal(useOf([asm.call(12), KTIME, ...END]), 'uses')
  assert.equal(useOf([asm.call(9999), KTIME, ...END]), 'uses')
  assert.equal(useOf([callOf('one'), KTIME, ...END], [{ name: 'one', lines: [callOf('main'), ...END] }]), 'uses')
})

test('a function does what those do that it calls', () => {
  const fn = (name: string, ...lines: Line[]): Fn => ({ name, lines: [...lines, ...END] })
  assert.equal(useOf([callOf('read'), START, ...END], [fn('read', KTIME)]), 'reads')
  assert.equal(useOf([callOf('start'), KTIME, ...END], [fn('start', START)]), 'uses')
  assert.equal(useOf([callOf('quiet'), START, ...END], [fn('quiet', LOOKUP)]), 'uses')
  assert.equal(useOf([callOf('quiet'), KTIME, ...END], [fn('quiet', LOOKUP)]), 'reads')
})
