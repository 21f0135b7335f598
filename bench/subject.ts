// What the benchmark measures: skep, or a kernel; and how the programs of bench.bpf.c are asked.

/** One system that runs BPF objects. Several objects may be loaded one after the other. */
export interface Subject {
  readonly name: string
  load(object: string): Promise<Loaded>
  /** Boots one more of its kind and closes it: the milliseconds that the first took. */
  boot?(): Promise<number>
  close(): Promise<void>
}

export interface Loaded {
  /** One run of a program with that packet; the packet as the program left it. */
  run(program: string, packet: Uint8Array): Promise<Uint8Array>
  /** Nanoseconds of one run, as the subject itself measures it over `count` runs with that packet. */
  repeat(program: string, packet: Uint8Array, count: number): Promise<number>
  /** Bytes of a global variable. */
  variable(name: string): Promise<Uint8Array>
  close(): Promise<void>
}

export interface Answer {
  nanoseconds: number
  /** Operations done without an error. */
  operations: number
}

/** Runs a program of bench.bpf.c: `count` operations. */
export async function ask(loaded: Loaded, program: string, count: number, argument = 0n): Promise<Answer> {
  const packet = new Uint8Array(32)
  const view = new DataView(packet.buffer)
  view.setUint32(0, count, true)
  view.setBigUint64(24, argument, true)
  const left = await loaded.run(program, packet)
  const answer = new DataView(left.buffer, left.byteOffset)
  return {
    nanoseconds: Number(answer.getBigUint64(8, true)),
    operations: Number(answer.getBigUint64(16, true)),
  }
}

export async function counter(loaded: Loaded, name: string): Promise<bigint> {
  const bytes = await loaded.variable(name)
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
}
