// fcntl: descriptor and status flags, F_DUPFD, record locks within one process. man 2 fcntl, man 2 flock.
#include <sys/file.h>

#include "check.h"

static int file;

static void check_flags(void) {
  CHECK_EQ(fcntl(file, F_GETFD), 0);
  CHECK_EQ(fcntl(file, F_SETFD, FD_CLOEXEC), 0);
  CHECK_EQ(fcntl(file, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(file, F_SETFD, 0), 0);
  CHECK_EQ(fcntl(file, F_GETFL) & ~KERNEL_O_LARGEFILE, O_RDWR);
  CHECK_EQ(fcntl(file, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY | O_CREAT), 0);
  CHECK_EQ(fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_CREAT), O_RDWR | O_APPEND | O_NONBLOCK);
  CHECK_EQ(pwrite(file, "0123456789", 10, 0), 10);
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  CHECK_EQ(write(file, "ab", 2), 2);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 12);
  CHECK_EQ(fcntl(file, F_SETFL, 0), 0);
  CHECK_EQ(fcntl(file, F_GETFL) & (O_APPEND | O_NONBLOCK), 0);
}

static void check_duplicates(void) {
  int a = fcntl(file, F_DUPFD, 50), b = fcntl(file, F_DUPFD, 50), c = fcntl(file, F_DUPFD_CLOEXEC, 50);
  CHECK(a == 50 && b == 51 && c == 52);
  CHECK_EQ(fcntl(b, F_GETFD), 0);
  CHECK_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
  close(a), close(b), close(c);
  CHECK_ERRNO(fcntl(file, F_DUPFD, -1), EINVAL);
  CHECK_ERRNO(fcntl(12345, F_GETFD), EBADF);
  CHECK_ERRNO(fcntl(file, 12345), EINVAL);
}

// A process does not conflict with itself; open-file-description locks do.
static void check_locks(void) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 5};
  int other = open("file", O_RDWR), reader = open("file", O_RDONLY);
  CHECK_EQ(fcntl(file, F_SETLK, &lock), 0);
  CHECK_EQ(fcntl(other, F_SETLK, &lock), 0);
  CHECK_EQ(fcntl(other, F_GETLK, &lock), 0);
  CHECK_EQ(lock.l_type, F_UNLCK);
  lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
  CHECK_ERRNO(fcntl(reader, F_SETLK, &lock), EBADF);
  lock.l_type = 77;
  CHECK_ERRNO(fcntl(file, F_SETLK, &lock), EINVAL);
  lock = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET};
  CHECK_EQ(fcntl(file, F_SETLKW, &lock), 0);

  lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4};
  CHECK_EQ(fcntl(file, F_OFD_SETLK, &lock), 0);
  lock.l_start = 5;
  CHECK_ERRNO(fcntl(other, F_OFD_SETLK, &lock), EAGAIN);
  CHECK_EQ(fcntl(other, F_OFD_GETLK, &lock), 0);
  CHECK(lock.l_type == F_WRLCK && lock.l_start == 2 && lock.l_len == 4 && lock.l_pid == -1);
  lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 6, .l_len = 4};
  CHECK_EQ(fcntl(other, F_OFD_SETLK, &lock), 0);
  close(other), close(reader);
}

static void check_flock(void) {
  int a = open("file", O_RDWR), b = open("file", O_RDONLY);
  CHECK_EQ(flock(a, LOCK_SH), 0);
  CHECK_EQ(flock(b, LOCK_SH | LOCK_NB), 0);
  CHECK_ERRNO(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
  CHECK_EQ(flock(b, LOCK_UN), 0);
  CHECK_EQ(flock(a, LOCK_EX | LOCK_NB), 0);
  CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  close(a);
  CHECK_EQ(flock(b, LOCK_EX | LOCK_NB), 0);
  CHECK_ERRNO(flock(b, 16), EINVAL);
  close(b);
}

int main(void) {
  enter_scratch();
  file = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(file >= 0);
  check_flags();
  check_duplicates();
  check_locks();
  check_flock();
  return finish();
}
