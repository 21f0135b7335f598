// One-line changes of the shipped protocol that the explorer must object to. `edits`: exact text and what takes its place,
// in one file each; `by`: the subject that is expected to object, which is asked first. `survives` says why no subject can
// object (then one that does is an error); such a line may as well be the other way round.
const start = 'core/async/start.ts'
const init = 'core/async/init.ts'
const set = 'core/async/set-callback.ts'
const cancel = 'core/async/cancel.ts'
const teardown = 'core/async/teardown.ts'
const place = 'core/async/place.ts'
const look = 'core/async/look.ts'
const fire = 'core/run/fire.ts'
const ring = 'core/map/ring.ts'
const room = 'core/map/room.ts'
const spare = 'core/map/spare.ts'
const short = 'core/map/short.ts'

const mutant = (name, by, file, ...edits) => ({ name, by, file, edits })

export const mutants = [
  mutant('init does not look again at the user references', 'hazard/H1', init, ['  if (load32(at + MAP_USER_REFERENCES) === 0) {\n    teardown', '  if (false) {\n    teardown']),
  mutant('init publishes over whatever the slot holds', 'hazard/H1/three', init, ['compareExchange32(slot, SLOT_EMPTY, <u32>block)', 'compareExchange32(slot, load32(slot), <u32>block)']),
  mutant('init’s error path frees what the slot holds', 'hazard/H34', init, ['    teardown(block)\n', '    teardown(<usize>load32(slot))\n']),
  mutant('init does not give back a block that lost the race', 'hazard/H1/three', init, ['    controlBlockDiscard(block)\n', '']),
  mutant('set_callback does not drop the binding that it replaced', 'hazard/H5', set, ['      if (old !== 0) program_put(bindingProgram(old))\n', '']),
  mutant('set_callback does not look again at the state', 'hazard/H6', set, ['if (isFreed(now) || generationOf(now) !== generationOf(state))', 'if (false)']),
  mutant('set_callback looks again for a free only, not for a cancel', 'pair/idle-bound/set2/cancel', set, ['if (isFreed(now) || generationOf(now) !== generationOf(state))', 'if (isFreed(now))']),
  mutant('set_callback takes no reference on the program', 'hazard/H35', set, ['  if (!programTryGet(program)) return -ENOENT\n', '']),
  mutant('set_callback that lost to another keeps its reference', 'pair/idle-unbound/set1/set2', set, ['  program_put(program)\n  return isFreed(load64(', '  return isFreed(load64(']),
  mutant('set_callback takes its binding back without comparing', 'hazard/H6/two-setters', set, ['if (compareExchange64(binding, mine, 0) === mine) program_put(program)', 'if (compareExchange64(binding, load64(binding), 0) !== 0) program_put(program)']),
  mutant('set_callback reads the state before the binding', 'hazard/H18/late', set, ['    const old = load64(binding)\n    const state = load64(<usize>block + CB_STATE)\n', '    const state = load64(<usize>block + CB_STATE)\n    const old = load64(binding)\n']),
  mutant('bpf_get_stackid in an NMI takes the place of the key of the one that it interrupted', 'stack/reused+nmi', 'core/helper/key-cell.ts', [' + (min<u32>(peek32(cpu() + CPU_NESTED), CELLS - 1) << 3)', '']),
  mutant('start does not see to a queue entry', 'pair/idle-bound/set2/now', start, ['      if (deadline !== NEVER) ensureQueued(block, deadline, pinned)\n', '']),
  mutant('start takes any entry for early enough', 'pair/later-on-cpu-0/now/async', start, ['queuedDeadline(queued) <= deadline && ', '']),
  mutant('start takes an entry on any CPU for pinned', 'pair/due-on-cpu-0/set2/pin', start, [' && (!pinned || owner === me)', '']),
  mutant('start in NMI places the entry itself', 'hazard/H21+nmi', start, ['  if (nested()) post(block, me)\n  else place', '  place']),
  mutant('start arms without a callback', 'pair/idle-unbound/now/cancel', start, ['    if (!isBound(load64(block + CB_BINDING), state)) return -EINVAL\n', '']),
  mutant('start does not ask the CPU that holds the entry', 'pair/later-on-cpu-0/set2/now', start, ['      post(block, owner)\n', '']),
  mutant('start tries once only', 'pair/due-on-cpu-0/poll/later', start, ['const ROUNDS = 5', 'const ROUNDS = 1']),
  mutant('start does not look again at the binding', 'hazard/H38/wrap', start, ['      if (!isBound(load64(block + CB_BINDING), mine)) {', '      if (false) {']),
  mutant('cancel keeps the generation', 'hazard/H38', cancel, ['bound ? generation + 1 : generation', 'generation']),
  mutant('cancel does not take the binding out', 'pair/idle-bound/cancel/async', cancel, ['    if (bound) {\n', '    if (false) {\n']),
  mutant('cancel drops a binding that somebody else took', 'hazard/H5', cancel, ['compareExchange64(block + CB_BINDING, old, 0) === old) program_put', 'compareExchange64(block + CB_BINDING, old, 0) !== 1) program_put']),
  mutant('cancel does not wait', 'hazard/H27/silence', cancel, ['    if (run !== 0) waitForRun_sync(block, run)\n', '']),
  mutant('cancel_async is a load and a store', 'pair/idle-bound/now/async', cancel, ['const before = and64(<usize>block + CB_STATE, WITHOUT_DEADLINE)', 'const before = load64(<usize>block + CB_STATE)\n  compareExchange64(<usize>block + CB_STATE, load64(<usize>block + CB_STATE), before & WITHOUT_DEADLINE)']),
  mutant('free shows the slot empty before FREED is set', 'hazard/H32/seen-empty', teardown, ['  const state = or64(block + CB_STATE, FREED)\n  const first = !isFreed(state)\n  slotRelease(slotOfBlock(block), block)\n', '  slotRelease(slotOfBlock(block), block)\n  const state = or64(block + CB_STATE, FREED)\n  const first = !isFreed(state)\n']),
  mutant('free by everybody, not only by the one who set FREED', 'pair/idle-bound/free/drop', teardown, ['  if (!first) return false\n', '']),
  mutant('free leaves the binding in its word', 'hazard/H6', teardown, ['exchange64(block + CB_BINDING, 0)', 'load64(block + CB_BINDING)']),
  mutant('free does not ask for the entry', 'pair/due-on-cpu-1/free/free', teardown, ['    else post(block, queuedOwner(queued))\n', '']),
  mutant('free in NMI takes the entry out itself', 'hazard/H21/free+nmi', teardown, [' && !nested()', '']),
  mutant('free does not drop the slot’s reference', 'hazard/H6', teardown, ['  controlBlockPut(block)\n', '']),
  mutant('a claim does not look for FREED', 'hazard/H11', place, ['    if (isFreed(load64(block + CB_STATE))) unplace(block)\n', '']),
  mutant('a claim takes no reference', 'hazard/H11', place, ['  if (!controlBlockTryGet(block)) return\n', '']),
  mutant('an entry that was given up keeps its reference', 'hazard/H11', place, ['  store64(block + CB_QUEUED, 0)\n  controlBlockPut(block)\n', '  store64(block + CB_QUEUED, 0)\n']),
  mutant('a claim that lost does not ask the winner', 'pair/idle-bound/now/later', place, ['  if (queuedOwner(before) !== me) post(block, queuedOwner(before))\n  else if', '  if (queuedOwner(before) === me && true) if']),
  mutant('a look leaves a freed block in the queue', 'hazard/H4/look', look, ['    if (mine) unplace(block)\n', '']),
  mutant('a look does not move an entry that is too late', 'pair/later-on-cpu-0/poll/now', look, ['    } else if (deadline < queuedDeadline(queued)) place(block, deadline)\n', '    }\n']),
  mutant('a look does not pass on what is pinned elsewhere', 'pair/pinned-to-cpu-1-queued-on-cpu-0/poll/poll', look, ['      post(block, target)\n      controlBlockPut(block)\n', '      controlBlockPut(block)\n']),
  { ...mutant('a look reads the state before the entry', '', look, ['  const queued = load64(block + CB_QUEUED)\n  const state = load64(block + CB_STATE)\n', '  const state = load64(block + CB_STATE)\n  const queued = load64(block + CB_QUEUED)\n']), survives: 'both words are read after the bit was taken: whoever changes one of them afterwards asks again' },
  mutant('a firing clears the entry after it has read the state', 'pair/disarmed-with-an-entry-on-cpu-0/poll/later', fire, ['  store64(block + CB_QUEUED, 0)\n  poke32(area + CPU_FIRING, FIRING_CLEARED)', '  poke32(area + CPU_FIRING, FIRING_CLEARED)'], ['  const state = load64(block + CB_STATE)\n  if (isFreed(state) || !isArmed(state)) return LEFT', '  const state = load64(block + CB_STATE)\n  store64(block + CB_QUEUED, 0)\n  if (isFreed(state) || !isArmed(state)) return LEFT']),
  mutant('a firing does not mind a run that goes on', 'hazard/H30/two', fire, ['  if (runOf(state) !== 0) return LEFT\n', '']),
  mutant('a firing does not compare the state', 'pair/due-on-cpu-0/poll/async', fire, ['  if (compareExchange64(block + CB_STATE, state, mine) !== state) return AGAIN\n', '  compareExchange64(block + CB_STATE, load64(block + CB_STATE), mine)\n']),
  mutant('a firing does not mind the generation of the binding', 'hazard/H32/wrap', fire, ['  if (!isBound(binding, state)) return AGAIN\n', '']),
  mutant('a firing does not mind the target', 'pair/due-on-cpu-0/poll/pin', fire, ['  if (target !== ANY_CPU && target !== me) {', '  if (false) {']),
  mutant('a firing does not place again what is armed for later', 'pair/entry-earlier-than-the-deadline/poll/set2', fire, ['    place(block, deadline)\n    return LEFT', '    return LEFT']),
  mutant('the end of a run asks for no look', 'hazard/H30/two', fire, ['    if (queued === 0) post(block, target === ANY_CPU ? cpuIndex() : target)\n    else if', '    if (queued === 0) post(block, me()) \n    else if'.replace('post(block, me()) ', '{}')]),
  mutant('the end of a run does not mind an entry that is too late', 'hazard/H30/two', fire, ['    else if (deadlineOf(state) < queuedDeadline(queued) || (target !== ANY_CPU && target !== queuedOwner(queued)))\n      post(block, queuedOwner(queued))\n', '']),
  mutant('a firing keeps the entry’s reference', 'pair/due-on-cpu-0/poll/free', fire, ['  note32(cpu() + CPU_CURRENT, 0)\n  controlBlockPut(block)\n', '  note32(cpu() + CPU_CURRENT, 0)\n']),
  mutant('a last put does not mark the count dead', 'hazard/H6', 'core/memory/references.ts', [' && compareExchange32(count, 0, REFERENCES_DEAD) === 0', '']),
  mutant('a reference is taken on a dead object', 'hazard/H35', 'core/memory/references.ts', ['  if ((add32(count, 1) & REFERENCES_DEAD) === 0) return true\n', '  add32(count, 1)\n  if (true) return true\n']),
  mutant('a grace period waits for nobody', 'hazard/H7/set', 'core/memory/section.ts', ['    if (section !== 0 && section < tag) return false\n', '']),
  mutant('a grace period’s tag is one too low', 'hazard/H7/set', 'core/memory/section.ts', ['return add64(HEADER + HEADER_GRACE_PERIOD, 1) + 1', 'return add64(HEADER + HEADER_GRACE_PERIOD, 1)']),
  mutant('a section is not announced', 'hazard/H7/set', 'core/memory/section.ts', ['  announce(load64(HEADER + HEADER_GRACE_PERIOD))\n', '']),
  mutant('a reservation of a ring is a load and a store', 'ring/put/put', ring, ['if (compareExchange64(map + MAP_RING_LAST, last, mine) === last) return', 'if (load64(map + MAP_RING_LAST) !== last) continue\n    compareExchange64(map + MAP_RING_LAST, load64(map + MAP_RING_LAST), mine)\n    if (true) return']),
  mutant('a reservation does not write the header in front of it', 'ring/put/put+stop', ring, ['    publish(map, last)\n', '']),
  mutant('a record without header is none when it ends', 'ring/put/put', ring, ['      word = last\n', '']),
  mutant('the end of a reservation reads the header before the last record', 'ring/put/put', ring, ['    const last = load64(map + MAP_RING_LAST)\n    const seen = load64(header)\n    let word', '    const seen = load64(header)\n    const last = load64(map + MAP_RING_LAST)\n    let word']),
  mutant('the end of a reservation tries once', 'perf/wrap/put/take', ring, ['    if (compareExchange64(header, seen, withOwner(word, owner)) === seen) return word\n', '    return compareExchange64(header, seen, withOwner(word, owner)) === seen ? word : 0\n']),
  mutant('a header is written by one attempt', 'perf/wrap/put/take+nmi', ring, ['    if (compareExchange64(header, seen, word) === seen) return\n', '    compareExchange64(header, seen, word)\n    return\n']),
  mutant('a ring is full though its last record has changed', 'ring/put/put', ring, ['      if (load64(map + MAP_RING_LAST) !== last) continue\n', '']),
  mutant('a ring is used to its last byte', 'perf/wrap/put/take', ring, ['    if (held + units > most) {', '    if (held + units > most + 5) {']),
  mutant('a consumer gets a record that is still reserved', 'ring/put/put', ring, ['    if (startOf(word) !== position || ownerOf(word) < RECORD_COMMITTED) {', '    if (startOf(word) !== position) {'], ['    } else if (ownerOf(word) === RECORD_COMMITTED) {', '    } else if (ownerOf(word) <= RECORD_COMMITTED) {']),
  { ...mutant('a consumer does not vacate the place of a record', '', ring, ['  compareExchange64(headerOf(map, start), word, vacantWord(start))\n', '']), survives: 'a word of an earlier lap has another position; it could be taken for a record only when positions come again, after 16 GiB' },
  mutant('nested code counts what it has open in rings as others do', 'ring/run/submit+nmi', 'core/map/open-records.ts', ['  if (peek32(area + CPU_NESTED) !== 0) note32(area + CPU_RESERVED_NESTED, 1)\n  else note32(', '  note32(']),
  mutant('what a CPU has open is forgotten after it was discarded', 'ring/run/leave+nmi', ring, ['  forgetOpen(index)\n', ''], ['compareExchange32(map + MAP_RING_DRAINER, index + 1, 0)\n  }\n', 'compareExchange32(map + MAP_RING_DRAINER, index + 1, 0)\n  }\n  forgetOpen(index)\n']),
  mutant('what a run has left open is discarded before its section ends', 'ring/run/submit+nmi', 'core/run/program-run.ts', ['  sectionExit(outermost)\n  if (outermost) settleReservations()\n', '  if (outermost) settleReservations()\n  sectionExit(outermost)\n']),
  mutant('the turn between runs discards nothing', 'ring/run/poll+nmi', 'core/run/poll.ts', ['  settleReservations()\n  reclaim()', '  reclaim()']),
  mutant('after a fault what is open is discarded before the section ends', 'ring/run/fault+nmi', 'core/run/unwind.ts', ['  store64(area + CPU_SECTION, 0)\n  settleReservations()\n', '  settleReservations()\n  store64(area + CPU_SECTION, 0)\n']),
  mutant('an insertion looks for room at home and at the map only', 'map/spare/1-holding-none-rooms-at-1/update-1/look-up-1', room, ['peek32(map + MAP_ROOMS_KEPT) ? reserveElsewhere(map, handed) : NO_ROOM', 'NO_ROOM']),
  mutant('an insertion looks once at every word for room', 'map/room-that-moves', room, ['  if (load64(map + MAP_COUNT) !== handed) return CHANGED\n', ''], ['return seen ? CHANGED : NO_ROOM', 'return NO_ROOM']),
  mutant('nested code takes the spare element', 'map/spare/2-holding-1-rooms-at-0/update-2/update-2+nmi', spare, ['return peek32(cpu() + CPU_MAP_OPERATIONS) === 1', 'return true']),
  mutant('a spare element takes the place of another', 'map/spare/2-holding-1-rooms-at-1/look-up-1/delete-1', spare, ['  if (isOutermost() && !peek32(share + SHARE_SPARE)) {', '  if (isOutermost()) {']),
  mutant('a spare element stays where it was taken', 'map/spare/2-holding-1-2-rooms-at-0/update-1/look-up-1+nmi', spare, ['  poke32(share + SHARE_SPARE, 0)\n  return spare - 1\n', '  return spare - 1\n']),
  mutant('a short update in an NMI takes the spare element', 'map/short/a-hash/2-holding-1-2-rooms-at-0/update-1/update-1+nmi', short, ['  if (peek32(operations) !== 0) return false\n  // From', '  // From']),
  mutant('a short update leaves what it replaced in the bucket', 'map/short/a-hash/2-holding-2-rooms-at-0/update-1/update-2', short, ['    if (!linked) act(map, SWEEP, order, 0, 0, 0)\n', '']),
  mutant('a short update keeps the spare element that it put in', 'map/short/a-hash/2-holding-1-rooms-at-0/look-up-1/update-1', short, ['  poke32(share + SHARE_SPARE, 0)\n  const mine', '  const mine']),
  mutant('a short insertion takes no room', 'map/short/a-hash/2-holding-1-rooms-at-0/update-1/delete-1', short, [' || reserveOwn(share) !== RESERVED', '']),
  mutant('a short deletion leaves what it deleted in the bucket', 'map/short/a-hash/2-holding-2-rooms-at-0/update-1/delete-2', short, ['  if (compareExchange64(link, word, linkAfter(word, 0, successor)) !== word) act(map, SWEEP, order, 0, 0, 0)\n', '  compareExchange64(link, word, linkAfter(word, 0, successor))\n']),
  mutant('a short update does not look at its bucket again', 'map/short/reuse/2/update-1/update-1/update-1', short, ['  if (load64(link) !== word || its & RECORD_MARK || place < order) return false', '  if (its & RECORD_MARK || place < order) return false']),
] // prettier-ignore
