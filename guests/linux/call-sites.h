// call-sites.h: the guests call-sites and cached-call-sites, for a call without pointers: its number is CALL, and the C library's
// function is RESULT.
#pragma once
#include <linux/futex.h>
#include <sched.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "fault.h"

#define OFTEN 64

long code(void);
void spin(volatile long *count);
extern char behind_call[], call_itself[], spin_end[], code_end[];

static void call_often(long (*call)(void)) {
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(call(), RESULT());
}

// In a process of its own, with the sites that were patched before.
static void check(void (*part)(void)) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    part();
    _exit(finish());
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

#include "call-code.h"

static volatile int ticks, strays;
static volatile long spins;

static void on_tick(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  // On a slow machine some signals come before it spins, and after the last one that counts.
  if (spins == 0 || ticks == 30) return;
  uintptr_t pc = *context_pc(context);
  if (pc < (uintptr_t)spin || pc >= (uintptr_t)spin_end) strays++;
  if (++ticks == 30) siglongjmp(fault_resume, 1);
}

// A signal always finds the program in its own code.
static void check_signals(void) {
  struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
  spins = 0;
  if (sigsetjmp(fault_resume, 1) == 0) {
    REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
    spin(&spins);
  }
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
  CHECK_EQ(ticks, 30);
  CHECK_EQ(strays, 0);
}

// A call that a signal interrupts ends, or is made again.
static void on_alarm(int number) { (void)number, ticks++; }

static void check_restarts(void) {
  int ends[2];
  char byte;
  REQUIRE(pipe(ends) == 0);
  for (int i = 0; i < OFTEN; i++) {
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
  }
  // The first signal may come before it reads.
  struct itimerval often = {{0, 100000}, {0, 3000}}, once = {{0, 0}, {0, 3000}}, never = {{0, 0}, {0, 0}};
  struct sigaction action = {.sa_handler = on_alarm};
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  ticks = 0;
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
  REQUIRE(setitimer(ITIMER_REAL, &never, 0) == 0);
  CHECK(ticks > 0);

  action.sa_flags = SA_RESTART;
  REQUIRE(sigaction(SIGALRM, &action, 0) == 0);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    usleep(30000);
    _exit(write(ends[1], "y", 1) != 1);
  }
  ticks = 0;
  REQUIRE(setitimer(ITIMER_REAL, &once, 0) == 0);
  CHECK_EQ(read(ends[0], &byte, 1), 1);
  CHECK_EQ(byte, 'y');
  // A slow machine may read first.
  while (ticks == 0) continue;
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
}

// The child makes its calls where its parent did.
static void check_forks(void) {
  for (int i = 0; i < 4; i++) {
    pid_t parent = getpid(), child = i % 2 ? vfork() : fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(code() == RESULT() && getppid() == parent ? 0 : 1);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
}

static int thread_main(void *done) {
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(code(), RESULT());
  *(volatile int *)done = 1;
  return 0;
}

static void check_threads(void) {
  static char stacks[4][16384] __attribute__((aligned(16)));
  volatile int done[4] = {0}, tids[4];
  for (size_t i = 0; i < 4; i++) {
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
    tids[i] = 1;
    REQUIRE(clone(thread_main, stacks[i] + sizeof(stacks[i]), flags, (void *)&done[i], 0, 0, (int *)&tids[i]) > 0);
  }
  for (size_t i = 0; i < 4; i++) {
    for (int tid; (tid = tids[i]) != 0;) syscall(SYS_futex, &tids[i], FUTEX_WAIT, tid, 0, 0, 0);
    CHECK(done[i]);
  }
}

#define WRITE_CODE(at, number)                               \
  do {                                                       \
    static const unsigned char new_code[] = SITE_CODE(number); \
    memcpy(at, new_code, sizeof(new_code));                  \
    __builtin___clear_cache(at, (char *)(at) + sizeof(new_code)); \
  } while (0)

// Writable code behaves as its bytes say, and can still be called.
static void check_code(void) {
  static const unsigned char own_code[] = SITE_CODE(CALL);
  size_t length = (size_t)(code_end - (char *)code);
  call_often(code);
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_WRITE), 0);
  CHECK(memcmp((void *)code, own_code, sizeof(own_code)) == 0);
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_EXEC), 0);
  call_often(code);

  CHECK_EQ(madvise((void *)code, length, MADV_DONTNEED), 0);
  call_often(code);

  char *place = mmap(0, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(place != MAP_FAILED);
  REQUIRE(mremap((void *)code, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
  CHECK(memcmp(place, own_code, sizeof(own_code)) == 0);
  call_often((long (*)(void))place);
  REQUIRE(mremap(place, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, code) == (void *)code);
  call_often(code);

  // From here on it makes another call: getpid.
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_WRITE), 0);
  WRITE_CODE((void *)code, SYS_getpid);
  CHECK_EQ(mprotect((void *)code, length, PROT_READ | PROT_EXEC), 0);
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(code(), getpid());
}

// What the program wrote into its code stays, whichever process forks and calls there.
static void check_written_code(void) {
  size_t length = (size_t)(code_end - (char *)code);
  REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_WRITE) == 0);
  WRITE_CODE((void *)code, SYS_getpid);
  REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_EXEC) == 0);
  for (int i = 0; i < 2; i++) {
    pid_t child = fork();
    REQUIRE(child >= 0);
    for (int j = 0; j < OFTEN; j++) CHECK_EQ(code(), getpid());
    REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_WRITE) == 0);
    REQUIRE(mprotect((void *)code, length, PROT_READ | PROT_EXEC) == 0);
    CHECK_EQ(code(), getpid());
    if (child == 0) _exit(finish());
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
}

// A private mapping follows its file as long as nothing writes there.
static void check_file(void) {
  static const unsigned char file_code[] = SITE_CODE(CALL);
  int fd = memfd_create("code", 0);
  REQUIRE(ftruncate(fd, (off_t)PAGE) == 0 && pwrite(fd, file_code, sizeof(file_code), 64) == sizeof(file_code));
  char *mapped = mmap(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  REQUIRE(mapped != MAP_FAILED);
  call_often((long (*)(void))(mapped + 64));
  static const unsigned char other_code[] = SITE_CODE(SYS_getpid);
  REQUIRE(pwrite(fd, other_code, sizeof(other_code), 64) == sizeof(other_code));
  __builtin___clear_cache(mapped, mapped + PAGE);
  for (int i = 0; i < OFTEN; i++) CHECK_EQ(((long (*)(void))(mapped + 64))(), getpid());
  REQUIRE(ftruncate(fd, 70) == 0);
  CHECK_EQ(mapped[70], 0);
}

int main(void) {
  call_often(code);
  check_architecture();
  check(check_signals);
  check(check_restarts);
  check(check_forks);
  check(check_threads);
  check(check_code);
  check(check_written_code);
  check(check_file);
  return finish();
}
