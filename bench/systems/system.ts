// A system that runs BPF objects, skep or a kernel, and how the programs in objects/ are asked.

/** Several objects may be loaded one after the other. */
export interface System {
  /** As it is called in tables. */
  readonly name: string
  /** Loads an object of this repository. */
  load(object: string): Promise<Loaded>
  close(): Promise<void>
}

export interface Loaded {
  /** One run of a program with that packet; the packet as the program left it. */
  run(program: string, packet: Uint8Array): Promise<Uint8Array>
  /** Nanoseconds of one run, as the system itself measures it over `count` runs with that packet. */
  repeat(program: string, packet: Uint8Array, count: number): Promise<number>
  /** Takes every record out of a ring buffer; how many. */
  drain(map: string): Promise<number>
  /** Bytes of a global variable. */
  variable(name: string): Promise<Uint8Array>
  close(): Promise<void>
}

export interface Answer {
  nanoseconds: number
  /** Operations done without an error, or what was computed. */
  operations: bigint
}

export interface Request {
  count?: number
  extra?: number
  argument?: bigint
}

/** The packet that asks a program (struct request of objects/request.h). */
export function requestPacket({ count = 0, extra = 0, argument = 0n }: Request): Uint8Array {
  const packet = new Uint8Array(32)
  const view = new DataView(packet.buffer)
  view.setUint32(0, count, true)
  view.setUint32(4, extra, true)
  view.setBigUint64(24, argument, true)
  return packet
}

export function answerOf(packet: Uint8Array): Answer {
  const view = new DataView(packet.buffer, packet.byteOffset)
  return { nanoseconds: Number(view.getBigUint64(8, true)), operations: view.getBigUint64(16, true) }
}

/** Runs a program of objects/ once. */
export async function ask(loaded: Pick<Loaded, 'run'>, program: string, request: Request): Promise<Answer> {
  return answerOf(await loaded.run(program, requestPacket(request)))
}

export async function counter(loaded: Pick<Loaded, 'variable'>, name: string): Promise<number> {
  const bytes = await loaded.variable(name)
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
}
