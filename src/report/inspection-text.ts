// An inspection as text for people.
import type { CallbackUse } from './async-use.js'
import type { Inspection, InspectedFunction, InspectedMap, InspectedProgram, InspectedSlot } from './inspection.js'
import type { Field } from './layout.js'
import { listingText } from './listing.js'
import { placeText } from './places.js'
import type { Style } from './style.js'
import { table } from './table.js'

/** Everything but the code, as lines. */
export function overviewText(inspection: Inspection, style: Style): string[] {
  const { object, license, btf, programs, maps, variables, timersAndWork, callbacks } = inspection
  const lines = [
    `${style.name(object)}  ${style.faint(`licence ${license || 'none'}, ${btf ? 'with' : 'without'} BTF`)}`,
  ]
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', style.heading(title), ...body)
  }
  section(
    'Programs',
    table(
      programs.map((program) => programRow(program, style)),
      { indent: '  ', right: [2] },
    ),
  )
  section(
    'Maps',
    maps.flatMap((map) => mapText(map, timersAndWork, style)),
  )
  section(
    'Variables',
    table(
      variables.map(({ name, section: where, type, size, text }) => [
        style.name(name),
        type ?? `${size} bytes`,
        cut(text, 60),
        style.faint(where.startsWith('.rodata') ? `${where}, constant after load` : where),
      ]),
      { indent: '  ' },
    ),
  )
  section(
    'Timers, work and locks',
    table(
      timersAndWork.map((slot) => slotRow(slot, style)),
      { indent: '  ' },
    ),
  )
  section(
    'Callbacks',
    table(
      callbacks.map((use) => callbackRow(use, style)),
      { indent: '  ' },
    ),
  )
  section('Helpers', callTable(inspection.helpers, style))
  section('Kfuncs', callTable(inspection.kfuncs, style))
  section(
    'Not supported',
    inspection.unsupported.map((line) => `  ${style.bad(line)}`),
  )
  section(
    'Refused',
    inspection.misuse.map((line) => `  ${style.bad(line)}`),
  )
  return lines
}

/** The code of some functions, as lines. */
export function codeText(functions: readonly InspectedFunction[], inspection: Inspection, style: Style): string[] {
  return functions.flatMap((fn) => {
    const last = fn.code.at(-1)
    const size = last ? last.instruction + 1 : 0
    const kind = inspection.programs.some(({ name }) => name === fn.name)
      ? `SEC("${fn.section}")`
      : `${fn.static ? 'static' : 'global'} function in ${fn.section}`
    return [
      '',
      `${style.heading(fn.name)}  ${style.faint(`${kind}, ${count(size, 'instruction')}`)}`,
      ...listingText(fn.code, style),
    ]
  })
}

function programRow({ name, type, attachType, section, sleepable, instructions }: InspectedProgram, style: Style) {
  const more = [attachType === type ? undefined : attachType, sleepable ? 'sleepable' : undefined]
  const kind = [type, ...more.filter((word) => word !== undefined)].join(', ')
  return [style.name(name), kind, count(instructions, 'instruction'), style.faint(`SEC("${section}")`)]
}

function mapText(map: InspectedMap, slots: readonly InspectedSlot[], style: Style): string[] {
  const { name, flags, pinned, inner, initial } = map
  const notes = [...flags, ...(pinned ? ['pinned by name'] : [])]
  const lines = [
    `  ${style.name(name)}  ${shapeText(map)}` + (notes.length === 0 ? '' : `  ${style.faint(notes.join(', '))}`),
  ]
  const marks = new Map(slots.filter((slot) => slot.map === name).map((slot) => [slot.offset, slot]))
  lines.push(
    ...table(
      [
        ...map.keyFields.map((field, index) => fieldRow(index === 0 ? 'key' : '', field, style)),
        ...map.valueFields.map((field, index) => {
          const slot = [...marks.values()].find(
            ({ offset }) => offset >= field.offset && offset < field.offset + field.size,
          )
          return fieldRow(index === 0 ? 'value' : '', field, style, slot && `← ${slot.kind} at byte ${slot.offset}`)
        }),
        ...map.recordFields.map((field, index) => fieldRow(index === 0 ? 'record' : '', field, style)),
      ],
      { indent: '    ', right: [1] },
    ),
  )
  if (inner) lines.push(`    each element: ${shapeText(inner)}`)
  for (const [index, target] of Object.entries(initial ?? {})) lines.push(`    [${index}] = ${style.name(target)}`)
  // That a map without BTF cannot hold timers is worth a line only where a program tries; see misuse.
  const broken = map.problems.filter((problem) => problem.includes('no valid'))
  lines.push(...broken.map((problem) => `    ${style.bad(problem)}`))
  return lines
}

/** 'hash, 4096 entries  __u32 (4 bytes) → struct flow (48 bytes)' */
function shapeText({ type, maxEntries, keyType, keySize, valueType, valueSize }: InspectedMap): string {
  const entries = `${type}, ${maxEntries} ${maxEntries === 1 ? 'entry' : 'entries'}`
  if (keySize === 0 && valueSize === 0) return entries
  const key = keySize === 0 ? 'of' : `${typeText(keyType, keySize)} →`
  return `${entries}  ${key} ${typeText(valueType, valueSize)}`
}

function fieldRow(part: string, field: Field, style: Style, mark = ''): string[] {
  const bits = field.bits === undefined ? '' : `.${field.bit}:${field.bits}`
  return [
    style.faint(part),
    style.faint(`${field.offset}${bits}`),
    field.name,
    style.faint(field.type),
    style.good(mark),
  ]
}

function typeText(type: string | undefined, size: number): string {
  return type === undefined ? `${size} bytes` : `${type} (${size} bytes)`
}

const STRUCTS = { timer: 'bpf_timer', work: 'bpf_wq', lock: 'bpf_spin_lock' }

function slotRow({ map, kind, field, offset, initialisedAt, callbacks }: InspectedSlot, style: Style): string[] {
  return [
    `${style.name(map)}.${field}`,
    STRUCTS[kind],
    `at byte ${offset} of the value`,
    initialisedAt.length === 0 ? '' : `initialised in ${initialisedAt.map(placeText).join(', ')}`,
    callbacks.length === 0 ? '' : `calls ${callbacks.map((name) => style.name(name)).join(', ')}`,
  ]
}

/** When a callback is called, with or without knowing for which map. */
const CALLED: Record<CallbackUse['kind'], (map: string | undefined) => string> = {
  timer: (map) => (map === undefined ? 'when a timer expires' : `when a timer of ${map} expires`),
  work: (map) => (map === undefined ? 'when a work runs' : `when a work of ${map} runs`),
  element: (map) => (map === undefined ? 'for each element of a map' : `for each element of ${map}`),
  loop: () => 'for each turn of a loop',
  other: () => 'called back',
}

function callbackRow({ function: name, kind, map, givenTo, at }: CallbackUse, style: Style): string[] {
  return [style.name(name), CALLED[kind](map), style.faint(`${givenTo} in ${placeText(at)}`)]
}

function callTable(calls: Inspection['helpers'], style: Style): string[] {
  return table(
    calls.map(({ name, id, calledBy, supported }) => [
      id === undefined ? name : `${name}${style.faint(`#${id}`)}`,
      `in ${calledBy.join(', ')}`,
      supported ? '' : style.bad('not in this machine'),
    ]),
    { indent: '  ' },
  )
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
