// SPDX-License-Identifier: Apache-2.0
// Closing a session only marks it; the members that belong to it are removed later, in sleepable context, by one work
// item for however many were closed meanwhile.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_map;

struct bpf_wq {
  __u64 __opaque[2];
} __attribute__((aligned(8)));

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (callback)(void *map, int *key, void *value),
                                    unsigned int flags, void *aux) __ksym;

struct session {
  __u32 owner;
  __u32 open;
};

struct member {
  __u32 session;
  __u32 number;
};

struct cleaner {
  struct bpf_wq work;
  __u32 runs;
  __u32 removed;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 128);
  __type(key, __u32);
  __type(value, struct session);
} sessions SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct member);
  __type(value, __u64);
} members SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct cleaner);
} cleaners SEC(".maps");

struct request {
  __u32 session;
  __u32 number;
};

static long remove_orphan(struct bpf_map *map, struct member *key, __u64 *value, __u32 *removed)
{
  struct session *session = bpf_map_lookup_elem(&sessions, &key->session);

  if (!session || !session->open) {
    bpf_map_delete_elem(map, key);
    *removed += 1;
  }
  return 0;
}

static long remove_closed(struct bpf_map *map, __u32 *key, struct session *session, void *unused)
{
  if (!session->open)
    bpf_map_delete_elem(map, key);
  return 0;
}

static int clean(void *map, int *key, void *value)
{
  struct cleaner *cleaner = value;
  __u32 removed = 0;

  bpf_for_each_map_elem(&members, remove_orphan, &removed, 0);
  bpf_for_each_map_elem(&sessions, remove_closed, NULL, 0);
  cleaner->runs++;
  cleaner->removed += removed;
  return 0;
}

SEC("syscall")
int join(struct request *request)
{
  struct session fresh = {.owner = request->number, .open = 1};
  struct member member = {.session = request->session, .number = request->number};
  __u32 id = request->session;
  __u64 now = bpf_ktime_get_ns();

  bpf_map_update_elem(&sessions, &id, &fresh, BPF_NOEXIST);
  return bpf_map_update_elem(&members, &member, &now, BPF_NOEXIST);
}

SEC("syscall")
int leave(struct request *request)
{
  __u32 id = request->session;
  struct session *session = bpf_map_lookup_elem(&sessions, &id);
  struct cleaner *cleaner;
  int zero = 0, error;

  if (!session || !session->open)
    return -1;
  session->open = 0;
  cleaner = bpf_map_lookup_elem(&cleaners, &zero);
  if (!cleaner)
    return -2;
  error = bpf_wq_init(&cleaner->work, &cleaners, 0);
  if (error == 0)
    error = bpf_wq_set_callback_impl(&cleaner->work, clean, 0, NULL);
  else if (error == -16) /* EBUSY: it was initialised before */
    error = 0;
  return error ?: bpf_wq_start(&cleaner->work, 0);
}

char LICENSE[] SEC("license") = "GPL";
