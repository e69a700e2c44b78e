// pending-ends: signals pending for a thread or a process no longer count when it has ended. man 2 getrlimit (RLIMIT_SIGPENDING).
// not in CI's beds: emulation makes it slow
#include <sys/resource.h>

#include "threads.h"

#define LIMIT 200
#define EACH 5

static void *queue_some(void *argument) {
  for (int i = 0; i < EACH; i++) CHECK_EQ(pthread_sigqueue(pthread_self(), SIGRTMIN, (union sigval){.sival_int = i}), 0);
  return argument;
}

static void check_threads(void) {
  for (int i = 0; i < 2 * LIMIT / EACH; i++) join(start(queue_some, 0));
}

// A zombie owns a pipe that becomes ready again and again.
static void tell_zombie(int times) {
  int fds[2];
  REQUIRE(pipe2(fds, O_NONBLOCK) == 0);
  pid_t zombie = CHILD((void)0);
  CHECK_EQ(waitid(P_PID, (id_t)zombie, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
  CHECK_EQ(fcntl(fds[0], F_SETOWN, zombie), 0);
  CHECK_EQ(fcntl(fds[0], F_SETSIG, SIGRTMIN), 0);
  CHECK_EQ(fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK), 0);
  for (int i = 0; i < times; i++) {
    char byte;
    CHECK_EQ(write(fds[1], "", 1), 1);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK(sigqueue(zombie, SIGRTMIN, (union sigval){0}) == 0 || errno == EAGAIN);
  }
  CHECK_EQ(ended(zombie), 0);
  close(fds[0]), close(fds[1]);
}

int main(int count, char **arguments) {
  limit_time();
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, 0);
  CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){LIMIT, LIMIT}), 0);
  // Natively the pending signals of the user's other processes count too.
  if (is_root()) become_lone_user();
  check_threads();
  int zombies = count > 1 ? atoi(arguments[1]) : 5;
  for (int i = 0; i < zombies; i++) tell_zombie(LIMIT);
  return finish();
}
