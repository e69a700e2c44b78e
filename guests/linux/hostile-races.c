// hostile-races: threads that change a call's arguments and its memory while the call runs: old or new, or EFAULT, never more.
// not in CI's beds: emulation makes it slow
#include <linux/sched.h>
#include <sys/uio.h>

#include "threads.h"

#define ROUND_NS 200000000ll
#define AREA (16 * PAGE)

static volatile bool stop;
static char *area, *bad = (char *)KERNEL_START;
static struct iovec parts[4];
static char *volatile words[4];
static char *path;

static void *flip_parts(void *argument) {
  for (unsigned i = 0; !stop; i++) {
    *(void *volatile *)&parts[i % 4].iov_base = i % 3 ? area + i % 4 * 100 : bad;
    *(volatile size_t *)&parts[i % 4].iov_len = i % 5 ? 100 : SIZE_MAX - i % 7;
  }
  return argument;
}

// What is written can only be what the area holds: every byte is 'a'.
static void race_parts(void) {
  static char got[65536];
  int fds[2];
  REQUIRE(pipe2(fds, O_NONBLOCK) == 0);
  for (int i = 0; i < 20; i++) {
    ssize_t n = writev(fds[1], parts, 4);
    CHECK(n >= 0 || errno == EFAULT || errno == EINVAL || errno == EAGAIN);
    while ((n = read(fds[0], got, sizeof(got))) > 0)
      for (ssize_t at = 0; at < n; at++) REQUIRE(got[at] == 'a');
  }
  close(fds[0]), close(fds[1]);
}

static void *flip_path(void *argument) {
  static const char one[] = "/dev/null", other[] = "/dev/zero";
  for (unsigned i = 0; !stop; i++) {
    for (size_t at = 5; at < sizeof(one); at++) ((volatile char *)path)[at] = (i % 2 ? one : other)[at];
    // Now and then the path has no end before the page's.
    if (i % 16 == 0) memset(path + 5, '/', 100), *(volatile char *)(path + 105) = 0;
  }
  return argument;
}

static void race_path(void) {
  struct stat status;
  for (int i = 0; i < 20; i++) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) CHECK(errno == ENOENT || errno == ENOTDIR);
    if (fd >= 0) CHECK(fstat(fd, &status) == 0 && (S_ISCHR(status.st_mode) || S_ISDIR(status.st_mode)));
    close(fd);
  }
}

static void *flip_memory(void *argument) {
  char *middle = area + AREA / 2;
  for (unsigned i = 0; !stop; i++) {
    if (i % 3 == 0) CHECK_EQ(mprotect(middle, PAGE, i % 2 ? PROT_NONE : PROT_READ), 0);
    if (i % 3 == 1) CHECK_EQ(munmap(middle, PAGE), 0);
    if (i % 3 == 2) CHECK(mmap(middle, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == middle);
  }
  return argument;
}

// Reads and writes over a hole that comes and goes: complete, or cut where the hole begins.
static void race_memory(void) {
  int zero = open("/dev/zero", O_RDONLY), memfd = memfd_create("sink", 0);
  for (int i = 0; i < 10; i++) {
    ssize_t n = read(zero, area + PAGE, AREA - PAGE);
    CHECK(n >= (ssize_t)(AREA / 2 - PAGE) && n <= (ssize_t)(AREA - PAGE));
    n = pwrite(memfd, area, AREA, 0);
    CHECK((n >= (ssize_t)AREA / 2 && n <= (ssize_t)AREA) || (n == -1 && errno == EFAULT));
  }
  close(zero), close(memfd);
}

static void *flip_words(void *argument) {
  for (unsigned i = 0; !stop; i++) words[i % 4] = i % 5 == 0 ? bad : i % 7 == 0 ? 0 : path + i % 5;
  return argument;
}

// An exec reads its list while another thread changes it: the new program starts with one state of it, or not at all.
static void race_exec(void) {
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // A fork has one thread, so the child starts its own to change the list.
    pthread_t thread;
    if (pthread_create(&thread, 0, flip_words, 0) == 0)
      for (int i = 0; i < 3; i++) execve("/proc/self/exe", (char **)words, (char *[]){"MODE=end", 0});
    _exit(errno == EFAULT || errno == ENOENT ? 8 : 9);
  }
  int status = ended(child);
  CHECK(status == 7 || status == 8);
}

static struct clone_args arguments;
static void *flip_clone(void *argument) {
  for (unsigned i = 0; !stop; i++) {
    *(volatile uint64_t *)&arguments.flags = i % 3 ? 0 : CLONE_SIGHAND;
    *(volatile uint64_t *)&arguments.exit_signal = i % 5 ? SIGCHLD : 65;
    *(volatile uint64_t *)&arguments.stack = i % 7 ? 0 : KERNEL_START;
  }
  return argument;
}

static void race_clone(void) {
  pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (child == 0) _exit(6);
  if (child < 0) CHECK(errno == EINVAL);
  if (child > 0) CHECK_EQ(ended(child), 6);
}

// A call sleeps in memory that is unmapped meanwhile.
static void *write_later(void *fd) {
  sleep_ms(1);
  munmap(area, AREA);
  CHECK_EQ(write((int)(intptr_t)fd, "xyz", 3), 3);
  return 0;
}

static void race_sleep(void) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  pthread_t writer = start(write_later, (void *)(intptr_t)fds[1]);
  CHECK_ERRNO(read(fds[0], area, 3), EFAULT);
  join(writer);
  REQUIRE(mmap(area, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
  close(fds[0]), close(fds[1]);
}

static void race(void *(*changer)(void *), void (*caller)(void)) {
  stop = false;
  pthread_t thread = changer ? start(changer, 0) : 0;
  for (long long until = now_ns() + ROUND_NS; now_ns() < until;) caller();
  stop = true;
  if (thread) join(thread);
}

int main(void) {
  if (getenv("MODE")) return 7;
  limit_time();
  area = mmap(0, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  memset(area, 'a', AREA);
  path = at_page_end(200, 0);
  strcpy(path, "/dev/null");
  race(flip_parts, race_parts);
  race(flip_path, race_path);
  race(flip_memory, race_memory);
  race(0, race_exec);
  race(flip_clone, race_clone);
  race(0, race_sleep);
  return finish();
}
