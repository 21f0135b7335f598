// Records what this machine's kernel answers: `node dist/test/helpers/record.js [FAMILY…]` as root writes the
// *.answers.json of this folder, which both engines are compared with where no kernel can be asked.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openKernel } from '../kernel/oracle.js'
import { answersFile, families } from './families.js'
import { answersFile as fibAnswersFile, commands, kernelFibAnswers, objectFile } from './fib-cases.js'
import * as sockets from './socket-cases.js'
import { kernelAnswers } from './kernel-answers.js'

const wanted = process.argv.slice(2)
const kernel = await openKernel()
if (typeof kernel === 'string') throw new Error(kernel)
for (const family of families) {
  if (wanted.length > 0 && !wanted.includes(family.name)) continue
  const answers = await kernelAnswers(kernel, family)
  writeFileSync(answersFile(family), JSON.stringify(Object.fromEntries(answers), null, 2) + '\n')
  process.stdout.write(`${family.name}: ${answers.size} answers of Linux ${kernel.release}\n`)
}
await kernel.close()
if (wanted.length === 0 || wanted.includes('fib')) {
  const routed = await openKernel({ network: commands })
  if (typeof routed === 'string') throw new Error(routed)
  const answers = await kernelFibAnswers(routed, fileURLToPath(objectFile))
  writeFileSync(fibAnswersFile, JSON.stringify(answers, null, 2) + '\n')
  process.stdout.write(`fib: ${Object.keys(answers).length} answers of Linux ${routed.release}\n`)
  await routed.close()
}
if (wanted.length === 0 || wanted.includes('socket')) {
  const apart = await openKernel({ network: sockets.commands })
  if (typeof apart === 'string') throw new Error(apart)
  const answers = await sockets.kernelSocketAnswers(apart, fileURLToPath(sockets.objectFile))
  writeFileSync(sockets.answersFile, JSON.stringify(answers, null, 2) + '\n')
  process.stdout.write(`socket: ${Object.keys(answers).length} answers of Linux ${apart.release}\n`)
  await apart.close()
}
