/* A histogram: powers of two, each in 32 steps, so 3 % wide. */
#include "load.h"
#include <string.h>

enum { STEPS = 32, BUCKETS = 64 * STEPS };
static uint64_t histogram[BUCKETS];
uint64_t worst_us;

void clear_latencies(void) {
  memset(histogram, 0, sizeof histogram);
  worst_us = 0;
}

void record(uint64_t ns) {
  uint64_t us = ns / 1000 + 1;
  int power = 63 - __builtin_clzll(us);
  int step = power >= 5 ? (int)(us >> (power - 5)) & 31 : (int)(us << (5 - power)) & 31;
  histogram[power * STEPS + step]++;
  if (us > worst_us) worst_us = us;
}

double percentile_us(double share) {
  uint64_t all = 0, seen = 0;
  for (int i = 0; i < BUCKETS; i++) all += histogram[i];
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram[i];
    if (all > 0 && seen >= (uint64_t)(share * (double)all + 0.5))
      return (double)(1ull << (i / STEPS)) * (1 + (i % STEPS) / (double)STEPS);
  }
  return 0;
}
