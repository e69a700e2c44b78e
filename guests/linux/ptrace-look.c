// ptrace-look: a tracer stops other processes' threads, reads their registers and memory, and lets them go on as if it had
// not been there; so does AddressSanitizer's search for leaks. man 2 ptrace.
// not in CI's beds: emulation makes it slow
#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "processes.h"

#ifdef __x86_64__
#define PC(registers) (registers).rip
#define SP(registers) (registers).rsp
#define MARK "r15"
#define MARKED(registers) (registers).r15
#else
#define PC(registers) (registers).pc
#define SP(registers) (registers).sp
#define MARK "x25"
#define MARKED(registers) (registers).regs[25]
#endif
#define MARK_VALUE 0x5ca1ab1e0ddba11l

typedef struct user_regs_struct Registers;

// Shared with all children.
static volatile struct {
  int ready, usr1, usr2, over, seen;
  long turns;
} *shared;
static volatile long told = 0x1234567890abcdef;

static long trace(int request, pid_t pid, unsigned long address, void *data) {
  return syscall(SYS_ptrace, request, pid, address, data);
}

// The signal that it stopped for, or -1.
static int stopped(pid_t pid) {
  int status;
  if (TEMP_FAILURE_RETRY(waitpid(pid, &status, __WALL)) != pid || !WIFSTOPPED(status)) return -1;
  return status >> 16 ? -1 : WSTOPSIG(status);
}

static size_t register_set(pid_t pid, int type, void *data, size_t length) {
  struct iovec vector = {data, length};
  return trace(PTRACE_GETREGSET, pid, (unsigned long)type, &vector) ? 0 : vector.iov_len;
}

static int line_of_status(pid_t pid, const char *name, char *value) {
  char path[64], line[256];
  snprintf(path, sizeof(path), "/proc/%d/status", pid);
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  int found = -1;
  while (found < 0 && fgets(line, sizeof(line), file))
    if (strncmp(line, name, strlen(name)) == 0) found = sscanf(line + strlen(name), ": %31s", value);
  fclose(file);
  return found;
}

// A number of a line in /proc/PID/status, or its first letter.
static int status_of(pid_t pid, const char *name) {
  char value[32] = "";
  line_of_status(pid, name, value);
  return *value >= '0' && *value <= '9' ? atoi(value) : *value;
}

static void count_usr1(int signal) { (void)signal, shared->usr1++; }
static void count_usr2(int signal) { (void)signal, shared->usr2++; }

static void be_ready(void) {
  signal(SIGUSR1, count_usr1);
  signal(SIGUSR2, count_usr2);
  shared->ready = 1;
}

static pid_t start(void (*body)(void)) {
  shared->ready = shared->over = 0;
  pid_t pid = CHILD(be_ready(); body());
  CHECK(EVENTUALLY(shared->ready));
  return pid;
}

static void spin_marked(void) {
  register long mark __asm__(MARK) = MARK_VALUE;
  while (!shared->over) {
    __asm__ volatile("" : "+r"(mark));
    shared->turns++;
  }
}

static void check_looking(void) {
  pid_t pid = start(spin_marked);
  CHECK_EQ(status_of(pid, "TracerPid"), 0);
  CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
  CHECK_EQ(stopped(pid), SIGSTOP);
  CHECK_EQ(status_of(pid, "TracerPid"), getpid());
  CHECK_EQ(status_of(pid, "State"), 't');

  Registers registers = {0};
  CHECK_EQ(register_set(pid, NT_PRSTATUS, &registers, sizeof(registers)), sizeof(registers));
  CHECK_EQ(MARKED(registers), MARK_VALUE);
  CHECK(PC(registers) - (uintptr_t)spin_marked < 4096);
  long turns = shared->turns, word = 0;
  sleep_ms(20);
  CHECK_EQ(shared->turns, turns);
  // What it gets is as much as there is room for.
  char large[8192];
  CHECK_EQ(register_set(pid, NT_PRSTATUS, large, 16), 16);
  CHECK_EQ(register_set(pid, NT_PRSTATUS, large, sizeof(large)), sizeof(registers));
  CHECK(register_set(pid, NT_PRFPREG, large, sizeof(large)) >= 512);
  CHECK_ERRNO(trace(PTRACE_GETREGSET, pid, 0x7777, &(struct iovec){large, sizeof(large)}), EINVAL);
  CHECK_ERRNO(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (void *)8), EFAULT);
  CHECK_ERRNO(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &(struct iovec){(void *)8, 64}), EFAULT);
#ifdef __x86_64__
  Registers same = {0};
  CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, &same), 0);
  CHECK_EQ(memcmp(&same, &registers, sizeof(same)), 0);
  CHECK_EQ(trace(PTRACE_GETFPREGS, pid, 0, large), 0);
#endif

  CHECK_EQ(trace(PTRACE_PEEKDATA, pid, (unsigned long)&told, &word), 0);
  CHECK_EQ(word, told);
  CHECK_ERRNO(trace(PTRACE_PEEKTEXT, pid, 8, &word), EIO);
  CHECK_ERRNO(trace(PTRACE_PEEKTEXT, pid, (unsigned long)&told, (void *)8), EFAULT);

  CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
  CHECK(EVENTUALLY(shared->turns > turns));
  CHECK_ERRNO(trace(PTRACE_CONT, pid, 0, 0), ESRCH);
  CHECK_ERRNO(trace(PTRACE_PEEKDATA, pid, (unsigned long)&told, &word), ESRCH);
  CHECK_EQ(waitpid(pid, 0, WNOHANG | __WALL), 0);
  shared->over = 1;
  CHECK_EQ(ended(pid), 0);
  CHECK_ERRNO(trace(PTRACE_DETACH, pid, 0, 0), ESRCH);
}

static void pause_until_over(void) {
  while (!shared->over) pause();
}

static void check_signals(void) {
  shared->usr1 = shared->usr2 = 0;
  pid_t pid = start(pause_until_over);
  CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
  CHECK_EQ(stopped(pid), SIGSTOP);
  // Signals wait while it is stopped.
  CHECK_EQ(kill(pid, SIGUSR1), 0);
  CHECK_EQ(waitpid(pid, 0, WNOHANG), 0);
  CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
  CHECK_EQ(stopped(pid), SIGUSR1);
  siginfo_t info = {0};
  CHECK_EQ(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
  CHECK_EQ(info.si_signo, SIGUSR1);
  CHECK_EQ(info.si_code, SI_USER);
  CHECK_EQ(info.si_pid, getpid());
  CHECK_EQ(shared->usr1, 0);
  // The tracer keeps it.
  CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
  CHECK_EQ(kill(pid, SIGUSR1), 0);
  CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT), 0);
  CHECK_EQ(info.si_code, CLD_TRAPPED);
  CHECK_EQ(info.si_status, SIGUSR1);
  CHECK_EQ(info.si_pid, pid);
  CHECK_EQ(stopped(pid), SIGUSR1);
  CHECK_EQ(shared->usr1, 0);
  // Passes it on.
  CHECK_EQ(trace(PTRACE_CONT, pid, 0, (void *)SIGUSR1), 0);
  CHECK(EVENTUALLY(shared->usr1 == 1));
  // Gives another one.
  CHECK_EQ(kill(pid, SIGUSR1), 0);
  CHECK_EQ(stopped(pid), SIGUSR1);
  CHECK_ERRNO(trace(PTRACE_CONT, pid, 0, (void *)65), EIO);
  CHECK_ERRNO(trace(PTRACE_DETACH, pid, 0, (void *)1000), EIO);
  CHECK_EQ(trace(PTRACE_DETACH, pid, 0, (void *)SIGUSR2), 0);
  CHECK(EVENTUALLY(shared->usr2 == 1));
  CHECK_EQ(shared->usr1, 1);
  CHECK_EQ(status_of(pid, "TracerPid"), 0);
  // Nobody asks any more.
  shared->over = 1;
  CHECK_EQ(kill(pid, SIGUSR1), 0);
  CHECK_EQ(ended(pid), 0);
}

static int gate[2];
static void read_gate(void) {
  char byte = 0;
  if (read(gate[0], &byte, 1) != 1 || byte != 'x') _exit(3);
}

// A call that sleeps goes on, and with it what it waits for.
static void check_sleepers(void) {
  REQUIRE(pipe(gate) == 0);
  pid_t pid = start(read_gate);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
    CHECK_EQ(stopped(pid), SIGSTOP);
    CHECK_EQ(trace(PTRACE_DETACH, pid, 0, 0), 0);
  }
  CHECK_EQ(write(gate[1], "x", 1), 1);
  CHECK_EQ(ended(pid), 0);
  close(gate[0]), close(gate[1]);
}

// Whatever kills it, it dies: its parent is told.
static void check_death(void) {
  pid_t pid = start(pause_until_over);
  CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
  CHECK_EQ(stopped(pid), SIGSTOP);
  CHECK_EQ(kill(pid, SIGKILL), 0);
  CHECK_EQ(ended(pid), 128 + SIGKILL);
  pid = start(pause_until_over);
  CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
  CHECK_EQ(stopped(pid), SIGSTOP);
  CHECK_EQ(trace(PTRACE_CONT, pid, 0, (void *)SIGTERM), 0);
  CHECK_EQ(ended(pid), 128 + SIGTERM);
}

static void spin(void) {
  while (!shared->over) shared->turns++;
}

// A tracer that ends lets its tracee go.
static void check_tracer_ends(void) {
  pid_t pid = start(spin);
  CHECK_IN_CHILD {
    CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
    CHECK_EQ(stopped(pid), SIGSTOP);
    CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
  }
  CHECK_EQ(status_of(pid, "TracerPid"), 0);
  long turns = shared->turns;
  CHECK(EVENTUALLY(shared->turns > turns));
  shared->over = 1;
  CHECK_EQ(ended(pid), 0);
}

// A stranger's stop is news for the tracer alone; who stands still already is told at once.
static void check_stopped_already(void) {
  pid_t pid = start(spin);
  CHECK_EQ(kill(pid, SIGSTOP), 0);
  int status;
  CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
  CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
  CHECK_EQ(stopped(pid), SIGSTOP);
  CHECK_EQ(trace(PTRACE_DETACH, pid, 0, 0), 0);
  CHECK_EQ(kill(pid, SIGCONT), 0);
  shared->over = 1;
  CHECK_EQ(ended(pid), 0);
}

static void *idle(void *nothing) {
  while (!shared->over) sleep_ms(1);
  return nothing;
}

static void check_refused(void) {
  CHECK_ERRNO(trace(PTRACE_ATTACH, getpid(), 0, 0), EPERM);
  CHECK_ERRNO(trace(PTRACE_ATTACH, 0x7ffffff0, 0, 0), ESRCH);
  CHECK_ERRNO(trace(PTRACE_ATTACH, -1, 0, 0), ESRCH);
  shared->over = 0;
  pthread_t thread;
  REQUIRE(pthread_create(&thread, 0, idle, 0) == 0);
  pid_t pid = start(pause_until_over);
  long word;
  CHECK_ERRNO(trace(PTRACE_PEEKDATA, pid, (unsigned long)&told, &word), ESRCH);
  CHECK_ERRNO(trace(PTRACE_CONT, pid, 0, 0), ESRCH);
  CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
  CHECK_ERRNO(trace(PTRACE_ATTACH, pid, 0, 0), EPERM);
  CHECK_IN_CHILD {
    CHECK_ERRNO(trace(PTRACE_ATTACH, pid, 0, 0), EPERM);
    CHECK_ERRNO(trace(PTRACE_CONT, pid, 0, 0), ESRCH);
  }
  CHECK_EQ(stopped(pid), SIGSTOP);
  CHECK_ERRNO(trace(0x7777, pid, 0, 0), EIO);
  shared->over = 1;
  CHECK_EQ(trace(PTRACE_KILL, pid, 0, 0), 0);
  CHECK_EQ(ended(pid), 128 + SIGKILL);
  pthread_join(thread, 0);
}

// Another user's process, and one that is not dumpable.
static void check_strangers(void) {
  if (getuid() != 0) return;
  pid_t pid = start(pause_until_over);
  CHECK_IN_CHILD {
    become_lone_user();
    CHECK_ERRNO(trace(PTRACE_ATTACH, pid, 0, 0), EPERM);
  }
  kill(pid, SIGKILL);
  CHECK_EQ(ended(pid), 128 + SIGKILL);
}

// As a sanitizer looks for leaks: a sibling that shares the memory stops all threads, reads their registers, and lets them go.
enum { THREADS = 5 };
static char tracer_stack[65536] __attribute__((aligned(16)));
static pid_t threads[THREADS + 1];
static volatile int started;
static int known(uintptr_t sp, uintptr_t in) { return sp - in < 1 << 20; }
static volatile uintptr_t stacks[THREADS + 1];

static void *wait_for_end(void *index) {
  int local;
  stacks[(long)index] = (uintptr_t)&local - (1 << 19);
  threads[(long)index] = (pid_t)syscall(SYS_gettid);
  __atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
  while (!shared->over) {
    if ((long)index % 2) sleep_ms(5);
    __atomic_add_fetch(&shared->turns, 1, __ATOMIC_SEQ_CST);
  }
  return 0;
}

static int stop_the_world(void *nothing) {
  (void)nothing;
  int found = 0;
  for (int i = 0; i <= THREADS; i++)
    if (syscall(SYS_ptrace, PTRACE_ATTACH, threads[i], 0, 0)) return 100 + i;
  for (int i = 0; i <= THREADS; i++)
    if (stopped(threads[i]) != SIGSTOP) return 120 + i;
  long turns = shared->turns;
  for (int i = 0; i <= THREADS; i++) {
    Registers registers;
    if (register_set(threads[i], NT_PRSTATUS, &registers, sizeof(registers)) != sizeof(registers)) return 140 + i;
    found += known(SP(registers), stacks[i]);
  }
  if (shared->turns != turns) return 99;
  for (int i = 0; i <= THREADS; i++)
    if (syscall(SYS_ptrace, PTRACE_DETACH, threads[i], 0, 0)) return 160 + i;
  return found;
}

static void check_leak_search(void) {
  CHECK_IN_CHILD {
    shared->over = started = 0;
    pthread_t handles[THREADS];
    threads[THREADS] = getpid();
    int local;
    stacks[THREADS] = (uintptr_t)&local - (1 << 19);
    for (long i = 0; i < THREADS; i++) REQUIRE(pthread_create(&handles[i], 0, wait_for_end, (void *)i) == 0);
    CHECK(EVENTUALLY(started == THREADS));
    for (int round = 0; round < 5; round++) {
      pid_t tracer = clone(stop_the_world, tracer_stack + sizeof(tracer_stack),
                           CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED, 0);
      REQUIRE(tracer > 0);
      prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
      CHECK_EQ(ended(tracer), THREADS + 1);
      long turns = shared->turns;
      CHECK(EVENTUALLY(shared->turns > turns));
    }
    shared->over = 1;
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_join(handles[i], 0), 0);
  }
}

int main(void) {
  limit_time();
  shared = shared_memory(4096);
  check_looking();
  check_signals();
  check_sleepers();
  check_death();
  check_tracer_ends();
  check_stopped_already();
  check_refused();
  check_strangers();
  check_leak_search();
  return finish();
}
