// What an object file says, as plain data: the result of readObject. Nothing here is loaded or live; a caller may edit
// a spec (initial values, max_entries) before loading it. Read by the compiler and the machine, written only by
// src/object/ and by callers.
import type { Relocation } from '../isa/relocation.js'
import type { Btf } from './btf.js'

export type { Relocation }

/** The id of a type in an object's BTF; 0 means "void" or "none". */
export type BtfTypeId = number

/** The kernel's program types by their lower-case names. */
export type ProgramType =
  | 'socket_filter'
  | 'kprobe'
  | 'sched_cls'
  | 'sched_act'
  | 'tracepoint'
  | 'xdp'
  | 'cgroup_skb'
  | 'perf_event'
  | 'raw_tracepoint'
  | 'tracing'
  | 'syscall'
  /** A known type that this package does not run, or a section name that nobody knows; always listed as unsupported. */
  | 'unsupported'

/** One object file. */
export interface ObjectSpec {
  /** The file's name without folder and `.bpf.o` or `.o`. */
  name: string
  /** Contents of the section `license`, '' if there is none. */
  license: string
  /** Maps by name: those of `.maps` and one per data section (named `<object>.rodata` in libbpf, here by section). */
  maps: Map<string, MapSpec>
  /** Programs by function name. */
  programs: Map<string, ProgramSpec>
  /** Every function with code, programs included. */
  functions: Map<string, FunctionSpec>
  /** Global variables of the data sections by name. */
  variables: Map<string, VariableSpec>
  /** `extern … __kconfig` by name; their values stand in the map '.kconfig'. Not there if it has none. */
  kconfig?: Map<string, KconfigExtern>
  /** The object's types; undefined if it has none. */
  btf: Btf | undefined
  /** Everything in the object that is known not to be supported, one line each: load() refuses it with these. */
  unsupported: string[]
}

/** A map as the object defines it. */
export interface MapSpec {
  /** The definition's name; of a data section the section's. */
  name: string
  /** BPF_MAP_TYPE_*; a number that the kernel does not know is refused by the reader. */
  type: number
  /** Bytes. */
  keySize: number
  /** Bytes. */
  valueSize: number
  /** Elements; of rings bytes. */
  maxEntries: number
  /** BPF_F_* as in the kernel. */
  flags: number
  /** map_extra: of a bloom filter the number of hash functions; 0 none. */
  extra: number
  /** 0 none, 1 by name. */
  pinning: number
  /** BTF type of the key, 0 if the map has none. */
  key: BtfTypeId
  /** BTF type of the value, of ring buffers and perf event arrays that of their records; 0 if the map names none. */
  value: BtfTypeId
  /** Bytes from the start of the value to its bpf_timer, -1 without one. */
  timerOffset: number
  /** The same for its bpf_wq. */
  workOffset: number
  /** The same for its bpf_spin_lock. */
  lockOffset: number
  /** The image of a data section; not there means all zeros ('.bss'). */
  contents?: Uint8Array
  /** The data section this map stands for: '.rodata', '.data.x' … */
  section?: string
  /** Of a map in map: the definition of the inner maps. */
  inner?: MapSpec
  /** Initial elements that name other maps or programs (map in map, program array), by index. */
  initial?: Map<number, string>
  /**
   * In the kernel's words why a special field of the value does not count, for example "map 'm' has no valid
   * bpf_timer".
   * An error only if a program uses the field.
   */
  problems: string[]
}

/** A program: a function with a section that says when it runs. */
export interface ProgramSpec {
  /** The function's name. */
  name: string
  /** The ELF section, which by libbpf's naming decides type and attach point. */
  section: string
  /** By the section's name. */
  type: ProgramType
  /**
   * The kernel's attach type in lower case without BPF_ ('trace_fentry', 'tcx_ingress'), where the section says one.
   */
  attachType?: string
  /** What the section name says after its first slash, if anything: 'sched_switch', 'ingress' … */
  attachTo?: string
  /** True if the section's name says so. */
  sleepable: boolean
  /** Of type 'unsupported': the kernel's name of the type, or why nobody knows the section. */
  refused?: string
  /** False: loaded only if it is asked for by name (`SEC("?…")`). */
  autoload?: boolean
  /** Key in `functions`. */
  entry: string
}

/** A function with its code. */
export interface FunctionSpec {
  /** The symbol's name; made unique with `#2`, `#3` … where linked objects repeat a static name. */
  name: string
  /** ELF section of the code. */
  section: string
  /** Bytes from the start of the section. */
  sectionOffset: number
  /** Its own instructions, as in the file: immediates of relocated instructions mean nothing. */
  code: Uint8Array
  /** In order of `instruction`. */
  relocations: Relocation[]
  /** CO-RE relocations that are done, but can be done again for other types; see relocateCore. In order. */
  core?: CoreRelocation[]
  /** In order of `instruction`. */
  lines: LineInfo[]
  /** `static` in C: not visible to other objects. */
  isStatic: boolean
  /** BTF_KIND_FUNC of this function, 0 if unknown. */
  btfId: BtfTypeId
}

/** An `extern … __kconfig`. */
export interface KconfigExtern {
  readonly name: string
  /** Bytes from the start of '.kconfig'. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
  readonly type: BtfTypeId
  readonly kind: 'char' | 'bool' | 'tristate' | 'signed' | 'unsigned' | 'text'
  /** Without a value it is 0; any other is an error. */
  readonly weak: boolean
  readonly isSet: boolean
}

/** What an instruction asks about a type; see core-access.ts. */
export interface CoreRelocation {
  instruction: number
  /** BPF_CORE_*. */
  kind: number
  /** The local type that the access starts from. */
  type: BtfTypeId
  /** '0:1:2', as the compiler wrote it. */
  access: string
  /** The line in `unsupported` of the spec that stands for it, if it could not be done. */
  unsupported?: string
}

/** The C source of the instructions from `instruction` up to the next entry. */
export interface LineInfo {
  instruction: number
  /** As the compiler wrote it. */
  file: string
  /** From 1. */
  line: number
  /** From 1; 0 if unknown. */
  column: number
  /** The source line itself, '' if the compiler did not keep it. */
  text: string
}

/** A global variable. */
export interface VariableSpec {
  /** As in the C source. */
  name: string
  /** '.data', '.bss', '.rodata', '.data.x' … */
  section: string
  /** The map that holds it: key in `maps`. */
  map: string
  /** Bytes from the section's start. */
  offset: number
  /** Bytes. */
  size: number
  /** BTF type of the value, 0 if unknown. */
  type: BtfTypeId
  /** `static` in C. */
  isStatic: boolean
}
