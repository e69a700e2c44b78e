// locks-closed: a descriptor is closed while a thread waits for a lock through it: no lock is left. man 2 fcntl, flock.
#include <sys/file.h>

#include "threads.h"

static int waiting_fd;
static volatile pid_t waiting_tid;

static int lock(int fd, int command, short type) {
  struct flock range = {.l_type = type, .l_whence = SEEK_SET};
  return fcntl(fd, command, &range);
}

static void *wait_record(void *argument) {
  waiting_tid = gettid();
  int result = lock(waiting_fd, F_SETLKW, F_WRLCK);
  CHECK(result == -1 && errno == EBADF);
  return argument;
}

static void *wait_description(void *argument) {
  waiting_tid = gettid();
  CHECK_EQ(lock(waiting_fd, F_OFD_SETLKW, F_WRLCK), 0);
  return argument;
}

static void *wait_whole(void *argument) {
  waiting_tid = gettid();
  CHECK_EQ(flock(waiting_fd, LOCK_EX), 0);
  return argument;
}

static bool is_waiting(void) { return waiting_tid && state_of_thread(waiting_tid) == 'S'; }

// The parent holds the lock until the child's thread waits for it and the child has closed the descriptor.
static void check(void *(*waiter)(void *), int command) {
  struct gate closed = new_gate(), got = new_gate(), end = new_gate();
  int fd = open("file", O_RDWR);
  CHECK_EQ(command ? lock(fd, command, F_WRLCK) : flock(fd, LOCK_EX), 0);
  pid_t child;
  IN_CHILD(child) {
    close(fd);
    waiting_tid = 0, waiting_fd = open("file", O_RDWR);
    pthread_t thread = start(waiter, 0);
    CHECK(EVENTUALLY(is_waiting()));
    CHECK_EQ(close(waiting_fd), 0);
    open_gate(closed);
    join(thread);
    open_gate(got);
    // Before the process has ended, too.
    pass_gate(end);
  }
  pass_gate(closed);
  CHECK_EQ(command ? lock(fd, command, F_UNLCK) : flock(fd, LOCK_UN), 0);
  pass_gate(got);
  int other = open("file", O_RDWR);
  if (command == F_SETLKW) CHECK_EQ(lock(other, F_SETLK, F_WRLCK), 0);
  if (command == F_OFD_SETLKW) CHECK_EQ(lock(other, F_OFD_SETLK, F_WRLCK), 0);
  if (!command) CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  open_gate(end);
  CHECK_EQ(ended(child), 0);
  close(other), close(fd);
  remove_gate(closed), remove_gate(got), remove_gate(end);
}

int main(void) {
  limit_time();
  enter_scratch();
  write_file("file", "", 0);
  check(wait_record, F_SETLKW);
  check(wait_description, F_OFD_SETLKW);
  check(wait_whole, 0);
  return finish();
}
