// Makes the kernel hold ever more of each sort until it says no: hostile-bombs COUNT [SORT]... at most COUNT of each; without
// arguments a few of each. The refusal is an errno; what it held is given back, and can be had again.
// not in CI's beds: emulation makes it slow
#include <dirent.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/timerfd.h>
#include <time.h>

#include "check.h"

#define FEW 50
#define SORT_OF_QUEUE SIGRTMIN

static long limit = FEW;
static char name[256], text[4000], block[1 << 16];

// A bomb's loop: ends at the limit, or with one of the errnos that mean there is no more room.
static bool goes_on(long i, long result) {
  if (result >= 0) return i < limit;
  CHECK(errno == EAGAIN || errno == ENOMEM || errno == ENOSPC || errno == EMFILE || errno == ENFILE || errno == ENOLCK ||
        errno == E2BIG || errno == EPERM || errno == ENOBUFS || errno == ETOOMANYREFS);
  return false;
}

// A name of 250 bytes, different for each number.
static const char *name_of(long i) {
  memset(name, 'n', 250);
  snprintf(name + 240, 11, "%010ld", i);
  return name;
}

static void close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  for (int fd = first; fd < 4096; fd++) close(fd);
}

static int lowest_free(void) {
  int fd = dup(2);
  close(fd);
  return fd;
}

static void unlink_names(long count) {
  for (long i = 0; i < count; i++) unlink(name_of(i));
}

static void bomb_signals(void) {
  long i = 0;
  do i++;
  while (goes_on(i, sigqueue(getpid(), SORT_OF_QUEUE, (union sigval){.sival_int = (int)i})));
  // What kill(2) sends is never refused.
  for (i = 0; i < limit && i < 5000; i++) CHECK(kill(getpid(), SORT_OF_QUEUE) == 0 && kill(getpid(), SIGUSR1) == 0);
  signal(SORT_OF_QUEUE, SIG_IGN), signal(SORT_OF_QUEUE, SIG_DFL);
}

static void bomb_timers(void) {
  static timer_t timers[1 << 20];
  struct itimerspec far = {.it_value.tv_sec = 1000000};
  long i = 0;
  while (i < (1 << 20) && goes_on(i, timer_create(CLOCK_MONOTONIC, NULL, &timers[i]))) timer_settime(timers[i++], 0, &far, NULL);
  while (i-- > 0) timer_delete(timers[i]);
}

static void bomb_symlinks(void) {
  long i = 0;
  while (goes_on(i, symlink(text, name_of(i)))) i++;
  unlink_names(i + 1);
}

static void bomb_files(void) {
  long i = 0;
  struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
  for (;; i++) {
    if (!goes_on(i, mknod(name_of(i), S_IFREG | 0600, 0))) break;
    utimensat(AT_FDCWD, name, times, 0);
  }
  unlink_names(i + 1);
}

static void bomb_links(void) {
  long i = 0;
  write_file("file", "", 0);
  while (goes_on(i, link("file", name_of(i)))) i++;
  unlink_names(i + 1), unlink("file");
}

static void bomb_directories(void) {
  long depth = 0;
  while (goes_on(depth, mkdir("d", 0700)) && chdir("d") == 0) depth++;
  rmdir("d");
  while (depth-- > 0) CHECK(chdir("..") == 0 && rmdir("d") == 0);
}

// Removed directories, each chain of them held by one descriptor of the deepest.
static void bomb_removed_directories(void) {
  int first = lowest_free();
  for (long round = 0; round < 30 && round < limit / 10; round++) {
    long depth = 0;
    while (depth < 1000 && goes_on(depth, mkdir("d", 0700)) && chdir("d") == 0) depth++;
    rmdir("d");
    if (open(".", O_RDONLY) < 0) round = 30;
    while (depth-- > 0) CHECK(chdir("..") == 0 && rmdir("d") == 0);
  }
  close_from(first);
}

// Each path leads through a thousand directories.
static void bomb_deep_files(void) {
  static char path[4096];
  int first = lowest_free(), depth = 0;
  for (; depth < 1000 && depth < limit && mkdir("d", 0700) == 0 && chdir("d") == 0; depth++) strcat(path, "d/");
  for (int i = 0; i < depth; i++) CHECK_EQ(chdir(".."), 0);
  strcat(path, ".");
  for (long i = 0; goes_on(i, open(path, O_RDONLY)) && i < 20000;) i++;
  close_from(first);
  path[0] = 0;
  for (int i = 0; i < depth - 1; i++) CHECK_EQ(chdir("d"), 0);
  for (int i = 0; i < depth; i++) {
    CHECK_EQ(rmdir("d"), 0);
    if (i + 1 < depth) CHECK_EQ(chdir(".."), 0);
  }
}

static void fill(int fd) {
  while (write(fd, block, sizeof block) > 0) continue;
}

static void bomb_pipes(void) {
  int first = lowest_free(), fds[2];
  for (long i = 0; goes_on(i, pipe2(fds, O_NONBLOCK)); i++) {
    if (i % 2) fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
    fill(fds[1]);
  }
  close_from(first);
}

// Full sockets, listeners with connections, and chains of sockets that only messages hold.
static void bomb_sockets(void) {
  int first = lowest_free(), fds[2];
  for (long i = 0; goes_on(i, socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, fds)); i++)
    for (long sent = 0; sent < limit && send(fds[0], block, i % 3 ? 1 : 4000, MSG_DONTWAIT) > 0; sent++) continue;
  close_from(first);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t length = sizeof(address);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(listener, (void *)&address, 2) == 0 && listen(listener, 4096) == 0);
  CHECK(getsockname(listener, (void *)&address, &length) == 0);
  for (long i = 0, fd; goes_on(i, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) && goes_on(i, connect((int)fd, (void *)&address, length));) i++;
  close_from(first);
}

static void bomb_rights(void) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  int first = lowest_free(), inner = -1, fds[2];
  for (long i = 0; goes_on(i, socketpair(AF_UNIX, SOCK_STREAM, 0, fds)); i++) {
    int carried = inner < 0 ? fds[1] : inner;
    memcpy(CMSG_DATA(&control.header), &carried, sizeof(carried));
    if (!goes_on(i, sendmsg(fds[0], &message, MSG_DONTWAIT))) break;
    // A cycle, and after it a row that grows.
    if (inner >= 0) close(inner);
    close(fds[0]);
    inner = fds[1];
  }
  close_from(first);
}

static void bomb_epoll(void) {
  struct epoll_event event = {.events = EPOLLIN};
  int first = lowest_free(), set = epoll_create1(0), counter = eventfd(0, 0);
  for (long i = 0, copy; goes_on(i, copy = dup(counter)) && goes_on(i, epoll_ctl(set, EPOLL_CTL_ADD, (int)copy, &event));) i++;
  close_from(first);
  first = lowest_free(), counter = eventfd(0, 0);
  for (long i = 0; goes_on(i, set = epoll_create1(0)) && goes_on(i, epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));) i++;
  close_from(first);
}

static void bomb_descriptors(void) {
  int first = lowest_free();
  long i = 0;
  while (goes_on(i, eventfd(0, EFD_CLOEXEC)) && goes_on(i, timerfd_create(CLOCK_MONOTONIC, 0))) i++;
  close_from(first);
  for (i = 0; goes_on(i, syscall(SYS_memfd_create, "memfd", 0));) i++;
  close_from(first);
  for (i = 0; goes_on(i, fcntl(2, F_DUPFD_CLOEXEC, 0));) i++;
  close_from(first);
  for (i = 0; goes_on(i, open("/proc/self/status", O_RDONLY));) i++;
  close_from(first);
}

static void bomb_unlinked_files(void) {
  int first = lowest_free();
  for (long i = 0; goes_on(i, open(name_of(i), O_RDWR | O_CREAT, 0600)); i++) unlink(name);
  unlink(name);
  close_from(first);
}

static void bomb_locks(void) {
  int first = lowest_free();
  for (long file = 0; file < limit; file++) {
    int fd = open(name_of(file), O_RDWR | O_CREAT, 0600);
    unlink(name);
    if (!goes_on(file, fd)) break;
    long i = 0, result = 0;
    for (; i < 300; i++) {
      struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i * 2, .l_len = 1};
      if ((result = fcntl(fd, F_SETLK, &lock)) != 0) break;
    }
    if (!goes_on(i, result) || !goes_on(i, flock(fd, LOCK_EX | LOCK_NB)) || file * 300 > limit) break;
  }
  close_from(first);
}

static void show_mappings(long count, const char *file) {
  size_t size = 70000 * PAGE;
  char *area = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(area != MAP_FAILED);
  for (long i = 0; i < count && goes_on(i, mprotect(area + i * 2 * PAGE, PAGE, PROT_NONE));) i++;
  // Each open file, once read, holds the text of all mappings.
  int first = lowest_free();
  char byte;
  for (long i = 0, fd; i < 60 && goes_on(i, fd = open(file, O_RDONLY)) && goes_on(i, read((int)fd, &byte, 1));) i++;
  close_from(first);
  CHECK_EQ(munmap(area, size), 0);
}

static void bomb_mappings(void) { show_mappings(35000, "/proc/self/maps"); }

// Some twenty lines for each mapping.
static void bomb_smaps(void) { show_mappings(10000, "/proc/self/smaps"); }

static void bomb_lists(void) {
  long files = 0;
  int first = lowest_free();
  char entries[4096];
  while (files < 2000 && goes_on(files, mknod(name_of(files), S_IFREG | 0600, 0))) files++;
  for (long i = 0, fd; goes_on(i, fd = open(".", O_RDONLY)) && goes_on(i, syscall(SYS_getdents64, fd, entries, sizeof entries));) i++;
  close_from(first), unlink_names(files + 1);
}

static void bomb_numbers(void) {
  for (long i = 0; i < limit && i < 20000; i++) CHECK_ERRNO(syscall(1000000 + i), ENOSYS);
}

static void bomb_poll(void) {
  struct rlimit descriptors;
  int counter = eventfd(0, 0);
  getrlimit(RLIMIT_NOFILE, &descriptors);
  size_t count = descriptors.rlim_cur < (size_t)limit ? descriptors.rlim_cur : (size_t)limit;
  if (count > 200000) count = 200000;
  struct pollfd *polled = calloc(count, sizeof *polled);
  REQUIRE(polled != NULL);
  for (size_t i = 0; i < count; i++) polled[i] = (struct pollfd){.fd = counter, .events = POLLIN};
  CHECK_EQ(poll(polled, count, 20), 0);
  free(polled), close(counter);
}

static const struct {
  const char *name;
  void (*play)(void);
} bombs[] = {
    {"signals", bomb_signals},
    {"timers", bomb_timers},
    {"symlinks", bomb_symlinks},
    {"files", bomb_files},
    {"links", bomb_links},
    {"directories", bomb_directories},
    {"removed-directories", bomb_removed_directories},
    {"deep-files", bomb_deep_files},
    {"pipes", bomb_pipes},
    {"sockets", bomb_sockets},
    {"rights", bomb_rights},
    {"epoll", bomb_epoll},
    {"descriptors", bomb_descriptors},
    {"unlinked-files", bomb_unlinked_files},
    {"locks", bomb_locks},
    {"mappings", bomb_mappings},
    {"smaps", bomb_smaps},
    {"lists", bomb_lists},
    {"numbers", bomb_numbers},
    {"poll", bomb_poll},
};

// One page of a file everywhere, so that only tables are needed: not part of "all", because it gets killed.
static void bomb_far_pages(void) {
  char *area = mmap(NULL, (size_t)40000 << 21, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(area != MAP_FAILED);
  write_file("page", "x", 1);
  int file = open("page", O_RDONLY);
  size_t mapped = 0;
  for (; mapped < 40000 && mapped < (size_t)limit; mapped++) {
    char *page = mmap(area + (mapped << 21), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);
    if (!goes_on((long)mapped, page == MAP_FAILED ? -1 : 0)) break;
  }
  for (size_t i = 0; i < mapped; i++) CHECK_EQ(area[i << 21], 'x');
}

static bool is_wanted(const char *sort, int argc, char **argv) {
  for (int i = 2; i < argc; i++)
    if (strcmp(argv[i], sort) == 0) return true;
  return argc <= 2;
}

// Root may have as many of these as exist.
static void raise_limit(int resource, rlim_t wanted) {
  struct rlimit raised = {wanted, wanted};
  setrlimit(resource, &raised);
}

int main(int argc, char **argv) {
  sigset_t blocked;
  if (argc > 1) {
    limit = atol(argv[1]);
    raise_limit(RLIMIT_NOFILE, 1 << 20), raise_limit(RLIMIT_SIGPENDING, RLIM_INFINITY);
  }
  sigemptyset(&blocked), sigaddset(&blocked, SORT_OF_QUEUE), sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  memset(text, 't', sizeof text - 1);
  enter_scratch();
  for (size_t i = 0; i < COUNT(bombs); i++)
    if (is_wanted(bombs[i].name, argc, argv)) bombs[i].play();
  if (argc > 2 && is_wanted("far-pages", argc, argv)) bomb_far_pages();
  return finish();
}
