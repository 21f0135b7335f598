// What a user holds after load(): the object's programs, maps and global variables by name. One user reference on each
// of its maps until close(); the code stays as long as an armed timer or a binding needs it.
import { SkepError } from '../../error.js'
import type { Answer, Answering, Mode } from '../answer.js'
import { codec } from '../map/codec.js'
import type { LiveProgram } from './object-table.js'
import { Program, type Runner } from '../run/program.js'
import type { Kernel } from '../boot/kernel.js'
import type { PreparedObject } from './load.js'
import type { MapHandle } from '../map/handle.js'
import type { ObjectTypes } from '../object-types.js'
import { doAll } from '../whatever-throws.js'
import { OBJECT_CLOSED, tellClosed } from './closing.js'
import { VariableHandle } from './variables.js'
import { isRecord, record, type Fail } from '../options/given-options.js'

/** Things by name; asking for a name that is not there is an error that lists the names. */
export type Named<T> = { readonly [name: string]: T }

/** A loaded object. `T` says what its names and types are; see load(). */
export class LoadedObject<M extends Mode = 'direct', T extends ObjectTypes = ObjectTypes> {
  /** The file's name without folder and `.bpf.o`. */
  readonly name: string
  /** What the section `license` says, '' without one. */
  readonly license: string
  /** Those that were loaded, by name. */
  readonly programs: { readonly [Name in T['programs']]: Program<M> }
  /** By name, data sections among them ('.bss', '.rodata'). */
  readonly maps: { readonly [Name in keyof T['maps']]: MapHandle<M, T['maps'][Name]> }
  /** Global variables by name. */
  readonly variables: { readonly [Name in keyof T['variables']]: VariableHandle<M, T['variables'][Name]> }
  readonly #close: () => void
  readonly #answer: Answering<M>

  /** @internal */
  constructor(kernel: Kernel, { object }: PreparedObject, runner: Runner<M>, answer: Answering<M>) {
    const { spec } = object
    let open = true
    const check = (): void => {
      kernel.check()
      if (!open) throw new SkepError('CLOSED', `object '${spec.name}' is closed`)
    }
    const use = <R>(work: () => R): R => {
      check()
      return work()
    }
    const checked = <T>({ spec: { name } }: LiveProgram, options: T): T => {
      check()
      return record(options, `program '${name}'`, badRun)
    }
    const runOpen: Runner<M> = {
      run(program, options) {
        if (open && isRecord(options)) return runner.run(program, options)
        return answer(() => checked(program, options)) as Answer<M, never>
      },
      prepare: (program, options) => runner.prepare(program, checked(program, options)),
    }
    this.name = spec.name
    this.license = spec.license
    const programs = new Map([...object.programs].map(([name, live]) => [name, new Program(live, runOpen)]))
    this.programs = named(`object '${spec.name}' has no program`, programs) as typeof this.programs
    const handles = new Map(
      [...object.maps].map(([name, live]) => [name, kernel.maps.handle(live, answer, object.access.get(name), true)]),
    )
    this.maps = named(`object '${spec.name}' has no map`, handles) as unknown as typeof this.maps
    const variables = [...spec.variables.values()].flatMap((variable) => {
      const map = object.maps.get(variable.map)
      if (!map) return []
      const address = (kernel.host.core.map_element_value(map.address, 0) >>> 0) + variable.offset
      const values = codec(spec.btf, variable.type, variable.size, `variable '${variable.name}'`)
      const place = { name: variable.name, section: variable.section, address, codec: values }
      const section = handles.get(variable.map)!
      return [[variable.name, new VariableHandle(place, variable.offset, section, kernel.memory, use, answer)] as const]
    })
    this.variables = named(`object '${spec.name}' has no variable`, new Map(variables)) as typeof this.variables
    this.#answer = answer
    this.#close = () => {
      if (!open || kernel.closed) return
      open = false
      tellClosed(kernel.memory, object, OBJECT_CLOSED)
      // What a listener throws that is told of something meanwhile leaves nothing open.
      doAll([
        ...[...object.prepared].map((prepared) => () => prepared.close()),
        ...[...handles.values()].map((map) => () => map.closeNow()),
        () => kernel.objects.close(object),
        () => kernel.settle(),
      ])
    }
  }

  /** Drops the object's user references on its maps and its programs; what other handles, pins or timers need stays. */
  close(): Answer<M, void> {
    return this.#answer(this.#close)
  }

  /** As close(). */
  [Symbol.dispose](): void {
    this.#close()
  }
}

/** Throws BAD_RUN. */
export const badRun: Fail = (what) => {
  throw new SkepError('BAD_RUN', what)
}

/** An object of things by their names that says what is there when a name is not. */
export function named<T>(problem: string, things: ReadonlyMap<string, T>): Named<T> {
  const table: Record<string, T> = Object.create(null) as Record<string, T>
  for (const [name, thing] of things) table[name] = thing
  return new Proxy(Object.freeze(table), {
    get(target, name) {
      if (typeof name === 'symbol' || name in target || name === 'then' || name === 'toJSON')
        return Reflect.get(target, name) as T
      throw new SkepError('NO_SUCH_NAME', `${problem} '${name}'; it has ${Object.keys(target).join(', ') || 'none'}`)
    },
  })
}
