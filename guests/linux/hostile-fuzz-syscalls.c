// hostile-fuzz-syscalls: every call number with wrong arguments in seven patterns: all return, the program lives. man 2 syscalls.
// only under hv
// not in CI's beds: emulation makes it slow
#include <sys/time.h>

#include "check.h"

#define LAST_NUMBER 470
#define BUFFER_SIZE (1ul << 20)

// Calls that would do as they are told: end or replace the program, make another, wait for a signal, signal itself, shut its
// descriptors, forbid it everything, make its parent a debugger.
static const int skipped[] = {
    SYS_exit, SYS_exit_group, SYS_rt_sigsuspend, SYS_rt_sigreturn, SYS_clone, SYS_clone3, SYS_execve, SYS_execveat, SYS_kill,
    SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal, SYS_close_range, SYS_prlimit64,
    SYS_setrlimit, SYS_seccomp, SYS_ptrace, ALSO_SKIPPED
};

static char *buffer;

static void nothing(int number) { (void)number; }

// Undoes what a call may have done to the means by which the program goes on.
static void recover(void) {
  struct sigaction action = {.sa_handler = nothing};
  struct itimerval soon = {{0, 20000}, {0, 20000}};
  sigset_t none;
  sigemptyset(&none);
  sigaction(SIGALRM, &action, 0);
  sigprocmask(SIG_SETMASK, &none, 0);
  setitimer(ITIMER_REAL, &soon, 0);
  REQUIRE(mmap(buffer, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == buffer);
}

static bool is_skipped(int number) {
  for (size_t i = 0; i < COUNT(skipped); i++)
    if (skipped[i] == number) return true;
  return false;
}

int main(void) {
  // Guarded on both sides: a transfer of any length ends at its edge.
  char *room = mmap(0, BUFFER_SIZE + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(room != MAP_FAILED);
  buffer = room + PAGE;
  int null = open("/dev/null", O_RDWR);
  REQUIRE(null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1);
  pid_t pid = getpid();

  uint64_t b = (uint64_t)buffer, kernel = KERNEL_START + 0x88000000000, huge = INT64_MAX;
  const uint64_t patterns[][6] = {
      {0, 0, 0, 0, 0, 0},
      {-1ul, -1ul, -1ul, -1ul, -1ul, -1ul},
      {huge, huge, huge, huge, huge, huge},
      {kernel, kernel, kernel, kernel, kernel, kernel},
      {b, b, b, b, b, b},
      {1, b, 4096, b, -1ul, 0x7fffffff},
      {0, kernel, 1, b + BUFFER_SIZE - 1, 0x80000000, 0x100000000},
  };
  for (int number = 0; number <= LAST_NUMBER; number++) {
    if (is_skipped(number)) continue;
    for (size_t i = 0; i < COUNT(patterns); i++) {
      recover();
      long result = raw_call(number, patterns[i]);
      // An error is an errno of Linux, never one that only its kernel knows (ERESTARTSYS and above).
      if (result < 0 && result > -4096 && -result > 133) fail(__FILE__, __LINE__, "an errno", number, (int)-result);
    }
  }
  recover();
  CHECK_EQ(syscall(SYS_getpid), pid);
  return finish();
}
