// Written by skep types from the object 'flow-timeout'. Do not edit: write it again when the object has changed.

/** The object 'flow-timeout', for load<FlowTimeout>(). */
export interface FlowTimeout {
  programs: 'on_packet'
  maps: {
    flows: {
      type: 'hash'
      key: FlowKey
      value: Flow
    }
    '.rodata': {
      type: 'array'
      key: number
      value: {
        idle_timeout_ns: bigint
      }
    }
    '.bss': {
      type: 'array'
      key: number
      value: {
        packets_skipped: bigint
        flows_created: bigint
        flows_expired: bigint
        expired_packets: bigint
        expired_bytes: bigint
      }
    }
  }
  variables: {
    idle_timeout_ns: bigint
    packets_skipped: bigint
    flows_created: bigint
    flows_expired: bigint
    expired_packets: bigint
    expired_bytes: bigint
  }
}

/** struct flow_key */
export interface FlowKey {
  saddr: number[]
  daddr: number[]
  sport: number
  dport: number
  protocol: number
}

/** struct flow */
export interface Flow {
  packets: bigint
  bytes: bigint
  first_seen: bigint
  last_seen: bigint
}
