// What the callbacks of the async subjects do, by their place in a program's table range. Pure: how an operation is
// done inside a callback is the machine's (async.ts).

/** Callbacks of each program. */
export const CALLBACKS = 7

/** Kind of operation that binds a callback → its place. */
export const CALLBACK_OF: Record<string, number> = {
  set: 0,
  restart: 1,
  freeself: 2,
  cancelself: 3,
  // Frees its element, then starts its timer, which it has no more [H15].
  startfreed: 4,
  // The timer of the next element; after the last one comes the first [H9, H10].
  cancelnext: 5,
  freenext: 6,
}

/** Operations on the timer of an element; each returns its note. */
export interface Acts {
  start(element: number): string
  free(element: number): string
  cancel(element: number): string
}

/** Does what callback `place` of the timer of element `own` of `elements` does; the notes. */
export function act(place: number, own: number, elements: number, { start, free, cancel }: Acts): string[] {
  const next = (own + 1) % elements
  switch (place) {
    case CALLBACK_OF['restart']:
      return [start(own)]
    case CALLBACK_OF['freeself']:
      return [free(own)]
    case CALLBACK_OF['cancelself']:
      return [cancel(own)]
    case CALLBACK_OF['startfreed']:
      return [free(own), start(own)]
    case CALLBACK_OF['cancelnext']:
      return [cancel(next)]
    case CALLBACK_OF['freenext']:
      return [free(next)]
    default:
      return []
  }
}
