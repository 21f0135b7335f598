// Puts the questions of src/explore/specimens to the older designs and prints every verdict, with the interleaving (without
// its plain accesses) where one is violated. Arguments: a design (locked, rfc, merged, all), words of the question's name.
import { explore, printReport } from '../dist/src/explore/index.js'
import { questions, questionSubject } from '../dist/src/explore/specimens/subjects.js'

const [wanted = 'all', ...words] = process.argv.slice(2)
const plain = /^(peek|poke|now)\b/
for (const question of questions) {
  if (!words.every((word) => question.name.includes(word))) continue
  for (const design of question.designs) {
    if (wanted !== 'all' && wanted !== design) continue
    const { failure, ...report } = explore(questionSubject(question, design))
    if (failure)
      failure.trace.lines = failure.trace.lines.filter((line) => line.result !== undefined || !plain.test(line.text))
    console.log(printReport(`${design}: ${question.name}`, failure ? { ...report, failure } : report))
  }
}
