// Map flags by their kernel names.

const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0, 'NO_PREALLOC'],
  [1, 'NO_COMMON_LRU'],
  [2, 'NUMA_NODE'],
  [3, 'RDONLY'],
  [4, 'WRONLY'],
  [5, 'STACK_BUILD_ID'],
  [6, 'ZERO_SEED'],
  [7, 'RDONLY_PROG'],
  [8, 'WRONLY_PROG'],
  [9, 'CLONE'],
  [10, 'MMAPABLE'],
  [11, 'PRESERVE_ELEMS'],
  [12, 'INNER_MAP'],
  [13, 'LINK'],
  [14, 'PATH_FD'],
  [15, 'VTYPE_BTF_OBJ_FD'],
  [16, 'TOKEN_FD'],
  [17, 'SEGV_ON_FAULT'],
  [18, 'NO_USER_CONV'],
]

/** 'BPF_F_NO_PREALLOC' …; a bit without a name as 'bit 30'. */
export function mapFlagNames(flags: number): string[] {
  const names = new Map(FLAGS)
  return Array.from({ length: 32 }, (_, bit) => bit)
    .filter((bit) => (flags >>> bit) & 1)
    .map((bit) => (names.has(bit) ? `BPF_F_${names.get(bit)}` : `bit ${bit}`))
}
