// What Linux 6.18 answered for bpf_wq, case by case, in the notation of notation.ts.
// Not here: a callback that sleeps (bpf_copy_from_user), and pid and comm of the kernel's worker.
import type { Case } from './notation.js'

const HASHES = ['hash', 'hashnp', 'lru'] as const

export const WQ_CASES: readonly Case[] = [
  { name: 'start without init', steps: 'start(k1,0)=-EINVAL' },
  { name: 'set_callback without init', steps: 'callback(k1,a)=-EINVAL' },
  { name: 'init twice', steps: 'init(k1,0)=0 init(k1,0)=-EBUSY' },
  { name: 'init refuses every flag', steps: 'init(k1,1)=-EINVAL init(k1,2)=-EINVAL init(k1,0x80000000)=-EINVAL' },
  { name: 'bad flags beat -EBUSY', steps: 'init(k1,0)=0 init(k1,1)=-EINVAL' },
  { name: 'start without a callback', steps: 'init(k1,0)=0 start(k1,0)=-EINVAL' },
  { name: 'set_callback refuses flags', steps: 'init(k1,0)=0 callback(k1,a,flags=9)=-EINVAL start(k1,0)=-EINVAL' },
  {
    name: 'start refuses flags',
    steps: 'init(k1,0)=0 callback(k1,a)=0 start(k1,0,flags=1)=-EINVAL wait(10ms) fired=0',
  },
  {
    name: 'started work runs once',
    steps: 'init(k1,0)=0 callback(k1,a)=0 start(k1,0)=0 wait(10ms) fires(k1,a,0,0,0) fired=1 user.timer(k1)=hidden',
  },
  {
    name: 'the callback stays after a run',
    steps: 'init(k1,0)=0 callback(k1,a)=0 start(k1,0)=0 wait(10ms) fired=1 start(k1,0)=0 wait(10ms) fired=2',
  },
  {
    name: 'three quick starts are one run',
    steps: 'init(k1,0)=0 callback(k1,a)=0 start-thrice(k1,0)=0 wait(10ms) fired=1',
  },
  {
    name: 'the last set_callback counts',
    steps: 'init(k1,0)=0 callback(k1,a)=0 callback(k1,b)=0 start(k1,0)=0 wait(10ms) fires(k1,b) fired=1',
  },
  {
    name: 'a callback starts itself again five times',
    steps: 'init(k1,0)=0 callback(k1,a)=0 act(k1,restart,count=5)=0 start(k1,0)=0 wait(20ms) fired=6',
  },
  {
    name: 'update from user side frees work that was never started [H13]',
    steps: 'init(k1,0)=0 callback(k1,a)=0 user.update(k1,any)=0 start(k1,0)=-EINVAL init(k1,0)=0',
  },
  {
    name: 'update by a program frees the work',
    steps: 'init(k1,0)=0 callback(k1,a)=0 update(k1,any)=0 start(k1,0)=-EINVAL callback(k1,a)=-EINVAL init(k1,0)=0',
  },
  {
    name: 'a failed update keeps the work',
    steps: 'init(k1,0)=0 callback(k1,a)=0 user.update(k1,noexist)=-EEXIST start(k1,0)=0 wait(10ms) fired=1',
  },
  {
    name: 'delete from user side in an array',
    kinds: ['arr'],
    steps: 'init(k1,0)=0 callback(k1,a)=0 user.delete(k1)=-EINVAL start(k1,0)=0 wait(10ms) fired=1',
  },
  {
    name: 'delete from user side, then insert',
    kinds: HASHES,
    steps: `init(k1,0)=0 callback(k1,a)=0 user.delete(k1)=0 user.update(k1,any)=0 start(k1,0)=-EINVAL init(k1,0)=0`,
  },
  {
    name: 'work bytes written by the user are ignored and read as zeros [H19]',
    steps: 'user.update-ff(k1,any)=0 user.timer(k1)=hidden init(k1,0)=0 user.timer(k1)=hidden init(k1,0)=-EBUSY',
  },
  {
    name: 'operations after the last user reference',
    steps: `init(k1,0)=0 callback(k1,a)=0 close-map init(k1,0)=-EPERM callback(k1,a)=-EINVAL start(k1,0)=-EINVAL
      wait(10ms) fired=0`,
  },
  {
    name: 'a handle opened again makes init work',
    steps: `close-map init(k1,0)=-EPERM reopen-map user.update(k1,any)=0 init(k1,0)=0 callback(k1,a)=0 start(k1,0)=0
      wait(10ms) fired=1`,
  },
  {
    name: 'a callback deletes its own element, then starts',
    kinds: HASHES,
    steps: `init(k1,0)=0 callback(k1,a)=0 act(k1,delete-self,start)=0 start(k1,0)=0 wait(10ms) fires(k1,a,0,-EINVAL,0)
      fired=1 init(k1,0)=-ENOENT`,
  },
]
