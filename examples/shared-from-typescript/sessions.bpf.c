// SPDX-License-Identifier: Apache-2.0
//
// Sessions of a web service: every request refreshes its user's session, and a session that nobody used for
// session_timeout_ns is gone, whichever thread saw it last. The programs are called from TypeScript with a context.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before load. */
const volatile __u64 session_timeout_ns = 60ULL * 1000 * 1000 * 1000;

struct session {
  __u64 requests;
  __u64 bytes;
  __u32 last_cpu;
  __u32 pad;
  struct bpf_timer timeout;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 10000);
  __type(key, __u64);
  __type(value, struct session);
} sessions SEC(".maps");

/* Sessions that the map's LRU pushed out are counted as opened only; their timers go with them. */
__u64 sessions_opened;
__u64 sessions_ended;

/* The context of both programs: what the service says, and what it gets back. */
struct request {
  __u64 user;
  __u64 bytes;
  __u64 requests; /* out: requests of this session, this one included; 0: no session */
};

static int on_timeout(void *map, __u64 *user, struct session *session)
{
  if (bpf_map_delete_elem(map, user) == 0)
    __sync_fetch_and_add(&sessions_ended, 1);
  return 0;
}

SEC("syscall")
int touch(struct request *request)
{
  __u64 user = request->user;
  struct session *session = bpf_map_lookup_elem(&sessions, &user);
  struct session fresh = {};
  long error;

  if (!session) {
    bpf_map_update_elem(&sessions, &user, &fresh, BPF_NOEXIST);
    session = bpf_map_lookup_elem(&sessions, &user);
    if (!session) {
      request->requests = 0;
      return 1;
    }
    error = bpf_timer_init(&session->timeout, &sessions, CLOCK_MONOTONIC);
    if (error == 0) {
      bpf_timer_set_callback(&session->timeout, on_timeout);
      __sync_fetch_and_add(&sessions_opened, 1);
    } else if (error != -EBUSY) {
      /* A session without a timer would stay for ever. */
      bpf_map_delete_elem(&sessions, &user);
      request->requests = 0;
      return 1;
    }
  }
  __sync_fetch_and_add(&session->bytes, request->bytes);
  session->last_cpu = bpf_get_smp_processor_id();
  request->requests = __sync_fetch_and_add(&session->requests, 1) + 1;
  /* -EINVAL: the thread that initialised the timer is about to bind the callback, and will start it itself. */
  bpf_timer_start(&session->timeout, session_timeout_ns, 0);
  return 0;
}

SEC("syscall")
int logout(struct request *request)
{
  __u64 user = request->user;
  struct session *session = bpf_map_lookup_elem(&sessions, &user);

  request->requests = session ? session->requests : 0;
  if (!session)
    return 1;
  /* Deleting the element takes its timer with it. */
  if (bpf_map_delete_elem(&sessions, &user) == 0)
    __sync_fetch_and_add(&sessions_ended, 1);
  return 0;
}
