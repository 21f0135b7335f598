// `npm run check`: every named subject of the shipped protocol, and which of them were complete. `npm run check -- mutants`:
// every one-line change of the core, and which subject objects to it. Other arguments go to `skep check`.
import { spawnSync } from 'node:child_process'

const [first, ...rest] = process.argv.slice(2)
const command =
  first === 'mutants'
    ? ['scripts/mutants.mjs', ...rest]
    : ['dist/src/cli/main.js', 'check', '--seconds', '120', ...process.argv.slice(2)]
process.exit(spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1)
