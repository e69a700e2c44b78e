// counter: the virtual counter, which programs and the vDSO read: it grows, at the rate it reports, as the clock does. Arm ARM D12.
#include <time.h>

#include "fault.h"

static uint64_t counter(void) {
  uint64_t value;
  // Without the barrier it may be read too early.
  __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
  return value;
}

static int64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(void) {
  uint64_t frequency = 0, last = 0;
  catch_faults();
  CHECK_EQ(FAULT_OF(counter()), 0);
  CHECK_EQ(FAULT_OF(__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency))), 0);
  // Arm ARM D12.1.2: typically from 1 MHz to 1 GHz.
  REQUIRE(frequency >= 1000000 && frequency <= 1000000000);
  for (int i = 0; i < 100000; i++) {
    uint64_t now = counter();
    if (now < last)
      fail(__FILE__, __LINE__, "the counter never goes back", (long long)(last - now), 0);
    last = now;
  }

  // Whatever happens between a clock and the counter, one bracket lies inside the other.
  int64_t start_ns = monotonic_ns();
  uint64_t start = counter();
  int64_t started_ns = monotonic_ns();
  struct timespec wait = {0, 200000000};
  nanosleep(&wait, 0);
  int64_t inner_ns = monotonic_ns() - started_ns;
  int64_t counted_ns = (int64_t)((counter() - start) * 1000 / (frequency / 1000000));
  int64_t outer_ns = monotonic_ns() - start_ns;
  CHECK(inner_ns >= 200000000 - 1000000);
  CHECK(counted_ns > inner_ns / 100 * 99 && counted_ns < outer_ns / 100 * 101);
  // Both together, many times: neither falls behind the other.
  for (int i = 0; i < 1000; i++) {
    int64_t ns = monotonic_ns(), again;
    uint64_t here = counter();
    while ((again = monotonic_ns()) == ns) {
    }
    CHECK(again > ns && counter() >= here);
  }
  return finish();
}
