// The questions to the three older designs as named subjects.
import { questions, questionSubject } from '../specimens/subjects.js'
import type { Design } from '../specimens/subjects.js'
import type { Entry } from './entry.js'
import { slug, variantName } from './entry.js'

export function specimenEntries(protocol: Design): Entry[] {
  return questions
    .filter((question) => question.designs.includes(protocol))
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
        subject: (traced) => questionSubject(question, protocol, traced),
      }
    })
}
