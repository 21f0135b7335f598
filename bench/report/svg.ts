// Pictures by Observable Plot, drawn without a browser: linkedom is the document that it writes into.
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { SubjectName } from '../case.js'
import type { Names } from './text.js'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

export const COLORS: Readonly<Record<SubjectName, string>> = {
  skep: '#0f766e',
  linux: '#c2410c',
  native: '#2563eb',
  node: '#6b7280',
  locked: '#b91c1c',
  'rfc-v1': '#a16207',
  merged: '#7c3aed',
  floor: '#cbd5e1',
}

const STYLE = 'background:#fff;color:#1f2328;font-family:system-ui,-apple-system,"Segoe UI",sans-serif;font-size:12px'

/** A plot as the text of an SVG file. `what` says it to those who cannot see it. */
export function draw(what: string, options: Plot.PlotOptions): string {
  const svg = Plot.plot({ ...options, document: document as never }) as unknown as {
    setAttribute(name: string, value: string): void
    outerHTML: string
  }
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  svg.setAttribute('style', STYLE)
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', what)
  return svg.outerHTML
}

/** Colours and names of subjects, in a row above the frame. */
export function legend(subjects: readonly SubjectName[], names: Names, dy = -28): Plot.Markish[] {
  const WIDTH = 92
  return subjects.flatMap((subject, index) => [
    Plot.dot([0], { frameAnchor: 'top-left', dx: index * WIDTH + 5, dy, r: 5, fill: COLORS[subject] }),
    Plot.text([names[subject]], {
      frameAnchor: 'top-left',
      textAnchor: 'start',
      lineAnchor: 'middle',
      dx: index * WIDTH + 15,
      dy,
    }),
  ])
}
