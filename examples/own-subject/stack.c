// SPDX-License-Identifier: Apache-2.0
//
// A lock-free stack, wrong on purpose: a node that was popped is pushed again at once, so pop has the ABA problem. The
// repaired twin is stack-repaired.c.
//
//   skep check stack.c

#include "skep-check.h"

struct node {
  struct node *next;
};

static struct node a, b;
static struct node *head;
static struct node *popped[2];

static void push(struct node *node)
{
  struct node *old = READ_ONCE(head);

  do {
    WRITE_ONCE(node->next, old);
  } while (!try_cmpxchg(&head, &old, node));
}

static struct node *pop(void)
{
  struct node *old = READ_ONCE(head);

  do {
    if (!old)
      return NULL;
    /* If the node was popped and pushed again meanwhile, this is not what follows it any more. */
  } while (!try_cmpxchg(&head, &old, READ_ONCE(old->next)));
  return old;
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
  for (struct node *node = head; node; node = node->next)
    BUG_ON(node == popped[0] || node == popped[1]);
}

LOCK_FREE()
