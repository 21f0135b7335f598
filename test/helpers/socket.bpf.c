// SPDX-License-Identifier: Apache-2.0
//
// Lookups of sockets: what the host puts into `request` is asked, what the program sees of the socket is left there.
#include "helpers.bpf.h"

struct bpf_sock {
  __u32 bound_dev_if;
  __u32 family;
  __u32 type;
  __u32 protocol;
  __u32 mark;
  __u32 priority;
  __u32 src_ip4;
  __u32 src_ip6[4];
  __u32 src_port;
  __be16 dst_port;
  __u16 : 16;
  __u32 dst_ip4;
  __u32 dst_ip6[4];
  __u32 state;
  __s32 rx_queue_mapping;
};

struct bpf_tcp_sock {
  __u32 words[20];
  __u64 bytes_received;
  __u64 bytes_acked;
  __u32 last_words[4];
};

static struct bpf_sock *(*const bpf_sk_lookup_tcp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                   __u64 flags) = (void *)84;
static struct bpf_sock *(*const bpf_sk_lookup_udp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                   __u64 flags) = (void *)85;
static long (*const bpf_sk_release)(void *sk) = (void *)86;
static struct bpf_sock *(*const bpf_sk_fullsock)(struct bpf_sock *sk) = (void *)95;
static struct bpf_tcp_sock *(*const bpf_tcp_sock)(struct bpf_sock *sk) = (void *)96;
static struct bpf_sock *(*const bpf_get_listener_sock)(struct bpf_sock *sk) = (void *)98;
static struct bpf_sock *(*const bpf_skc_lookup_tcp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                    __u64 flags) = (void *)99;
static long (*const bpf_sk_assign)(void *ctx, void *sk, __u64 flags) = (void *)124;

struct answer {
  __u32 found;
  __u32 family;
  __u32 src_ip4;
  __u32 src_ip6[4];
  __u32 src_port;
  __u32 dst_port;
  __u32 dst_ip4;
  __u32 dst_ip6[4];
  __u32 state;
  __s32 rx_queue_mapping;
  /* Parts of fields. */
  __u32 narrow[6];
  /* Only of whole sockets. */
  __u32 full;
  __u32 bound_dev_if;
  __u32 type;
  __u32 protocol;
  __u32 mark;
  __u32 priority;
  /* tc: what the casts find, and a field. */
  __u32 tcp;
  __u32 listener;
  __u32 listener_port;
  __s32 released;
};

struct request {
  __u8 tuple[64];
  __u64 netns;
  __u64 flags;
  __u32 size;
  /* 0 bpf_sk_lookup_tcp, 1 bpf_sk_lookup_udp, 2 bpf_skc_lookup_tcp. */
  __u32 kind;
  struct answer answer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct request);
} request SEC(".maps");

/* What bpf_tcp_sock shows, where it was asked for; and of assigning sockets. */
__u64 seen[32];

static __always_inline struct request *asked(void)
{
  __u32 zero = 0;

  return bpf_map_lookup_elem(&request, &zero);
}

/* What every socket shows. */
static __always_inline void note(struct answer *answer, struct bpf_sock *sk)
{
  volatile __u8 *bytes = (void *)sk;

  answer->found = 1;
  answer->family = sk->family;
  answer->src_ip4 = sk->src_ip4;
  answer->src_port = sk->src_port;
  answer->dst_port = sk->dst_port;
  answer->dst_ip4 = sk->dst_ip4;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    answer->src_ip6[i] = sk->src_ip6[i];
    answer->dst_ip6[i] = sk->dst_ip6[i];
  }
  answer->state = sk->state;
  answer->rx_queue_mapping = sk->rx_queue_mapping;
  answer->narrow[0] = bytes[4];
  answer->narrow[1] = bytes[27];
  answer->narrow[2] = *(volatile __u16 *)(bytes + 54);
  answer->narrow[3] = bytes[49];
  answer->narrow[4] = *(volatile __u32 *)(bytes + 48);
  answer->narrow[5] = *(volatile __u16 *)(bytes + 44);
}

static __always_inline void note_full(struct answer *answer, struct bpf_sock *sk)
{
  answer->full = 1;
  answer->bound_dev_if = sk->bound_dev_if;
  answer->type = sk->type;
  answer->protocol = sk->protocol;
  answer->mark = sk->mark;
  answer->priority = sk->priority;
}

static __always_inline void note_casts(struct answer *answer, struct bpf_sock *sk)
{
  struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);
  struct bpf_sock *listener = bpf_get_listener_sock(sk);

  answer->tcp = tcp != 0;
  answer->listener = listener != 0;
  if (listener)
    answer->listener_port = listener->src_port;
}

/* One program for each way of asking: the kinds of socket differ in what may be read. */
#define LOOKUPS(NAME, CONTEXT, CASTS)                                                                                  \
  static __always_inline void NAME(CONTEXT *ctx)                                                                       \
  {                                                                                                                    \
    struct request *here = asked();                                                                                    \
    __u8 tuple[64];                                                                                                    \
    struct bpf_sock *sk;                                                                                               \
    __u32 size;                                                                                                        \
                                                                                                                       \
    if (!here)                                                                                                         \
      return;                                                                                                          \
    __builtin_memcpy(tuple, here->tuple, sizeof(tuple));                                                               \
    size = here->size;                                                                                                 \
    if (size == 0 || size > sizeof(tuple))                                                                             \
      return;                                                                                                          \
    if (here->kind == 2) {                                                                                             \
      sk = bpf_skc_lookup_tcp(ctx, tuple, size, here->netns, here->flags);                                             \
      if (!sk)                                                                                                         \
        return;                                                                                                        \
      note(&here->answer, sk);                                                                                         \
      CASTS(here, sk);                                                                                                 \
      here->answer.released = bpf_sk_release(sk);                                                                      \
      return;                                                                                                          \
    }                                                                                                                  \
    if (here->kind == 1)                                                                                               \
      sk = bpf_sk_lookup_udp(ctx, tuple, size, here->netns, here->flags);                                              \
    else                                                                                                               \
      sk = bpf_sk_lookup_tcp(ctx, tuple, size, here->netns, here->flags);                                              \
    if (!sk)                                                                                                           \
      return;                                                                                                          \
    note(&here->answer, sk);                                                                                           \
    note_full(&here->answer, sk);                                                                                      \
    CASTS(here, sk);                                                                                                   \
    here->answer.released = bpf_sk_release(sk);                                                                        \
  }

static __always_inline void casts(struct request *here, struct bpf_sock *sk)
{
  struct bpf_sock *full = bpf_sk_fullsock(sk);

  if (full)
    note_full(&here->answer, full);
  note_casts(&here->answer, sk);
}

static __always_inline void no_casts(struct request *here, struct bpf_sock *sk)
{
}

LOOKUPS(xdp_lookup, struct xdp_md, no_casts)
LOOKUPS(tc_lookup, struct __sk_buff, casts)

SEC("xdp")
int xdp_socket(struct xdp_md *ctx)
{
  xdp_lookup(ctx);
  return XDP_PASS;
}

SEC("tc")
int tc_socket(struct __sk_buff *ctx)
{
  tc_lookup(ctx);
  return 0;
}

SEC("tc")
int tc_fields(struct __sk_buff *ctx)
{
  struct request *here = asked();
  __u8 tuple[12];
  struct bpf_sock *sk;
  struct bpf_tcp_sock *tcp;

  if (!here)
    return 1;
  __builtin_memcpy(tuple, here->tuple, sizeof(tuple));
  sk = bpf_sk_lookup_tcp(ctx, tuple, sizeof(tuple), -1, 0);
  if (!sk)
    return 2;
  tcp = bpf_tcp_sock(sk);
  if (tcp) {
#pragma unroll
    for (int i = 0; i < 20; i++)
      seen[i] = tcp->words[i];
    seen[20] = tcp->bytes_received;
    seen[21] = tcp->bytes_acked;
#pragma unroll
    for (int i = 0; i < 4; i++)
      seen[22 + i] = tcp->last_words[i];
  }
  bpf_sk_release(sk);
  return 0;
}

SEC("tc")
int tc_assign(struct __sk_buff *ctx)
{
  struct request *here = asked();
  __u8 tuple[12];
  struct bpf_sock *sk, *own;

  if (!here)
    return 1;
  __builtin_memcpy(tuple, here->tuple, sizeof(tuple));
  sk = bpf_sk_lookup_tcp(ctx, tuple, sizeof(tuple), -1, 0);
  if (!sk)
    return 2;
  seen[0] = bpf_sk_assign(ctx, sk, 1);
  seen[1] = bpf_sk_assign(ctx, sk, 0);
  bpf_sk_release(sk);
  own = (struct bpf_sock *)(long)ctx->sk;
  if (own)
    seen[2] = own->src_port;
  return 0;
}
