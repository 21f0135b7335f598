// SPDX-License-Identifier: Apache-2.0
//
// stack.c without the ABA problem: the head carries a count of pops beside the node, and both change together.

#include "skep-check.h"

struct node {
  struct node *next;
};

static struct node a, b;
/* Low half: the node. High half: how many pops there were. */
static u64 head;
static struct node *popped[2];

static struct node *node_of(u64 word)
{
  return (struct node *)(u32)word;
}

static void push(struct node *node)
{
  u64 old = READ_ONCE(head);

  do {
    WRITE_ONCE(node->next, node_of(old));
  } while (!try_cmpxchg(&head, &old, (old & ~0xffffffffull) | (u32)node));
}

static struct node *pop(void)
{
  u64 old = READ_ONCE(head), next;

  do {
    if (!node_of(old))
      return NULL;
    next = ((old >> 32) + 1) << 32 | (u32)READ_ONCE(node_of(old)->next);
  } while (!try_cmpxchg(&head, &old, next));
  return node_of(old);
}

SETUP()
{
  push(&b);
  push(&a);
}

ON_CPU(0, pop)
{
  popped[0] = pop();
  return 0;
}

ON_CPU(1, pop_two_and_push_the_first)
{
  struct node *first = pop();

  popped[1] = pop();
  if (first)
    push(first);
  return 0;
}

/* A node is in the stack or in one CPU's hands. */
AT_REST()
{
  BUG_ON(popped[0] && popped[0] == popped[1]);
  for (struct node *node = node_of(head); node; node = node->next)
    BUG_ON(node == popped[0] || node == popped[1]);
}

LOCK_FREE()
