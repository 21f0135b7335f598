// What Linux 6.18 answered for bpf_timer, case by case: the behaviour that skep has to have, and that any kernel of the
// machine can be asked again. The notation is described in notation.ts. Every case starts from a freshly loaded object.
import type { Case } from './notation.js'

const HASHES = ['hash', 'hashnp', 'lru'] as const

/** 24 elements into a map of four, each armed: what is evicted never fires. */
const evictions = Array.from(
  { length: 24 },
  (_, i) => `user.update(k${i + 1},any)=0 init(k${i + 1},1)=0 callback(k${i + 1},a)=0 start(k${i + 1},200ms)=0`,
).join(' ')

export const TIMER_CASES: readonly Case[] = [
  { name: 'an absent key is -ENOENT', kinds: ['arr', ...HASHES], steps: 'callback(k77,a)=-ENOENT' },

  // Before and around init.
  { name: 'start without init', steps: 'start(k1,1ms)=-EINVAL' },
  { name: 'set_callback without init', steps: 'callback(k1,a)=-EINVAL' },
  { name: 'cancel without init', steps: 'cancel(k1)=-EINVAL' },
  { name: 'start with bad flags without init', steps: 'start(k1,1ms,flags=4)=-EINVAL' },
  { name: 'init twice, any clock', steps: 'init(k1,1)=0 init(k1,1)=-EBUSY init(k1,7)=-EBUSY' },
  {
    name: 'init accepts three clocks and no other flag bit, and says -EINVAL before -EBUSY',
    steps: `init(k1,0)=0 init(k1,2)=-EINVAL init(k1,3)=-EINVAL init(k1,4)=-EINVAL init(k1,5)=-EINVAL init(k1,6)=-EINVAL
      init(k1,8)=-EINVAL init(k1,9)=-EINVAL init(k1,10)=-EINVAL init(k1,11)=-EINVAL init(k1,12)=-EINVAL
      init(k1,15)=-EINVAL init(k1,16)=-EINVAL init(k1,17)=-EINVAL init(k1,0x100000001)=-EINVAL`,
  },
  { name: 'init TAI on a fresh slot', steps: 'init(k1,11)=-EINVAL init(k1,1)=0' },
  { name: 'init BOOTTIME on a fresh slot', steps: 'init(k1,7)=0' },
  { name: 'init THREAD_CPUTIME on a fresh slot', steps: 'init(k1,3)=-EINVAL' },
  { name: 'init with bit 32 on a fresh slot', steps: 'init(k1,0x100000001)=-EINVAL init(k1,0x100000000)=-EINVAL' },
  { name: 'bad flags beat -EBUSY', steps: 'init(k1,1)=0 init(k1,16)=-EINVAL' },
  { name: 'start without a callback', steps: 'init(k1,1)=0 start(k1,1ms)=-EINVAL' },
  { name: 'cancel of an idle timer', steps: 'init(k1,1)=0 cancel(k1)=0' },

  // Flags of start.
  {
    name: 'start refuses unknown flags',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,1ms,flags=4)=-EINVAL start(k1,1ms,flags=8)=-EINVAL
      start(k1,1ms,flags=0x80000000)=-EINVAL start(k1,1ms,flags=0x100000000)=-EINVAL wait(10ms) fired=0`,
  },
  {
    name: 'start accepts ABS and CPU_PIN, alone and together',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,9s)=0 start(k1,9s,abs,now)=0 start(k1,9s,pin)=0
      start(k1,9s,abs,pin,now)=0 cancel(k1)=1`,
  },

  // Cancel.
  {
    name: 'cancel of an armed timer is 1, then 0',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,9s)=0 cancel(k1)=1 cancel(k1)=0 fired=0',
  },
  {
    name: 'cancel drops the callback',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,9s)=0 cancel(k1)=1 start(k1,1ms)=-EINVAL callback(k1,a)=0
      start(k1,1ms)=0 wait(10ms) fires(k1,a)`,
  },
  {
    name: 'cancel of an idle timer drops the callback too',
    steps: 'init(k1,1)=0 callback(k1,a)=0 cancel(k1)=0 start(k1,1ms)=-EINVAL',
  },

  // Expiry.
  {
    name: 'a relative timer fires once and not early',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,1ms)=0 wait(10ms) fires(k1,a) cancel(k1)=0 fired=1',
  },
  {
    name: 'the callback stays after a firing',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,1ms)=0 wait(10ms) fired=1 start(k1,1ms)=0 wait(10ms) fired=2',
  },
  { name: 'relative 0 fires', steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,0)=0 wait(10ms) fires(k1,a) fired=1' },
  {
    name: 'absolute on MONOTONIC',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,1ms,abs,now)=0 wait(10ms) fires(k1,a) fired=1',
  },
  {
    name: 'absolute on BOOTTIME',
    steps: 'init(k1,7)=0 callback(k1,a)=0 start(k1,1ms,abs,boot)=0 wait(10ms) fires(k1,a) fired=1',
  },
  {
    name: 'absolute in the past fires at once',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,1ns,abs)=0 wait(10ms) fires(k1,a) fired=1',
  },
  {
    name: 'absolute 0 fires at once',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,0,abs)=0 wait(10ms) fires(k1,a) fired=1',
  },
  ...['0xffffffffffffffff', '0x7fffffffffffffff', '0x8000000000000000'].map((nsecs) => ({
    name: `never fires and is armed: ${nsecs}`,
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,${nsecs})=0 wait(10ms) fired=0 cancel(k1)=1`,
  })),
  {
    name: 'never fires and is armed: absolute 0xffffffffffffffff',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,0xffffffffffffffff,abs)=0 wait(10ms) fired=0 cancel(k1)=1',
    kernel: {
      steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,0xffffffffffffffff,abs)=0 wait(10ms) fired=0|1 cancel(k1)=0|1',
      why: 'there it waits as for ever, but goes along when another soft timer expires on that CPU',
    },
  },
  {
    name: 'start moves the expiry of an armed timer earlier',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,9s)=0 start(k1,1ms)=0 wait(10ms) fires(k1,a) fired=1 cancel(k1)=0',
  },
  {
    name: 'start moves the expiry of an armed timer later',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,300ms)=0 start(k1,9s)=0 wait(400ms) fired=0 cancel(k1)=1',
  },
  {
    name: 'set_callback on an armed timer counts for the pending firing',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 callback(k1,b)=0 wait(250ms) fires(k1,b) fired=1`,
  },
  {
    name: 'a pinned timer fires on the CPU that armed it',
    steps: `init(k1,1)=0 callback(k1,a)=0 on-cpu(1) start(k1,1ms,pin)=0 on-cpu(0) wait(10ms) fires(k1,a,cpu=1)
      on-cpu(0) start(k1,1ms,pin)=0 wait(10ms) fires(k1,a,cpu=0)`,
  },

  // From callbacks.
  {
    name: 'a callback re-arms itself five times',
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,restart,count=5,1ms)=0 start(k1,1ms)=0 wait(30ms) fired=6
      ${'fires(k1,a,0,0,0) '.repeat(6)} cancel(k1)=0`,
  },
  {
    name: 'a callback re-arms itself at 0 ns fourteen times',
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,restart,count=14,0ns)=0 start(k1,0)=0 wait(30ms) fired=15
      cancel(k1)=0`,
  },
  {
    name: 'a callback that cancels itself gets -EDEADLK and keeps its callback [H9]',
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,cancel-self)=0 start(k1,1ms)=0 wait(10ms) fires(k1,a,-EDEADLK,0,0)
      start(k1,1ms)=0 wait(10ms) fired=2`,
  },
  {
    name: 'a callback cancels another armed timer, twice',
    keys: [1, 2],
    steps: `init(k1,1)=0 init(k2,1)=0 callback(k1,a)=0 callback(k2,a)=0 act(k1,cancel-other-twice,k2)=0 start(k2,9s)=0
      start(k1,1ms)=0 wait(10ms) fires(k1,a,1,0,0) cancel(k2)=0 start(k2,1ms)=-EINVAL`,
  },
  {
    name: 'a callback starts another timer',
    keys: [1, 2],
    steps: `init(k1,1)=0 init(k2,1)=0 callback(k1,a)=0 callback(k2,b)=0 act(k1,start-other,k2,1ms)=0 start(k1,1ms)=0
      wait(10ms) fires(k1,a,0,0,0) fires(k2,b,0,0,0) fired=2`,
  },
  {
    name: 'a callback updates its own element, which tears its timer down',
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,update-self,start)=0 start(k1,1ms)=0 wait(10ms) fires(k1,a,0,-EINVAL,0)
      get(k1)=100 start(k1,1ms)=-EINVAL init(k1,1)=0`,
  },
  {
    name: 'a callback deletes its own element, then starts and cancels [H10, H15]',
    kinds: HASHES,
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,delete-self,start,cancel)=0 start(k1,1ms)=0 wait(10ms)
      fires(k1,a,0,-EINVAL,-EINVAL) get(k1)=-ENOENT fired=1`,
  },
  {
    name: 'a callback deletes its own element, then cancels',
    kinds: HASHES,
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,delete-self,cancel)=0 start(k1,1ms)=0 wait(10ms)
      fires(k1,a,0,-EINVAL) get(k1)=-ENOENT fired=1`,
  },
  {
    name: 'a callback cannot delete its element of an array',
    kinds: ['arr'],
    steps: `init(k1,1)=0 callback(k1,a)=0 act(k1,delete-self,start,cancel,1ms)=0 start(k1,1ms)=0 wait(10ms)
      fires(k1,a,-EINVAL,0,-EDEADLK)`,
  },
  {
    name: 'a callback deletes another armed element, then starts its timer',
    kinds: HASHES,
    keys: [1, 2],
    steps: `init(k1,1)=0 init(k2,1)=0 callback(k1,a)=0 callback(k2,b)=0 act(k1,delete-other,start,k2,1ms)=0
      start(k2,9s)=0 start(k1,1ms)=0 wait(10ms) fires(k1,a,0,-EINVAL,0) fired=1`,
  },

  // The element goes away or is written over.
  {
    name: 'update by a program tears the timer down [H19]',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 update(k1,any)=0 wait(250ms) fired=0 start(k1,1ms)=-EINVAL
      cancel(k1)=-EINVAL callback(k1,a)=-EINVAL init(k1,1)=0`,
  },
  {
    name: 'a failed update leaves the timer armed',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 update(k1,noexist)=-EEXIST wait(250ms) fires(k1,a) fired=1',
  },
  {
    name: 'a failed update from user side leaves the timer armed',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.update(k1,noexist)=-EEXIST wait(250ms) fired=1',
  },
  {
    name: 'update BPF_EXIST from user side tears the timer down',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.update(k1,exist)=0 wait(250ms) fired=0 init(k1,1)=0',
  },
  {
    name: 'update from user side tears the timer down',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.update(k1,any)=0 wait(250ms) fired=0
      start(k1,1ms)=-EINVAL init(k1,1)=0`,
  },
  {
    name: 'update BPF_F_LOCK without a lock in the value',
    needs: 'lock-flag',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.update(k1,lock)=-EINVAL wait(250ms) fired=1',
  },
  {
    name: 'timer bytes written by the user are ignored and read as zeros [H19]',
    steps: 'user.update-ff(k1,any)=0 user.timer(k1)=hidden init(k1,1)=0 user.timer(k1)=hidden init(k1,1)=-EBUSY',
  },
  {
    name: 'reads hide the timer',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,9s)=0 user.timer(k1)=hidden cancel(k1)=1',
  },
  {
    name: 'delete by a program',
    kinds: HASHES,
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 delete(k1)=0 wait(250ms) fired=0',
  },
  {
    name: 'delete by a program in an array',
    kinds: ['arr'],
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 delete(k1)=-EINVAL wait(250ms) fires(k1,a) fired=1',
  },
  {
    name: 'delete from user side',
    kinds: HASHES,
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.delete(k1)=0 wait(250ms) fired=0',
  },
  {
    name: 'delete from user side in an array',
    kinds: ['arr'],
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.delete(k1)=-EINVAL wait(250ms) fires(k1,a) fired=1',
  },
  {
    name: 'lookup-and-delete from user side',
    needs: 'lookup-and-delete',
    kinds: HASHES,
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 user.take(k1)=0 wait(250ms) fired=0 get(k1)=-ENOENT',
  },
  {
    name: 'a deleted and inserted element has no timer',
    kinds: HASHES,
    steps: 'init(k1,1)=0 callback(k1,a)=0 delete(k1)=0 user.update(k1,any)=0 start(k1,1ms)=-EINVAL init(k1,1)=0',
  },
  {
    name: 'timers of evicted elements never fire',
    kinds: ['lru'],
    keys: [],
    steps: `${evictions} wait(300ms) fired=4`,
  },

  // User references.
  {
    name: 'the last user reference takes the timers with it',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 close-map wait(250ms) fired=0',
  },
  {
    name: 'operations after the last user reference',
    steps: `init(k1,1)=0 callback(k1,a)=0 close-map init(k1,1)=-EPERM callback(k1,a)=-EINVAL start(k1,1ms)=-EINVAL
      cancel(k1)=-EINVAL`,
  },
  { name: 'bad flags beat -EPERM', steps: 'close-map init(k1,16)=-EINVAL init(k1,1)=-EPERM' },
  {
    name: 'a handle opened again makes init work',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,9s)=0 close-map init(k1,1)=-EPERM reopen-map init(k1,1)=0
      callback(k1,a)=0 start(k1,1ms)=0 wait(10ms) fired=1`,
  },
  {
    name: 'a pin is a user reference',
    needs: 'pins',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 pin-map close-map wait(250ms) fires(k1,a) fired=1
      init(k1,1)=-EBUSY`,
  },
  {
    name: 'the last pin takes the timers with it',
    needs: 'pins',
    steps: `init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 pin-map close-map unpin-map wait(250ms) fired=0
      init(k1,1)=-EPERM start(k1,1ms)=-EINVAL`,
  },
  {
    name: 'an armed timer keeps its program after every program handle is closed',
    steps: 'init(k1,1)=0 callback(k1,a)=0 start(k1,200ms)=0 close-programs wait(250ms) fires(k1,a) fired=1',
  },
]
