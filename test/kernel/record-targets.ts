// Records what this machine's kernel answers to the steps of test/map/target-cases.ts:
// `node dist/test/kernel/record-targets.js` as root.
import { writeFileSync } from 'node:fs'
import { ANSWERS } from '../map/target-cases.js'
import { openKernel } from './oracle.js'
import { kernelAnswers } from './target-subject.js'

const kernel = await openKernel()
if (typeof kernel === 'string') throw new Error(kernel)
const answers = await kernelAnswers(kernel)
writeFileSync(ANSWERS, `[\n${answers.map((answer) => `  ${JSON.stringify(answer)}`).join(',\n')}\n]\n`)
process.stdout.write(`${answers.length} answers of Linux ${kernel.release}\n`)
await kernel.close()
