// boot(): the one way to a machine. What is asked for decides the kind: worker threads, the calling thread, or virtual.
import { show, SkepError } from '../../error.js'
import { record, refuseUnknown, type OptionNames } from '../options/given-options.js'
import { InlineMachine } from './inline.js'
import { bootOptions, type BootOptions } from '../options/boot-options.js'
import { Machine, type ThreadOptions } from './threads.js'
import { VirtualMachine, virtualOptions, type VirtualOptions } from './virtual.js'

/** Options of an inline machine. */
export interface InlineOptions extends BootOptions {
  /** The calling thread, as the machine's one CPU. */
  cpus: 'inline'
  /** The only clock that it can have. For a virtual one: boot.virtual(). */
  clock?: 'real'
}

const inlineOptions = { ...bootOptions, cpus: true, clock: true } satisfies OptionNames<InlineOptions>

/** A machine on the calling thread, on the real clock: poll() it, or keepPolling(). Throws SkepError BAD_OPTION. */
function boot(options: InlineOptions): InlineMachine
/** A machine whose CPUs are worker threads, on the real clock. Rejects with SkepError BAD_OPTION, CPU_DEAD. */
function boot(options?: ThreadOptions): Promise<Machine>
function boot(options: InlineOptions | ThreadOptions = {}): InlineMachine | Promise<Machine> {
  const clock: unknown = record(options, 'boot').clock ?? 'real'
  if (clock !== 'real')
    throw new SkepError(
      'BAD_OPTION',
      `clock: boot has only 'real', boot.virtual a clock of its own; got ${show(clock)}`,
    )
  if (options.cpus === 'inline') {
    refuseUnknown(options, inlineOptions, 'boot of an inline machine')
    return new InlineMachine(options)
  }
  return Machine.boot(options as ThreadOptions)
}

/** A machine of several CPUs on the calling thread whose clock moves only when told to: the same on every run. */
boot.virtual = (options: VirtualOptions = {}): VirtualMachine => {
  refuseUnknown(options, virtualOptions, 'boot.virtual')
  return new VirtualMachine(options)
}

export { boot }
