// The only file that touches memory shared between CPUs. Everything in core/ goes through these functions.
// Two builds: the shipped one compiles each to one wasm instruction (asc -O3 inlines them); with CHECKED defined each
// is a call to an imported hook, so that an explorer performs, orders and records every access.
// All atomic accesses are sequentially consistent. There is no fence: an exchange orders.
import {
  DOOR_ADD,
  DOOR_AND,
  DOOR_COMPARE_EXCHANGE,
  DOOR_COPY,
  DOOR_EXCHANGE,
  DOOR_FILL,
  DOOR_GLANCE,
  DOOR_LOAD,
  DOOR_MAY_FAIL,
  DOOR_NOTE,
  DOOR_NOW,
  DOOR_OR,
  DOOR_PEEK,
  DOOR_POKE,
  DOOR_RETRY,
  DOOR_SLEEP,
  DOOR_STORE,
  DOOR_WAIT_WHILE,
  DOOR_WAKE,
  DOOR_XOR,
} from './abi'
import { access32, access64, high } from './hook'
import { clock } from './host'

const WIDTH_8: u32 = 1 << 8
const WIDTH_16: u32 = 2 << 8
const WIDTH_32: u32 = 4 << 8
const WIDTH_64: u32 = 8 << 8

function hooked64(operation: u32, address: usize, a: u64, b: u64): u64 {
  const low = access64(operation | WIDTH_64, address, <u32>a, <u32>(a >> 32), <u32>b, <u32>(b >> 32))
  return ((<u64>high()) << 32) | (<u64>low)
}

/** Atomic load of 32 bits. */
export function load32(address: usize): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_LOAD | WIDTH_32, address, 0, 0)
  return atomic.load<u32>(address)
}

/** Atomic store of 32 bits. */
export function store32(address: usize, value: u32): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_STORE | WIDTH_32, address, value, 0)
    return
  }
  atomic.store<u32>(address, value)
}

/** Atomic exchange of 32 bits; returns the old value. */
export function exchange32(address: usize, value: u32): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_EXCHANGE | WIDTH_32, address, value, 0)
  return atomic.xchg<u32>(address, value)
}

/** Atomic add of 32 bits; returns the old value. */
export function add32(address: usize, value: u32): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_ADD | WIDTH_32, address, value, 0)
  return atomic.add<u32>(address, value)
}

/** Atomic or of 32 bits; returns the old value. */
export function or32(address: usize, value: u32): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_OR | WIDTH_32, address, value, 0)
  return atomic.or<u32>(address, value)
}

/** Atomic and of 32 bits; returns the old value. */
export function and32(address: usize, value: u32): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_AND | WIDTH_32, address, value, 0)
  return atomic.and<u32>(address, value)
}

/** Atomic compare-and-exchange of 32 bits; returns the old value: it succeeded if that is `expected`. */
export function compareExchange32(address: usize, expected: u32, replacement: u32): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_COMPARE_EXCHANGE | WIDTH_32, address, expected, replacement)
  return atomic.cmpxchg<u32>(address, expected, replacement)
}

/** Atomic load of 64 bits. */
export function load64(address: usize): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_LOAD, address, 0, 0)
  return atomic.load<u64>(address)
}

/** Atomic store of 64 bits. */
export function store64(address: usize, value: u64): void {
  if (isDefined(CHECKED)) {
    hooked64(DOOR_STORE, address, value, 0)
    return
  }
  atomic.store<u64>(address, value)
}

/** Atomic exchange of 64 bits; returns the old value. */
export function exchange64(address: usize, value: u64): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_EXCHANGE, address, value, 0)
  return atomic.xchg<u64>(address, value)
}

/** Atomic add of 64 bits; returns the old value. */
export function add64(address: usize, value: u64): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_ADD, address, value, 0)
  return atomic.add<u64>(address, value)
}

/** Atomic or of 64 bits; returns the old value. */
export function or64(address: usize, value: u64): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_OR, address, value, 0)
  return atomic.or<u64>(address, value)
}

/** Atomic and of 64 bits; returns the old value. */
export function and64(address: usize, value: u64): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_AND, address, value, 0)
  return atomic.and<u64>(address, value)
}

/** Atomic compare-and-exchange of 64 bits; returns the old value: it succeeded if that is `expected`. */
export function compareExchange64(address: usize, expected: u64, replacement: u64): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_COMPARE_EXCHANGE, address, expected, replacement)
  return atomic.cmpxchg<u64>(address, expected, replacement)
}

/** Plain load of 8 bits that is claimed not to race. */
export function peek8(address: usize): u8 {
  if (isDefined(CHECKED)) return <u8>access32(DOOR_PEEK | WIDTH_8, address, 0, 0)
  return load<u8>(address)
}

/** Plain store of 8 bits that is claimed not to race. */
export function poke8(address: usize, value: u8): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_POKE | WIDTH_8, address, value, 0)
    return
  }
  store<u8>(address, value)
}

/** Plain load of 16 bits that is claimed not to race. */
export function peek16(address: usize): u16 {
  if (isDefined(CHECKED)) return <u16>access32(DOOR_PEEK | WIDTH_16, address, 0, 0)
  return load<u16>(address)
}

/** Plain store of 16 bits that is claimed not to race. */
export function poke16(address: usize, value: u16): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_POKE | WIDTH_16, address, value, 0)
    return
  }
  store<u16>(address, value)
}

/** Plain load of 32 bits that is claimed not to race. */
export function peek32(address: usize): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_PEEK | WIDTH_32, address, 0, 0)
  return load<u32>(address)
}

/** Plain store of 32 bits that is claimed not to race. */
export function poke32(address: usize, value: u32): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_POKE | WIDTH_32, address, value, 0)
    return
  }
  store<u32>(address, value)
}

/** Plain load of 64 bits that is claimed not to race. */
export function peek64(address: usize): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_PEEK, address, 0, 0)
  return load<u64>(address)
}

/** Plain store of 64 bits that is claimed not to race. */
export function poke64(address: usize, value: u64): void {
  if (isDefined(CHECKED)) {
    hooked64(DOOR_POKE, address, value, 0)
    return
  }
  store<u64>(address, value)
}

/** Plain load of 8 bits that may race: the value is advice only. */
export function glance8(address: usize): u8 {
  if (isDefined(CHECKED)) return <u8>access32(DOOR_GLANCE | WIDTH_8, address, 0, 0)
  return load<u8>(address)
}

/** Plain load of 32 bits that may race: the value is advice only. */
export function glance32(address: usize): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_GLANCE | WIDTH_32, address, 0, 0)
  return load<u32>(address)
}

/** Plain load of 64 bits that may race (and tear): the value is advice only. */
export function glance64(address: usize): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_GLANCE, address, 0, 0)
  return load<u64>(address)
}

/** Plain store of 32 bits that may race: for words whose value is advice only. */
export function note32(address: usize, value: u32): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_NOTE | WIDTH_32, address, value, 0)
    return
  }
  store<u32>(address, value)
}

/** Plain store of 64 bits that may race: for words whose value is advice only. */
export function note64(address: usize, value: u64): void {
  if (isDefined(CHECKED)) {
    hooked64(DOOR_NOTE, address, value, 0)
    return
  }
  store<u64>(address, value)
}

/** Atomic xor of 32 bits; returns the old value. */
export function xor32(address: usize, value: u32): u32 {
  if (isDefined(CHECKED)) return access32(DOOR_XOR | WIDTH_32, address, value, 0)
  return atomic.xor<u32>(address, value)
}

/** Atomic xor of 64 bits; returns the old value. */
export function xor64(address: usize, value: u64): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_XOR, address, value, 0)
  return atomic.xor<u64>(address, value)
}

/** Plain load of 16 bits that may race: guest memory. */
export function glance16(address: usize): u16 {
  if (isDefined(CHECKED)) return <u16>access32(DOOR_GLANCE | WIDTH_16, address, 0, 0)
  return load<u16>(address)
}

/** Plain store of 8 bits that may race: guest memory. */
export function note8(address: usize, value: u8): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_NOTE | WIDTH_8, address, value, 0)
    return
  }
  store<u8>(address, value)
}

/** Plain store of 16 bits that may race: guest memory. */
export function note16(address: usize, value: u16): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_NOTE | WIDTH_16, address, value, 0)
    return
  }
  store<u16>(address, value)
}

/** Fills `length` bytes of an element value with `byte`. */
export function fill(address: usize, byte: u8, length: usize): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_FILL, address, <u32>byte, <u32>length)
    return
  }
  memory.fill(address, byte, length)
}

/** Copies `length` bytes of an element value; readers may see a mixture, as in the kernel. */
export function copy(to: usize, from: usize, length: usize): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_COPY, to, <u32>from, <u32>length)
    return
  }
  memory.copy(to, from, length)
}

/**
 * Reads the clock, by way of the u64 at `at` (this CPU's alone): nanoseconds since the machine's epoch. About 30 ns.
 */
export function now(at: usize): u64 {
  if (isDefined(CHECKED)) return hooked64(DOOR_NOW, 0, 0, 0)
  clock(at)
  return load<u64>(at)
}

/**
 * Sleeps while the word is `value`, at most `nanoseconds` (negative: without limit). 0 woken, 1 other value, 2 timed
 * out.
 */
export function sleep(address: usize, value: u32, nanoseconds: i64): i32 {
  if (isDefined(CHECKED))
    return <i32>(
      access32(
        DOOR_SLEEP | WIDTH_32,
        address,
        value,
        <u32>(nanoseconds < 0 ? -1 : nanoseconds > 0x7fffffff ? 0x7fffffff : nanoseconds),
      )
    )
  return atomic.wait<u32>(address, value, nanoseconds)
}

/** Wakes every sleeper on the word. */
export function wake(address: usize): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_WAKE | WIDTH_32, address, 0, 0)
    return
  }
  atomic.notify(address, -1)
}

/** Returns once the word is seen to differ from `value`. In the explorer the CPU is not enabled until it does. */
export function waitWhile32(address: usize, value: u32): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_WAIT_WHILE | WIDTH_32, address, value, 0)
    return
  }
  for (let spins = 0; atomic.load<u32>(address) === value; spins++)
    if (spins > 2000) atomic.wait<u32>(address, value, 50_000)
}

/** Heads every retry loop: nothing is carried from one turn to the next, so the explorer cuts its log back to here. */
export function retry(): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_RETRY, 0, 0, 0)
    return
  }
  return
}

/** The same for a loop whose failed turns write: 1 heads its first turn, 2 every further one. */
export function retryTurn(turn: u32): void {
  if (isDefined(CHECKED)) {
    access32(DOOR_RETRY, 0, turn, 0)
    return
  }
  return
}

/** Whether an allocation fails though there is room: never in the shipped build, the explorer's choice in the other. */
export function mayFail(): bool {
  if (isDefined(CHECKED)) return access32(DOOR_MAY_FAIL, 0, 0, 0) !== 0
  return false
}
