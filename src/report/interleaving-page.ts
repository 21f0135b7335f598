// The style and the behaviour of the page that interleaving-html.ts makes. Constants only; no foreign code, no
// requests.

export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2530; --soft: #66727f; --line: #d9dfe6; --paper: #fbfcfd; --card: #fff;
  --now: #fff3c9; --bad: #b3261e; --good: #1f6f43; --name: #0b5c8f; --nmi: #7a3db8 }
@media (prefers-color-scheme: dark) { :root { --ink: #dde4ec; --soft: #8e9aa8; --line: #2d3742; --paper: #12171d;
  --card: #1a2129; --now: #3d3413; --bad: #ff8a80; --good: #7fd6a5; --name: #7fc4f5; --nmi: #cda2ff } }
* { box-sizing: border-box }
body { margin: 0; color: var(--ink); background: var(--paper); font: 15px/1.45 system-ui, sans-serif;
  display: grid; grid-template: auto 1fr auto / 1fr 22rem; height: 100vh }
header { grid-column: 1 / 3; padding: 1rem 1.4rem .8rem; border-bottom: 1px solid var(--line) }
h1 { font-size: 1.05rem; margin: 0 0 .25rem; font-weight: 600 }
header p { margin: .1rem 0; max-width: 75rem } .wrong { color: var(--bad); font-weight: 600 } .soft { color: var(--soft) }
main { overflow: auto; padding: 0 .6rem 1rem 0 }
table { border-collapse: collapse; width: 100%; font: 13px/1.5 ui-monospace, monospace }
main th { position: sticky; top: 0; background: var(--paper); text-align: left; padding: .5rem .8rem; z-index: 1;
  border-bottom: 1px solid var(--line); font: 600 13px system-ui }
main td { padding: 1px .8rem; vertical-align: top; white-space: pre-wrap; border-right: 1px solid var(--line) }
main td:not(.where) { padding-left: calc(.8rem + 4ch); text-indent: -4ch }
td.where { color: var(--soft); text-align: right; white-space: nowrap; border-right: 2px solid var(--line) }
main tr { scroll-margin: 2.5rem 0 .5rem } tr.step { cursor: pointer; opacity: .42 } tr.done { opacity: 1 } tr.step:hover { background: color-mix(in srgb, var(--now) 50%, transparent) }
tr.now { background: var(--now) } tr.now td:first-child { box-shadow: inset 4px 0 var(--bad) }
tr.head td { padding-top: .5rem; font-weight: 600 } .nmi { color: var(--nmi) } tr.repeats td { border-top: 2px dashed var(--bad) }
tr.end td { padding-top: .5rem; color: var(--bad); font: 600 14px/1.45 system-ui, sans-serif; border-right: none }
.place { color: var(--name) } .new { color: var(--bad) } .result { color: var(--good); font-weight: 600 }
body.brief tr.quiet { display: none }
aside { border-left: 1px solid var(--line); overflow: auto; padding: .6rem .9rem; background: var(--card) }
aside h2 { font-size: .85rem; margin: .3rem 0 .5rem; color: var(--soft); font-weight: 600 }
aside td { padding: 2px .5rem 2px 0; vertical-align: top; overflow-wrap: anywhere } aside td:first-child { color: var(--name) }
aside tr.changed { background: var(--now) } aside s { color: var(--soft) }
footer { grid-column: 1 / 3; padding: .5rem 1.4rem; border-top: 1px solid var(--line); display: flex; gap: 1.5rem;
  align-items: center; color: var(--soft) }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em; background: var(--card); font: 12px ui-monospace, monospace }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere } label { cursor: pointer } #at { min-width: 9rem }
@media (max-width: 60rem) { body { grid-template-columns: 1fr } aside { display: none } header, footer { grid-column: 1 } }`

export const SCRIPT = `
const steps = [...document.querySelectorAll('tr.step')]
const fields = document.querySelector('#fields'), at = document.querySelector('#at')
const brief = document.querySelector('#brief')
const data = JSON.parse(document.querySelector('#data').textContent)
const begin = {}
for (const line of data) if (line.place !== undefined && !(line.place in begin)) begin[line.place] = line.before
const told = new Set(data.filter((line, i) => !steps[i].classList.contains('quiet')).map((line) => line.place))
let now = 0
const visible = (i) => !(brief.checked && steps[i].classList.contains('quiet'))
function show(next) {
  now = Math.max(0, Math.min(steps.length, next))
  steps.forEach((row, i) => { row.classList.toggle('done', i < now); row.classList.toggle('now', i === now - 1) })
  const values = { ...begin }
  let last
  for (let i = 0; i < now; i++) { last = data[i]; if (last.place !== undefined) values[last.place] = last.after }
  fields.replaceChildren(...Object.keys(values).filter((place) => !brief.checked || told.has(place)).sort().map((place) => {
    const row = document.createElement('tr'), name = document.createElement('td'), value = document.createElement('td')
    name.textContent = place
    const changed = last && last.place === place && last.before !== last.after
    if (changed) { const old = document.createElement('s'); old.textContent = last.before; value.append(old, ' → ') }
    value.append(values[place])
    row.className = changed ? 'changed' : ''
    row.append(name, value)
    return row
  }))
  at.textContent = 'step ' + now + ' of ' + steps.length
  // What is violated stands behind the last step.
  const shown = (now === steps.length && document.querySelector('tr.end')) || steps[now - 1]
  if (shown) shown.scrollIntoView({ block: 'nearest' })
  else document.querySelector('main').scrollTop = 0
}
function move(by) {
  let next = now
  do next += by; while (next > 0 && next < steps.length && !visible(next - 1))
  show(next)
}
function turn(by) {
  const cpu = (i) => data[i - 1] && data[i - 1].cpu
  let next = Math.max(1, Math.min(steps.length, now + by))
  while (next > 1 && next < steps.length && cpu(next) === cpu(now)) next += by
  show(next)
}
const keys = { ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowRight: () => turn(1), ArrowLeft: () => turn(-1),
  Home: () => show(0), End: () => show(steps.length) }
addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return
  event.preventDefault()
  keys[event.key]()
})
steps.forEach((row, i) => row.addEventListener('click', () => show(i + 1)))
brief.addEventListener('change', () => { document.body.classList.toggle('brief', brief.checked); brief.blur(); show(now) })
show(steps.length)`
