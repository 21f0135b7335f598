// A subject of one's own: a lock-free stack that hands its nodes out again at once, so that pop has the ABA problem.
//
//   skep check examples/own-subject/stack.mjs
//
// Here the operations are JavaScript; with `module` in the stage they call the exports of a wasm module
// (docs/own-subjects.md).
const HEAD = 64
const [A, B] = [96, 104]

/** A node's first word is the address of the next one. */
const push = (cpu, node) => {
  for (;;) {
    cpu.retry()
    const head = cpu.load32(HEAD)
    cpu.store32(node, head)
    if (cpu.compareExchange32(HEAD, head, node) === head) return
  }
}

const pop = (cpu) => {
  for (;;) {
    cpu.retry()
    const head = cpu.load32(HEAD)
    if (head === 0) return 0
    const next = cpu.load32(head)
    if (cpu.compareExchange32(HEAD, head, next) === head) return head
  }
}

const names = new Map([
  [0, 'nothing'],
  [HEAD, 'head'],
  [A, 'A'],
  [B, 'B'],
])

export default ({ Stage, subject }) =>
  subject({
    name: 'stack',
    stage: new Stage({ memory: 256, cpus: 2 }),
    setup([cpu]) {
      push(cpu, B)
      push(cpu, A)
    },
    cpus: [
      { operations: [{ name: 'pop', run: pop }] },
      {
        operations: [
          { name: 'pop A', run: pop },
          { name: 'pop B', run: pop },
          { name: 'push A', run: (cpu) => push(cpu, A) },
        ],
      },
    ],
    atRest(view) {
      const held = ['pop', 'pop A', 'pop B'].map((name) => view.result(name))
      for (let node = view.load32(HEAD); node !== 0; node = view.load32(node))
        if (node !== A && held.includes(node)) return `node ${names.get(node)} is in the stack and in a CPU's hands`
      return undefined
    },
    nameOf: (address) => names.get(address) ?? names.get(address & ~7),
    show: (_address, value) => names.get(Number(value)),
  })
