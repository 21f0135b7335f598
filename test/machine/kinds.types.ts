// Written by skep types from the object 'kinds'. Do not edit: write it again when the object has changed.

/** The object 'kinds', for load<Kinds>(). */
export interface Kinds {
  programs: 'count' | 'reserve' | 'output' | 'leak' | 'leak_and_fault' | 'place'
  maps: {
    counts: {
      type: 'percpu_hash'
      key: number
      value: bigint[]
    }
    recent: {
      type: 'lru_percpu_hash'
      key: number
      value: bigint[]
    }
    events: {
      type: 'ringbuf'
      key: never
      value: never
      record: Uint8Array
      records: {
        event: Event
      }
    }
    places: {
      type: 'array'
      key: number
      value: number
    }
    '.bss': {
      type: 'array'
      key: number
      value: {
        unused_event: Event
      }
    }
  }
  variables: {
    unused_event: Event
  }
}

/** struct event */
export interface Event {
  cpu: number
  number: number
  text: bigint
}
