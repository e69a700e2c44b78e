// locks-processes: record locks, locks of open files and flock between processes; who inherits and who loses them. man 2 fcntl, flock.
// not in CI's beds: emulation makes it slow
#include <sys/file.h>

#include "processes.h"

static int lock(int fd, int command, int type, off_t start, off_t length) {
  struct flock range = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &range);
}

// The lock that keeps this process from locking; F_UNLCK if there is none.
static struct flock holder(int fd, int command, int type, off_t start, off_t length) {
  struct flock range = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  CHECK_EQ(fcntl(fd, command, &range), 0);
  return range;
}

static void check_records(void) {
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  pid_t self = getpid();
  CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 10, 20), 0);
  CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 20, 5), 0);
  // 10-19 write, 20-24 read, 25-29 write. None of it is inherited.
  CHECK_IN_CHILD {
    struct flock found = holder(fd, F_GETLK, F_WRLCK, 0, 0);
    CHECK(found.l_type == F_WRLCK && found.l_start == 10 && found.l_len == 10 && found.l_pid == self);
    CHECK(found.l_whence == SEEK_SET);
    found = holder(fd, F_GETLK, F_RDLCK, 20, 0);
    CHECK(found.l_type == F_WRLCK && found.l_start == 25 && found.l_len == 5);
    CHECK_EQ(holder(fd, F_GETLK, F_WRLCK, 30, 0).l_type, F_UNLCK);
    CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 20, 5), 0);
    CHECK_ERRNO(lock(fd, F_SETLK, F_WRLCK, 20, 1), EAGAIN);
    CHECK_ERRNO(lock(fd, F_SETLK, F_RDLCK, 29, 1), EAGAIN);
    CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
    CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 30, 0), 0);
    // Unlocking is always allowed, and frees only one's own locks.
    CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 0, 0), 0);
    CHECK_ERRNO(lock(fd, F_SETLK, F_RDLCK, 15, 1), EAGAIN);
  }
  // Closing any descriptor of the file frees all locks of the process.
  int again = open("file", O_RDONLY);
  CHECK_ERRNO(lock(again, F_SETLK, F_WRLCK, 0, 1), EBADF);
  close(again);
  CHECK_IN_CHILD CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
  CHECK_ERRNO(lock(fd, F_SETLK, 99, 0, 0), EINVAL);
  CHECK_ERRNO(lock(fd, F_SETLK, F_WRLCK, -5, 2), EINVAL);
  CHECK_ERRNO(lock(-1, F_SETLK, F_WRLCK, 0, 0), EBADF);
  CHECK_ERRNO(fcntl(fd, F_SETLK, (void *)8), EFAULT);
  close(fd);
}

static volatile int caught;
static void catch(int number) { caught = number; }

static void check_waiting(void) {
  struct gate ready = new_gate();
  int fd = open("file", O_RDWR), *order = shared_memory(PAGE);
  pid_t child;
  CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
  IN_CHILD(child) {
    open_gate(ready);
    CHECK_EQ(lock(fd, F_SETLKW, F_RDLCK, 5, 1), 0);
    CHECK_EQ(*order, 1);
  }
  pass_gate(ready);
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  *order = 1;
  CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 5, 1), 0);
  CHECK_EQ(ended(child), 0);

  // The end of the holder frees them.
  child = CHILD((lock(fd, F_SETLK, F_WRLCK, 100, 1), open_gate(ready), pause()));
  pass_gate(ready);
  CHECK_ERRNO(lock(fd, F_SETLK, F_WRLCK, 100, 1), EAGAIN);
  kill(child, SIGKILL);
  CHECK_EQ(lock(fd, F_SETLKW, F_WRLCK, 100, 1), 0);
  CHECK_EQ(ended(child), 128 + SIGKILL);

  // Two that would wait for each other for ever: the second gets an error. A handler ends a wait.
  IN_CHILD(child) {
    CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 200, 1), 0);
    open_gate(ready);
    CHECK_EQ(lock(fd, F_SETLKW, F_WRLCK, 100, 1), 0);
  }
  pass_gate(ready);
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  CHECK_ERRNO(lock(fd, F_SETLKW, F_WRLCK, 200, 1), EDEADLK);
  lock(fd, F_SETLK, F_UNLCK, 100, 1);
  CHECK_EQ(ended(child), 0);
  IN_CHILD(child) {
    struct sigaction action = {.sa_handler = catch};
    sigaction(SIGUSR1, &action, 0);
    open_gate(ready);
    CHECK_ERRNO(lock(fd, F_SETLKW, F_WRLCK, 0, 1), EINTR);
  }
  pass_gate(ready);
  CHECK(EVENTUALLY((kill(child, SIGUSR1), waitid(P_PID, (id_t)child, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                                              state_of(child) == 'Z')));
  CHECK_EQ(ended(child), 0);
  close(fd), munmap(order, PAGE), remove_gate(ready);
}

// Locks of an open file: all that share the file share them, and only the last close frees them.
static void check_open_file_locks(void) {
  int fd = open("file", O_RDWR), other = open("file", O_RDWR);
  CHECK_EQ(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
  CHECK_ERRNO(lock(other, F_OFD_SETLK, F_RDLCK, 0, 1), EAGAIN);
  CHECK_ERRNO(lock(other, F_SETLK, F_RDLCK, 0, 1), EAGAIN);
  CHECK_EQ(holder(other, F_GETLK, F_WRLCK, 0, 0).l_pid, -1);
  CHECK_IN_CHILD {
    CHECK_EQ(lock(fd, F_OFD_SETLK, F_RDLCK, 0, 5), 0);
    CHECK_ERRNO(lock(other, F_OFD_SETLK, F_WRLCK, 0, 5), EAGAIN);
    CHECK_EQ(lock(other, F_OFD_SETLK, F_RDLCK, 0, 5), 0);
  }
  CHECK_EQ(holder(other, F_OFD_GETLK, F_WRLCK, 7, 1).l_type, F_WRLCK);
  struct flock with_pid = {.l_type = F_WRLCK, .l_pid = 5};
  CHECK_ERRNO(fcntl(fd, F_OFD_SETLK, &with_pid), EINVAL);
  pid_t child = CHILD(for (;;) pause());
  close(fd);
  CHECK_ERRNO(lock(other, F_OFD_SETLK, F_WRLCK, 7, 1), EAGAIN);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
  CHECK_EQ(lock(other, F_OFD_SETLKW, F_WRLCK, 0, 0), 0);
  close(other);
}

static void check_flock(void) {
  int fd = open("file", O_RDWR), other = open("file", O_RDONLY);
  CHECK_EQ(flock(fd, LOCK_EX), 0);
  CHECK_ERRNO(flock(other, LOCK_SH | LOCK_NB), EAGAIN);
  // A flock belongs to the open file: a child holds it too, may change it, and may free it.
  CHECK_IN_CHILD {
    CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    int own = open("file", O_RDONLY);
    CHECK_ERRNO(flock(own, LOCK_SH | LOCK_NB), EAGAIN);
    CHECK_EQ(flock(fd, LOCK_SH), 0);
    CHECK_EQ(flock(own, LOCK_SH | LOCK_NB), 0);
  }
  CHECK_ERRNO(flock(other, LOCK_EX | LOCK_NB), EAGAIN);
  CHECK_EQ(flock(other, LOCK_SH | LOCK_NB), 0);
  CHECK_EQ(flock(other, LOCK_UN), 0);
  CHECK_EQ(ended(CHILD(flock(fd, LOCK_UN))), 0);
  CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  CHECK_EQ(flock(other, LOCK_UN), 0);
  // The two kinds of locks do not conflict.
  CHECK_EQ(flock(fd, LOCK_EX), 0);
  CHECK_IN_CHILD CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
  pid_t child;
  IN_CHILD(child) {
    close(fd);
    CHECK_EQ(flock(other, LOCK_EX), 0);
  }
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  close(fd);
  CHECK_EQ(ended(child), 0);
  CHECK_ERRNO(flock(other, 0), EINVAL);
  CHECK_ERRNO(flock(-1, LOCK_SH), EBADF);
  close(other);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_records();
  check_waiting();
  check_open_file_locks();
  check_flock();
  return finish();
}
