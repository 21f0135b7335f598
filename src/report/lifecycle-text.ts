// A lifecycle event as one line of a timeline: time, CPU, what, result, whose, key.
import { errnoName } from '../machine/errno.js'
import type { LifecycleEvent } from '../machine/observe/lifecycle.js'
import type { ObjectSpec } from '../object/spec.js'
import { typedText } from '../object/typed-text.js'
import { pathAt } from './layout.js'
import type { Style } from './style.js'
import { durationText, momentText } from './time-text.js'

/** Result column: numbers as they are, errors by name. */
function resultText({ kind, result }: LifecycleEvent): string {
  if (kind === 'fire') return ''
  if (kind === 'free') return result === 1 ? 'was armed' : ''
  // cancel_async answers -1 for "its callback is running", which is no error.
  if (kind === 'cancel_async' && result === -1) return '-1'
  return result < 0 ? `-${errnoName(result)}` : String(result)
}

function detail(event: LifecycleEvent): string {
  switch (event.kind) {
    case 'set_callback':
      return event.callback ?? ''
    case 'fire':
      return `${event.callback ?? ''}${event.lateness ? `, ${durationText(event.lateness)} late` : ''}`
    case 'start':
      return event.nanoseconds === undefined ? '' : nanosecondsText(event.nanoseconds)
    default:
      return ''
  }
}

/** What a program passed to bpf_timer_start; whether that is relative or absolute only the program knows. */
function nanosecondsText(nanoseconds: bigint): string {
  return nanoseconds >= 1n << 63n ? 'never' : durationText(Number(nanoseconds))
}

/** `start`: what the clock read when the machine was booted. */
export function lifecycleLine(spec: ObjectSpec, event: LifecycleEvent, style: Style, start: number): string {
  const { time, cpu, kind, of, map } = event
  const what = `${of === 'work' ? 'wq' : 'timer'} ${kind}`.padEnd(18)
  const error = event.result < 0 && !(kind === 'cancel_async' && event.result === -1)
  const result = resultText(event).padEnd(9)
  const parts = [
    style.faint(`${momentText(time - start).padStart(13)}  cpu ${cpu}`),
    kind === 'fire' ? style.good(what) : what,
    error ? style.bad(result) : result,
    detail(event).padEnd(16),
    map === undefined
      ? style.bad('no timer or work')
      : `${style.name(slotName(spec, map, of))} ${keyText(spec, map, event.key)}`,
  ]
  return parts.join('  ').trimEnd()
}

/** 'flows.idle': the map and the member of its value that the timer or work is. */
export function slotName(spec: ObjectSpec, map: string, of: 'timer' | 'work'): string {
  const found = spec.maps.get(map)
  if (!found || !spec.btf) return map
  const [offset, struct] = of === 'timer' ? [found.timerOffset, 'bpf_timer'] : [found.workOffset, 'bpf_wq']
  const path = offset < 0 ? '' : pathAt(spec.btf, found.value, offset, struct)
  return path === '' ? map : `${map}.${path}`
}

/** A key of a map as a person writes it: '[3]', '{ saddr = … }'. */
export function keyText(spec: ObjectSpec, map: string, key: unknown): string {
  if (key === undefined) return ''
  const text = typedText(spec.btf, spec.maps.get(map)?.key ?? 0, key)
  return text.startsWith('{') ? text : `[${text}]`
}
