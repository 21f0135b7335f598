// SPDX-License-Identifier: Apache-2.0
//
// Plain computation, the same C for the BPF object (compute.bpf.c) and for the machine (compute.c, cc -O2). Each
// function works on `room` and a seed, and its result says whether all three computed the same. The includer defines
// the integer types.
#ifndef BENCH_COMPUTE_H
#define BENCH_COMPUTE_H

static struct {
  u8 data[2048];
  u8 scratch[1024];
} room;

static inline void furnish(u32 i)
{
  room.data[i & 2047] = (i * 167 + 13) ^ (i >> 3);
}

/* The internet's checksum of 512 bytes. */
static inline u64 checksum(u64 seed)
{
  u64 sum = seed & 0xffff;

  for (u32 i = 0; i < 512; i += 2)
    sum += room.data[i] | (u32)room.data[i + 1] << 8;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return sum ^ 0xffff;
}

/* CRC-32 of 64 bytes, bit by bit. */
static inline u64 crc(u64 seed)
{
  u32 value = ~(u32)seed;

  for (u32 i = 0; i < 64; i++) {
    value ^= room.data[i];
    for (u32 bit = 0; bit < 8; bit++)
      value = (value >> 1) ^ (0xedb88320 & (0 - (value & 1)));
  }
  return (u32)~value;
}

/* FNV-1a of 64 bytes. */
static inline u64 hash(u64 seed)
{
  u64 value = 0xcbf29ce484222325ULL ^ seed;

  for (u32 i = 0; i < 64; i++)
    value = (value ^ room.data[i]) * 0x100000001b3ULL;
  return value;
}

/* The primes below 1000. */
static inline u64 sieve(u64 seed)
{
  u64 primes = 0;

  for (u32 i = 0; i < 1000; i++)
    room.scratch[i] = 0;
  for (u32 i = 2; i < 32; i++)
    if (room.scratch[i] == 0)
      for (u32 multiple = i * i; multiple < 1000; multiple += i)
        room.scratch[multiple] = 1;
  for (u32 i = 2; i < 1000; i++)
    primes += room.scratch[i] ^ 1;
  return primes + seed;
}

/* 64 options as they lie in packets: a type, a length, a value. `at` stays in its range, which a verifier follows. */
static inline u64 parser(u64 seed)
{
  u32 at = seed & 31;
  u64 found = 0;

  for (u32 option = 0; option < 64; option++) {
    u32 type = room.data[at] & 7;
    u32 length = room.data[(at + 1) & 511] & 15;

    if (type == 0) {
      at = (at + 1) & 511;
      continue;
    }
    if (type == 1)
      found += length;
    else if (type == 2 && length >= 2)
      found ^= (u64)room.data[(at + 2) & 511] << 8 | room.data[(at + 3) & 511];
    else if (type == 3)
      found += room.data[(at + 2) & 511];
    else
      found = found * 31 + type;
    at = (at + 2 + length) & 511;
  }
  return found;
}

/* A hundred divisions, each of the result of the one before. */
static inline u64 division(u64 seed)
{
  u64 value = seed | 0xfedcba9876543210ULL;

  for (u32 i = 3; i < 103; i++)
    value = value / i + 0xfedcba9876543210ULL;
  return value;
}

/* Steps until 1, at most 128. Both ways are computed: with a branch a verifier would follow 2^128 paths. */
static inline u64 collatz(u64 seed)
{
  u64 value = (seed & 1023) + 27;
  u64 steps = 0;

  for (u32 i = 0; i < 128; i++) {
    u64 odd = 0 - (value & 1);

    __asm__ volatile("" : "+r"(odd)); /* compilers would make the branch again */
    if (value <= 1)
      break;
    value = ((value * 3 + 1) & odd) | ((value >> 1) & ~odd);
    steps++;
  }
  return steps;
}

/* Bits that are set in 64 words, counted without an instruction for it. */
static inline u64 popcount(u64 seed)
{
  u64 bits = 0;

  for (u32 i = 0; i < 64; i++) {
    u64 word = room.data[i] * 0x0101010101010101ULL ^ seed;

    word = word - ((word >> 1) & 0x5555555555555555ULL);
    word = (word & 0x3333333333333333ULL) + ((word >> 2) & 0x3333333333333333ULL);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
    bits += (word * 0x0101010101010101ULL) >> 56;
  }
  return bits;
}

#endif
