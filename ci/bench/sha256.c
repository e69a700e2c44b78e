// sha256.c: nanoseconds to digest MEBIBYTES of memory, and the first word of their SHA-256 (FIPS 180-4).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "batches.h"

static uint32_t constants[64];

static uint32_t rotate(uint32_t word, int by) { return word >> by | word << (32 - by); }

// The fractional parts of the primes' cube roots, found by bisection, so that there is no table to trust.
static uint32_t cube_root_fraction(uint64_t prime) {
  unsigned __int128 low = 0, high = (unsigned __int128)8 << 32;
  while (high - low > 1) {
    unsigned __int128 middle = (low + high) / 2;
    if (middle * middle * middle <= (unsigned __int128)prime << 96) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (uint32_t)low;
}

static void find_constants(void) {
  int found = 0;
  for (int candidate = 2; found < 64; candidate++) {
    int prime = 1;
    for (int divisor = 2; divisor * divisor <= candidate; divisor++) prime &= candidate % divisor != 0;
    if (prime) constants[found++] = cube_root_fraction(candidate);
  }
}

static void digest_block(uint32_t state[8], const uint8_t *block) {
  uint32_t words[64], s[8];
  for (int i = 0; i < 16; i++) {
    words[i] =
        (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; i++) {
    uint32_t a = words[i - 15], b = words[i - 2];
    words[i] = words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + words[i - 7] +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  for (int i = 0; i < 8; i++) s[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                     ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + words[i];
    uint32_t second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int j = 7; j > 0; j--) s[j] = s[j - 1];
    s[4] += first;
    s[0] = first + second;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

int main(int argc, char **argv) {
  size_t size = (size_t)(argc > 1 ? atoi(argv[1]) : 32) << 20;
  uint8_t *memory = calloc(1, size + 64);
  if (!memory) return 1;
  for (size_t i = 0; i < size; i++) memory[i] = (uint8_t)(i * 31 + (i >> 8));
  // The padding has a block of its own: a one bit, and the length in bits.
  memory[size] = 0x80;
  for (int i = 0; i < 8; i++) memory[size + 63 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
  find_constants();

  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  double start = now_ns();
  for (size_t at = 0; at < size + 64; at += 64) digest_block(state, memory + at);
  double taken = now_ns() - start;
  printf("%.0f %08x\n", taken, state[0]);
  return 0;
}
