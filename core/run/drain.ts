// Draining the inbox: every control block that somebody asked this CPU about gets one look. Outermost code, in a
// section.
import { look } from '../async/look'
import { cpu } from '../cpu'
import { peek32 } from '../door'
import { CPU_INBOX } from '../layout'
import { bitmapLevels, bitmapTopWords } from '../memory/bitmap'
import { controlBlockAt, inboxPending, inboxTake } from '../queue/inbox'

// Bits are cleared before their words are read, summaries before leaves: what is posted meanwhile is found next time.
function drainWord(level: u32, word: u32): void {
  let bits = inboxTake(level, word)
  while (bits !== 0) {
    const index = (word << 5) | ctz(bits)
    bits &= bits - 1
    if (level === 0) look(controlBlockAt(index))
    else drainWord(level - 1, index)
  }
}

/** Looks at everything in the inbox. */
export function drain(): void {
  if (!inboxPending()) return
  const inbox = <usize>peek32(cpu() + CPU_INBOX)
  const top = bitmapLevels(inbox) - 1
  const words = bitmapTopWords(inbox)
  for (let word: u32 = 0; word < words; word++) drainWord(top, word)
}
