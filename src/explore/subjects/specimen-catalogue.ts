// The questions to the three older designs as named subjects.
import { questions, questionSubject } from '../specimens/subjects.js'
import type { Design } from '../specimens/subjects.js'
import type { Entry, Protocol } from './entry.js'
import { slug, variantName } from './entry.js'

const DESIGN: Partial<Record<Protocol, Design>> = { locked: 'locked', 'rfc-v1': 'rfc', merged: 'merged' }

export function specimenEntries(protocol: Protocol): Entry[] {
  const design = DESIGN[protocol]!
  return questions
    .filter((question) => question.designs.includes(design))
    .map((question) => {
      const nmi = /NMI/.test(question.name)
      const stop = /CPU (that )?stops/.test(question.name)
      const variant = nmi ? 'nmi' : stop ? 'stop' : 'plain'
      return {
        name: variantName(slug(question.name), variant),
        about: question.name,
        hazards: question.hazards,
        protocol,
        variant,
        module: 'specimens',
        subject: (traced) => questionSubject(question, design, traced),
      }
    })
}
