// The fields of a node of the log tree (log.ts). Plain constants.

/** Fields of a node, as offsets into `LogTree.nodes`. */
export const NODE_PARENT = 0
export const NODE_LOW = 1
export const NODE_HIGH = 2
/** Own steps (accesses, without `retry`) so far. */
export const NODE_STEPS = 3
export const NODE_STATUS = 4
/** ACCESS: the door operation with its width. FINISHED: number of the value. BROKEN: number of the message. */
export const NODE_CODE = 5
export const NODE_ADDRESS = 6
export const NODE_A_LOW = 7
export const NODE_A_HIGH = 8
export const NODE_B_LOW = 9
export const NODE_B_HIGH = 10
/** 1 if the access that led here wrote something. */
export const NODE_WROTE = 11
export const NODE_ROOT = 12
export const NODE_SITE = 13
/** The child that was taken last, and lists of children. */
export const NODE_LAST_CHILD = 14
export const NODE_FIRST_CHILD = 15
export const NODE_SIBLING = 16
/** The node that this one is the same as (retry), or 0. */
export const NODE_ALIAS = 17
/** A node reached by a further turn of a retry loop that must go on exactly as this one does. */
export const NODE_SHADOW = 18
/** 1 if the next access needs no scheduling point: it is plain, or reads a clock that nobody moves. */
export const NODE_QUIET = 19
/** 1 for the turns that were cut away: run only to be compared (`NODE_SHADOW`), never part of a state. */
export const NODE_PHANTOM = 20
export const NODE_STRIDE = 21

export const ACCESS = 1
export const FINISHED = 2
export const BROKEN = 3
/** The operation stands at `retry`. */
export const LOOP_HEAD = 4
