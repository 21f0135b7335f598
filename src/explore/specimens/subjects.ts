// All questions to the older designs, in the order of docs/specimens.md, and what the explorer is given for each. The
// same question is put to every design that it makes sense for; which of them fail is for the tests and for the page.
import { errnoResult } from '../errno-result.js'
import { subject } from '../subject.js'
import type { Subject } from '../subject.js'
import { ANSWERS } from './answers.js'
import { CONTEXTS } from './contexts.js'
import { LIFETIME } from './lifetime.js'
import type { Question } from './question.js'
import type { Design } from './stage.js'
import { SpecimenStage } from './stage.js'

export type { Question } from './question.js'
export { DESIGNS } from './stage.js'
export type { Design } from './stage.js'

export const questions: readonly Question[] = [...LIFETIME, ...CONTEXTS, ...ANSWERS]

/** A question put to one design: a subject for the explorer, over the trace build if `traced`. */
export function questionSubject(question: Question, design: Design, traced = false): Subject {
  const at = new SpecimenStage(design, question.callbacks, traced)
  return subject({
    name: `${design}: ${question.name}`,
    stage: at.stage,
    nameOf: at.nameOf,
    show: at.show,
    showResult: errnoResult,
    ...question.build(at),
  })
}
