// signals-processes: signals between processes: what they say, in which order, who takes them, stops and continuations. man 7 signal.
#include "threads.h"

static int order[32], values[32];
static volatile int count;
static siginfo_t last;

static void note(int number, siginfo_t *info, void *context) {
  (void)context;
  order[count & 31] = number, values[count & 31] = info->si_value.sival_int;
  last = *info;
  count++;
}

static void listen_to(int number) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
  sigfillset(&action.sa_mask);
  REQUIRE(sigaction(number, &action, 0) == 0);
}

static void block(sigset_t *set, int how) { CHECK_EQ(sigprocmask(how, set, 0), 0); }

static void check_sender(void) {
  pid_t self = getpid(), child;
  listen_to(SIGUSR1), listen_to(SIGRTMIN);
  child = CHILD(kill(self, SIGUSR1));
  CHECK_EQ(ended(child), 0);
  CHECK(EVENTUALLY(count == 1));
  CHECK(last.si_signo == SIGUSR1 && last.si_code == SI_USER && last.si_pid == child && last.si_uid == getuid());
  child = CHILD(sigqueue(self, SIGRTMIN, (union sigval){.sival_ptr = (void *)0x123456789abcdef0}));
  CHECK_EQ(ended(child), 0);
  CHECK(EVENTUALLY(count == 2));
  CHECK(last.si_signo == SIGRTMIN && last.si_code == SI_QUEUE && last.si_pid == child && last.si_uid == getuid());
  CHECK(last.si_value.sival_ptr == (void *)0x123456789abcdef0);
  child = CHILD(tgkill(self, self, SIGUSR1));
  CHECK_EQ(ended(child), 0);
  CHECK(EVENTUALLY(count == 3));
  CHECK(last.si_code == SI_TKILL && last.si_pid == child);

  // No process may claim to be the kernel, or kill.
  siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_KERNEL};
  pid_t other = CHILD(for (;;) pause());
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, other, SIGUSR1, &info), EPERM);
  info.si_code = SI_USER;
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, other, SIGUSR1, &info), EPERM);
  info.si_code = SI_TKILL;
  CHECK_ERRNO(syscall(SYS_rt_sigqueueinfo, other, SIGUSR1, &info), EPERM);
  kill(other, SIGKILL);
  CHECK_EQ(ended(other), 128 + SIGKILL);
}

// Standard signals first, lower numbers first; real-time ones each by itself, in the order they were sent.
static void check_order(void) {
  pid_t self = getpid();
  sigset_t set;
  sigemptyset(&set);
  const int all[] = {SIGUSR1, SIGTERM, SIGHUP, SIGRTMIN, SIGRTMIN + 1, SIGRTMAX};
  for (size_t i = 0; i < COUNT(all); i++) listen_to(all[i]), sigaddset(&set, all[i]);
  block(&set, SIG_BLOCK);
  count = 0;
  CHECK_IN_CHILD {
    const int sent[] = {SIGRTMAX, SIGRTMIN + 1, SIGRTMIN, SIGTERM, SIGUSR1, SIGHUP, SIGRTMIN + 1, SIGRTMIN, SIGTERM};
    for (size_t i = 0; i < COUNT(sent); i++)
      CHECK_EQ(sigqueue(self, sent[i], (union sigval){.sival_int = (int)i}), 0);
  }
  CHECK_EQ(count, 0);
  block(&set, SIG_UNBLOCK);
  const int expected[] = {SIGHUP, SIGUSR1, SIGTERM, SIGRTMIN, SIGRTMIN, SIGRTMIN + 1, SIGRTMIN + 1, SIGRTMAX};
  const int expected_values[] = {5, 4, 3, 2, 7, 1, 6, 0};
  CHECK_EQ(count, COUNT(expected));
  for (size_t i = 0; i < COUNT(expected); i++) {
    CHECK_EQ(order[i], expected[i]);
    CHECK_EQ(values[i], expected_values[i]);
  }
}

static void check_stops(void) {
  long *counter = shared_memory(PAGE);
  int status;
  // In a group of its own: this one may be orphaned, and there only SIGSTOP stops (POSIX, Signal Actions).
  pid_t child = CHILD(setpgid(0, 0); for (;;) ++*(volatile long *)counter);
  CHECK(EVENTUALLY(*(volatile long *)counter > 0));
  const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (size_t i = 0; i < COUNT(stops); i++) {
    kill(child, stops[i]);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_EQ(status, stops[i] << 8 | 0x7f);
    CHECK_EQ(state_of(child), 'T');
    long before = *(volatile long *)counter;
    sleep_ms(10);
    CHECK_EQ(*(volatile long *)counter, before);
    kill(child, SIGCONT);
    CHECK(EVENTUALLY(*(volatile long *)counter != before));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
  }
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);

  // A continuation removes pending stops, and a stop removes pending continuations; SIGCONT continues even where it is ignored.
  IN_CHILD(child) {
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGTSTP), sigaddset(&set, SIGCONT);
    block(&set, SIG_BLOCK);
    raise(SIGTSTP), raise(SIGCONT);
    CHECK(sigpending(&set) == 0 && !sigismember(&set, SIGTSTP) && sigismember(&set, SIGCONT));
    raise(SIGTSTP);
    CHECK(sigpending(&set) == 0 && sigismember(&set, SIGTSTP) && !sigismember(&set, SIGCONT));
    signal(SIGCONT, SIG_IGN);
    raise(SIGSTOP);
  }
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
  kill(child, SIGCONT);
  CHECK_EQ(ended(child), 0);

  // Signals that come while it is stopped are taken when it goes on.
  IN_CHILD(child) {
    listen_to(SIGUSR1);
    count = 0;
    raise(SIGSTOP);
    CHECK_EQ(count, 1);
  }
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  kill(child, SIGUSR1), kill(child, SIGUSR1);
  sleep_ms(5);
  CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
  kill(child, SIGCONT);
  CHECK_EQ(ended(child), 0);
  munmap(counter, PAGE);
}

static int taken_by_wait;

static void *take_by_sigwait(void *argument) {
  sigset_t set;
  int number;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN + 5);
  for (int i = 0; i < 20; i++) {
    CHECK_EQ(sigwait(&set, &number), 0);
    __atomic_fetch_add(&taken_by_wait, 1, __ATOMIC_SEQ_CST);
  }
  return argument;
}

// All threads block a signal; the one that waits for it gets it, and no handler runs.
static void check_sigwait(void) {
  sigset_t set;
  pid_t self = getpid();
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGRTMIN + 5);
  listen_to(SIGUSR1), listen_to(SIGRTMIN + 5);
  block(&set, SIG_BLOCK);
  count = 0;
  pthread_t taker = start(take_by_sigwait, 0);
  for (int i = 0; i < 10; i++) {
    CHECK_EQ(ended(CHILD(kill(self, SIGUSR1))), 0);
    CHECK(EVENTUALLY(__atomic_load_n(&taken_by_wait, __ATOMIC_SEQ_CST) == i + 1));
  }
  // Real-time ones queue: none is lost.
  CHECK_IN_CHILD for (int i = 0; i < 10; i++) CHECK_EQ(sigqueue(self, SIGRTMIN + 5, (union sigval){.sival_int = i}), 0);
  join(taker);
  CHECK_EQ(count, 0);
  block(&set, SIG_UNBLOCK);
  CHECK_EQ(count, 0);
}

// Another user's processes are out of reach, except for SIGCONT within a session (man 2 kill).
static void check_rights(void) {
  if (!is_root()) return;
  pid_t mine = CHILD(for (;;) pause());
  CHECK_IN_CHILD {
    become_lone_user();
    CHECK_ERRNO(kill(mine, 0), EPERM);
    CHECK_ERRNO(kill(mine, SIGTERM), EPERM);
    CHECK_EQ(kill(mine, SIGCONT), 0);
    CHECK_ERRNO(sigqueue(mine, SIGUSR1, (union sigval){0}), EPERM);
  }
  kill(mine, SIGKILL);
  CHECK_EQ(ended(mine), 128 + SIGKILL);
}

int main(void) {
  limit_time();
  check_sender();
  check_order();
  check_stops();
  check_sigwait();
  check_rights();
  return finish();
}
