// SPDX-License-Identifier: Apache-2.0
//
// Linked into every C file that `skep check` compiles. The explorer puts a call of one of these functions in the place of
// each instruction of the file that touches memory (src/explore/c/instrument.ts); these make the access through the hook,
// unless it is to the CPU's own stack. The functions themselves are left as they are.

#include <stdint.h>

#define HOOK(name) __attribute__((import_module("hook"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name), noinline))
/* Whatever is not exported must vanish: only exported functions are left as they are. */
#define INLINE static inline __attribute__((always_inline))

HOOK("access32") uint32_t hook_access32(uint32_t code, uint32_t address, uint32_t a, uint32_t b);
HOOK("access64")
uint32_t hook_access64(uint32_t code, uint32_t address, uint32_t a, uint32_t a_high, uint32_t b, uint32_t b_high);
HOOK("high") uint32_t hook_high(void);
__attribute__((import_module("check"), import_name("null"), noreturn)) void check_null(uint32_t address);

/* Addresses below are NULL and what is near it; the stack lies between the two (compile.ts tells the linker so). */
#define STACK_BEGINS 1024
#define STACK_ENDS 16384

enum { LOAD = 1, STORE, EXCHANGE, COMPARE_EXCHANGE, ADD, OR, AND, PEEK, POKE, FILL = 12, COPY, XOR = 19, SUBTRACT = 99 };

INLINE int is_stack(uint32_t address) {
  if (address < STACK_BEGINS) check_null(address);
  return address < STACK_ENDS;
}

INLINE uint64_t load_own(uint32_t address, uint32_t width) {
  switch (width) {
  case 1: return *(uint8_t *)address;
  case 2: return *(uint16_t *)address;
  case 4: return *(uint32_t *)address;
  default: return *(uint64_t *)address;
  }
}

INLINE void store_own(uint32_t address, uint32_t width, uint64_t value) {
  switch (width) {
  case 1: *(uint8_t *)address = value; break;
  case 2: *(uint16_t *)address = value; break;
  case 4: *(uint32_t *)address = value; break;
  default: *(uint64_t *)address = value;
  }
}

INLINE uint64_t own(uint32_t operation, uint32_t address, uint32_t width, uint64_t a, uint64_t b) {
  uint64_t old = load_own(address, width);

  switch (operation) {
  case LOAD: case PEEK: return old;
  case ADD: a = old + a; break;
  case OR: a = old | a; break;
  case AND: a = old & a; break;
  case XOR: a = old ^ a; break;
  case COMPARE_EXCHANGE:
    if (old != a) return old;
    a = b;
  }
  store_own(address, width, a);
  return old;
}

INLINE uint64_t access(uint32_t address, uint64_t a, uint64_t b, uint32_t code) {
  uint32_t operation = code & 0xff, width = code >> 8;

  if (operation == SUBTRACT) {
    operation = ADD;
    a = -a;
  }
  if (width < 8) {
    a &= (1ull << (width * 8)) - 1;
    b &= (1ull << (width * 8)) - 1;
  }
  if (is_stack(address)) return own(operation, address, width, a, b);
  code = operation | (width << 8);
  if (width < 8) return hook_access32(code, address, a, b);
  uint32_t low = hook_access64(code, address, a, a >> 32, b, b >> 32);
  return (uint64_t)hook_high() << 32 | low;
}

EXPORT("skep.load32") uint32_t skep_load32(uint32_t address, uint32_t offset, uint32_t code) {
  return access(address + offset, 0, 0, code);
}
EXPORT("skep.load64") uint64_t skep_load64(uint32_t address, uint32_t offset, uint32_t code) {
  return access(address + offset, 0, 0, code);
}
EXPORT("skep.change32") uint32_t skep_change32(uint32_t address, uint32_t a, uint32_t offset, uint32_t code) {
  return access(address + offset, a, 0, code);
}
EXPORT("skep.change64") uint64_t skep_change64(uint32_t address, uint64_t a, uint32_t offset, uint32_t code) {
  return access(address + offset, a, 0, code);
}
EXPORT("skep.compare32")
uint32_t skep_compare32(uint32_t address, uint32_t a, uint32_t b, uint32_t offset, uint32_t code) {
  return access(address + offset, a, b, code);
}
EXPORT("skep.compare64")
uint64_t skep_compare64(uint32_t address, uint64_t a, uint64_t b, uint32_t offset, uint32_t code) {
  return access(address + offset, a, b, code);
}
EXPORT("skep.fill") void skep_fill(uint32_t address, uint32_t byte, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) access(address + i, byte, 0, POKE | 1 << 8);
}
EXPORT("skep.copy") void skep_copy(uint32_t to, uint32_t from, uint32_t length) {
  if (to < from)
    for (uint32_t i = 0; i < length; i++) access(to + i, access(from + i, 0, 0, PEEK | 1 << 8), 0, POKE | 1 << 8);
  else
    for (uint32_t i = length; i-- > 0;) access(to + i, access(from + i, 0, 0, PEEK | 1 << 8), 0, POKE | 1 << 8);
}
