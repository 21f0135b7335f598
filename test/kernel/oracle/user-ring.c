// SPDX-License-Identifier: Apache-2.0
//
// The producer of a user ring buffer, by libbpf: samples that are reserved stay so until they are ended.
#include <errno.h>
#include <string.h>

#include "oracle.h"

#define MOST_RESERVED 64

static struct user_ring_buffer *producer;
static void *reserved[MOST_RESERVED];
static int count;

void forget_producer(void)
{
  user_ring_buffer__free(producer);
  producer = NULL;
  count = 0;
}

/* "result" is how many are reserved now. The bytes count up from `value`. */
void reserve(const char *name, unsigned size, unsigned value)
{
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  unsigned char *sample;

  if (!producer && map)
    producer = user_ring_buffer__new(bpf_map__fd(map), NULL);
  if (!producer || count == MOST_RESERVED) {
    answer(-EINVAL);
    return;
  }
  sample = user_ring_buffer__reserve(producer, size);
  if (!sample) {
    answer(-errno);
    return;
  }
  for (unsigned at = 0; at < size; at++)
    sample[at] = value + at;
  reserved[count++] = sample;
  answer(count);
}

void end_reserved(int which, int submit)
{
  if (which < 0 || which >= count) {
    answer(-EINVAL);
    return;
  }
  if (submit)
    user_ring_buffer__submit(producer, reserved[which]);
  else
    user_ring_buffer__discard(producer, reserved[which]);
  count--;
  memmove(reserved + which, reserved + which + 1, (count - which) * sizeof(*reserved));
  answer(count);
}
