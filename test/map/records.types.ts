// Written by skep types from the object 'records'. Do not edit: write it again when the object has changed.

/** The object 'records', for load<Records>(). */
export interface Records {
  programs: 'put' | 'sample'
  maps: {
    events: {
      type: 'ringbuf'
      key: never
      value: never
      record: Opened
      records: {
        opened: Opened
        closed: Closed
      }
    }
    mixed: {
      type: 'ringbuf'
      key: never
      value: never
      record: Uint8Array
      records: {
        opened: Opened
        closed: Closed
      }
    }
    samples: {
      type: 'perf_event_array'
      key: number
      value: never
      record: Opened
      records: {
        opened: Opened
        closed: Closed
      }
    }
    '.rodata': {
      type: 'array'
      key: number
      value: Record<never, never>
    }
    '.bss': {
      type: 'array'
      key: number
      value: {
        unused: bigint
      }
    }
  }
  variables: {
    unused: bigint
  }
}

/** struct opened */
export interface Opened {
  time: bigint
  address: number
  port: number
  first: boolean
  name: number[]
}

/** struct closed */
export interface Closed {
  time: bigint
}
