// signal-passing: a signal for the process comes just when a thread blocks it, or ends: another thread gets it. man 7 signal.
// not in CI's beds: emulation makes it slow
#include <sched.h>

#include "threads.h"

#define ROUNDS 150
#define LEAST_ROUNDS 15
#define NO_MORE (ROUNDS + 1)

static volatile int taken;
static volatile bool over;
static int *turn;

static void take(int number) {
  (void)number;
  __atomic_fetch_add(&taken, 1, __ATOMIC_SEQ_CST);
}

static void *wait_for_signals(void *argument) {
  while (!over) pause();
  return argument;
}

static void change_mask(int how) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  pthread_sigmask(how, &set, 0);
}

static void invite(int round) {
  __atomic_store_n(turn, round, __ATOMIC_RELEASE);
  for (volatile int i = 0; i < round * 37 % 5000; i++) continue;
}

static void *invite_and_end(void *round) {
  invite((int)(intptr_t)round);
  syscall(SYS_exit, 0);
  return 0;
}

// The sender is another process, on another CPU if there is one: it sends once per turn.
static void send_signals(pid_t to) {
  int now;
  for (int i = 1; i <= ROUNDS; i++) {
    while ((now = __atomic_load_n(turn, __ATOMIC_ACQUIRE)) < i) sched_yield();
    if (now == NO_MORE) return;
    kill(to, SIGUSR1);
  }
}

int main(void) {
  limit_time();
  struct sigaction action = {.sa_handler = take};
  sigaction(SIGUSR1, &action, 0), sigaction(SIGUSR2, &action, 0);
  turn = shared_memory(PAGE);
  pid_t self = getpid(), sender = CHILD(send_signals(self));
  pthread_t other = start(wait_for_signals, 0);
  for (int i = 1; i <= ROUNDS && !failures && (i <= LEAST_ROUNDS || !is_late()); i++) {
    int before = taken;
    pthread_t ending = 0;
    if (i % 3) invite(i);
    else ending = start(invite_and_end, (void *)(intptr_t)i);
    change_mask(SIG_BLOCK);
    CHECK(EVENTUALLY(taken > before));
    change_mask(SIG_UNBLOCK);
    if (ending) join(ending);
  }
  __atomic_store_n(turn, NO_MORE, __ATOMIC_RELEASE);
  CHECK_EQ(ended(sender), 0);
  over = true;
  pthread_kill(other, SIGUSR2);
  join(other);
  return finish();
}
