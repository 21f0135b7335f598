// Steps of which each is to be done whatever another one throws: telling listeners, closing what an object has. For all
// of src/machine.

/** Does all of them, in order; then throws the first thing that one has thrown. */
export function doAll(steps: Iterable<() => void>): void {
  const thrown: unknown[] = []
  for (const step of steps)
    try {
      step()
    } catch (error) {
      thrown.push(error)
    }
  if (thrown.length > 0) throw thrown[0]
}
