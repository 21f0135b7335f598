// Random programs in C, from a seed: dynptrs, iterators, saved flags and sockets in a program's frame, and functions,
// global functions and callbacks that get their addresses. Some are right by what they are made of, most are wrong.

/** Where the headers are that the programs include. */
export const FRAME_HEADERS = 'test/golden/verifier'

/** Maps, helpers and kfuncs are those of test/golden/verifier; the program's frame, as callbacks see it. */
const HEAD = `
#include "frame.bpf.h"
char LICENSE[] SEC("license") = "GPL";
struct bpf_sock { __u32 bound_dev_if; __u32 family; };
static struct bpf_sock *(*const sk_lookup)(void *, void *, __u32, __u64, __u64) = (void *)84;
static long (*const sk_release)(void *) = (void *)86;
static void (*const discard)(struct bpf_dynptr *, __u64) = (void *)200;
struct box {
  struct bpf_dynptr a, b; struct bpf_iter_num it; unsigned long flags; __u64 word; struct bpf_sock *sk;
  struct __sk_buff *ctx;
};
#define hide(x) asm volatile("" : "+r"(x))
__u64 marks;
static __u64 bytes;
`
const LOCALS = 'long r = 0; __u64 *p = 0; __u32 seen = marks;'
const PARTS = 'struct bpf_dynptr *d, struct bpf_dynptr *e, struct bpf_iter_num *it, unsigned long *f, __u64 *w'
const OF_BOX =
  'struct bpf_dynptr *d = &box->a, *e = &box->b; struct bpf_iter_num *it = &box->it; unsigned long *f = &box->flags; __u64 *w = &box->word;'

/** What a body may use. */
interface Scope {
  readonly functions: readonly string[]
  readonly globals: readonly string[]
  readonly callbacks: readonly string[]
  readonly hasBox: boolean
}

/** `count` programs, named p0 and so on. */
export function frameSource(seed: number, count: number): string {
  let state = seed >>> 0
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!
  // Half of them are mostly right.
  let right = 0

  const operation = ({ functions, globals, callbacks, hasBox }: Scope): string => {
    const d = oneOf(['d', 'd', 'e'])
    const e = d === 'd' ? 'e' : 'd'
    const lists: string[][] = [
      [`r = from_mem(&bytes, 8, 0, ${d});`, `r = reserve(&ring, 8, 0, ${d});`, `bpf_dynptr_clone(${d}, ${e});`],
      [`submit(${d}, 0);`, `discard(${d}, 0);`],
      [`r = bpf_dynptr_size(${d});`, `r = dynptr_write(${d}, 0, w, 8, 0);`, `r = dynptr_read(w, 8, ${d}, 0, 0);`],
      [`p = data_of(${d}, 0, 8);`, 'if (p) sink = *p;', 'if (p) *p = 7;'],
      [
        'bpf_iter_num_new(it, 0, 5);',
        'bpf_iter_num_destroy(it);',
        '{ int *n = bpf_iter_num_next(it); if (n) sink = *n; }',
      ],
      ['bpf_local_irq_save(f);', 'bpf_local_irq_restore(f);'],
      ['*(volatile __u64 *)w = 0;', 'get_current_comm(w, 8);', 'r = *(volatile __u64 *)w;', 'seen = r;', 'sink += 1;'],
      [`*((volatile __u64 *)${d} + 1) = 0;`, `sink = *(volatile __u64 *)${d};`, 'sink += 2;', 'sink += 3;'],
    ]
    if (functions.length > 0)
      for (let more = 0; more < 2; more++)
        lists.push([`r = ${oneOf(functions)}(${d}, ${oneOf(['d', e, e])}, it, f, w);`])
    if (globals.length > 0) lists.push([`r = ${oneOf(globals)}(${d});`])
    if (callbacks.length > 0)
      lists.push([
        `r = bpf_loop(${oneOf(['1', '2', '100', 'seen', '0'])}, ${oneOf(callbacks)}, box, 0);`,
        `r = bpf_for_each_map_elem(&values, ${oneOf(callbacks)}_element, box, 0);`,
        `r = drain(&samples, ${oneOf(callbacks)}_sample, box, 0);`,
      ])
    if (hasBox)
      lists.push([
        '{ __u32 t[3] = {}; box->sk = sk_lookup(box->ctx, t, 12, -1, 0); }',
        'if (box->sk) { struct bpf_sock *s = box->sk; box->sk = 0; sk_release(s); }',
        '{ struct bpf_sock *s = box->sk; if (s) sk_release(s); }',
        'if (box->sk) sink = box->sk->family;',
      ])
    return oneOf(oneOf(lists))
  }

  /** What ends what it begins. */
  const balanced = ({ functions }: Scope): string => {
    const d = oneOf(['d', 'e'])
    let use = oneOf([
      `r = bpf_dynptr_size(${d});`,
      `dynptr_write(${d}, 0, w, 8, 0);`,
      `p = data_of(${d}, 0, 8); if (p) *p = 1;`,
      'sink += 3;',
    ])
    if (functions.length > 0 && below(2) > 0)
      use += ` r = ${oneOf(functions)}(${d}, ${d === 'd' ? 'e' : 'd'}, it, f, w);`
    return oneOf([
      `reserve(&ring, 8, 0, ${d}); ${use} submit(${d}, 0);`,
      `from_mem(&bytes, 8, 0, ${d}); ${use}`,
      'bpf_iter_num_new(it, 0, 3); { int *n; while ((n = bpf_iter_num_next(it))) sink += *n; } bpf_iter_num_destroy(it);',
      'bpf_local_irq_save(f); bpf_local_irq_restore(f);',
    ])
  }

  const condition = (): string =>
    oneOf(['(seen & 1)', 'seen == 3', 'seen > 7', '*(volatile __u64 *)w == 0', 'r', 'r == 0', '(int)r < 0'])

  const block = (scope: Scope, length: number, end: readonly string[], nested = 0): string => {
    let text = ''
    for (let at = 0; at < length; at++) {
      const inner = (): string => block(scope, 1 + below(2), end, nested + 1)
      const kind = below(100)
      if (kind < right) text += ` ${balanced(scope)}`
      else if (kind < right + 12 && nested < 2)
        text += ` if (${condition()}) { ${inner()} }${below(2) > 0 ? ` else { ${inner()} }` : ''}`
      else if (kind < right + 15) text += ` if (${condition()}) return ${oneOf(end)};`
      else if (kind < right + 18 && nested < 2) {
        const i = `i${nested}`
        text += ` for (int ${i} = 0; ${i} < 3; ${i}++) { ${inner()} hide(r); }`
      } else text += ` ${operation(scope)}`
    }
    return text
  }

  const program = (at: number): string => {
    right = below(2) > 0 ? 85 : 30
    const scope = { functions: [] as string[], globals: [] as string[], callbacks: [] as string[], hasBox: false }
    const lines: string[] = []
    const body = (most: number, end: readonly string[]): string => block(scope, 1 + below(most), end)
    if (below(2) > 0) {
      const use = oneOf([
        'r = bpf_dynptr_size(d);',
        'r = dynptr_write(d, 0, w, 8, 0);',
        'r = bpf_dynptr_size(d);',
        'submit(d, 0);',
      ])
      lines.push(
        `GLOBAL int g${at}(struct bpf_dynptr *d) { __u64 one = 1, *w = &one; ${LOCALS} ${use} return r + *w; }`,
      )
      scope.globals.push(`g${at}`)
    }
    for (let more = below(3); more >= 0; more--) {
      const name = `f${at}_${more}`
      const end = ['0', '1', 'r', '(int)r & 3']
      lines.push(`STATIC int ${name}(${PARTS}) { ${LOCALS} ${body(3, end)} hide(p); return ${oneOf(end)}; }`)
      scope.functions.push(name)
    }
    for (let more = below(3); more > 0; more--) {
      const name = `c${at}_${more}`
      lines.push(
        `static int ${name}(__u32 index, struct box *box) { ${OF_BOX} ${LOCALS} ${body(3, ['0'])} hide(p); return ${below(2)}; }`,
        `static int ${name}_element(void *map, void *key, void *value, struct box *box) { return ${name}(0, box); }`,
        `static int ${name}_sample(struct bpf_dynptr *sample, struct box *box) { return ${name}(0, box); }`,
      )
      scope.callbacks.push(name)
    }
    scope.hasBox = true
    lines.push(
      `SEC("tc") int p${at}(struct __sk_buff *ctx) { struct box local = {}, *box = &local; ${OF_BOX} ${LOCALS}`,
      `seen = ctx->mark; box->ctx = ctx; hide(ctx); ${body(4, ['0'])} hide(p); return 0; }`,
    )
    return lines.join('\n')
  }

  return [HEAD, ...Array.from({ length: count }, (_, at) => program(at))].join('\n')
}
