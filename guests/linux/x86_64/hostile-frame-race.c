// hostile-frame-race: a call whose words change between check and use gains nothing. Where programs can reach the trap frame
// (PVM hosts) and the sentry polls, a program can write a call there itself, and go on writing while it is answered.
#include "fault.h"
#include "pledge.h"

// native/arch/x86_64/layout.h, native/shim/abi.h
#define FRAME ((volatile uint32_t *)0x7fff00001000)
enum { STATE = 0, POLLING = 1, NUMBER = 2, ARGUMENTS = 4, RESULT = 16 };
#define REQUEST 1
#define ANSWERED 2

#define ROUNDS 4000
// After so many rounds in a row without polling: there is one processor, or SYSCALL takes longer here than the sentry waits.
#define DEAF_ROUNDS 20
#define LOOKS 1000000

static void store(int word, uint64_t value) {
  FRAME[word] = (uint32_t)value;
  FRAME[word + 1] = (uint32_t)(value >> 32);
}

// Makes the sentry poll. @return whether it does
static bool is_polled(void) {
  for (int i = 0; i < 64 && !FRAME[POLLING]; i++) syscall(SYS_getppid);
  return FRAME[POLLING] != 0;
}

// How long the last answer took.
static int looks;

// mmap through the frame alone; after `delay` looks it asks for executable memory. @return what mmap gave; 0: the sentry did not poll
static uint64_t map_by_race(int delay) {
  store(NUMBER, SYS_mmap);
  store(ARGUMENTS + 0, 0);
  store(ARGUMENTS + 2, PAGE);
  store(ARGUMENTS + 4, PROT_READ | PROT_WRITE);
  store(ARGUMENTS + 6, MAP_PRIVATE | MAP_ANONYMOUS);
  store(ARGUMENTS + 8, -1);
  store(ARGUMENTS + 10, 0);
  __atomic_exchange_n(&FRAME[STATE], REQUEST, __ATOMIC_SEQ_CST);
  for (int i = 0; i < LOOKS; i++) {
    if (i == delay) FRAME[ARGUMENTS + 4] = PROT_READ | PROT_WRITE | PROT_EXEC;
    if (FRAME[STATE] != ANSWERED) continue;
    looks = i;
    return (uint64_t)FRAME[RESULT + 1] << 32 | FRAME[RESULT];
  }
  return 0;
}

// Memory that no program has without prot_exec.
static bool has_writable_code(int maps) {
  static char text[1 << 19];
  size_t length = 0;
  for (ssize_t count; (count = read(maps, text + length, sizeof(text) - 1 - length)) > 0;) length += count;
  return strstr(text, " rwxp ") != NULL;
}

int main(void) {
  if (!is_hv()) {
    CHECK_ERRNO(pledge("stdio", NULL), ENOSYS);
    return finish();
  }
  catch_faults();
  if (FAULT_OF(READ_BYTE(FRAME)) != 0) return finish();
  int maps = open("/proc/self/maps", O_RDONLY);
  CHECK(maps >= 0);
  CHECK_EQ(pledge("stdio error", NULL), 0);
  for (int i = 0, deaf = 0; i < ROUNDS && deaf < DEAF_ROUNDS; i++) {
    uint64_t result = is_polled() ? map_by_race(looks * (i % 50) / 50) : 0;
    deaf = result == 0 ? deaf + 1 : 0;
  }
  CHECK(!has_writable_code(maps));
  return finish();
}
