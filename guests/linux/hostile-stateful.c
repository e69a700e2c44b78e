// hostile-stateful: graphs of descriptors, deep trees and huge counts, at random, under small caps: all calls return. man 2 syscalls.
// not in CI's beds: emulation makes it slow
// only under hv
//
// hostile-stateful [SEED [SECONDS]]: what a worker does follows from SEED, one worker after another.
#include <dirent.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "fuzz.h"

#define ACTIONS 2000
#define FEW_ACTIONS 300
#define MOST_FDS 400u
#define MANY 1024u
#define DEEP 200u
#define AREA_PAGES 8192u

static int actions = FEW_ACTIONS;
static char *area, block[1 << 16];
static char long_path[4096];

static void nothing(int number) { (void)number; }

static int fd_of(Source *s) { return FIRST_FD + (int)below(s, MOST_FDS); }
static char *somewhere(Source *s) { return area + below(s, AREA_PAGES) * PAGE_BYTES; }
static size_t some_pages(Source *s) { return (1 + below(s, one_in(s, 4) ? AREA_PAGES : 16)) * PAGE_BYTES; }
static unsigned some_count(Source *s) { return (unsigned)PICK(s, 1, 16, 255, 1023, 1024, 1025, 4096, 65536, 1 << 20, INT32_MAX); }

// Names at most three directories deep, or one that was made deep.
static const char *a_name(Source *s, char name[64]) {
  static const char *const parts[] = {"a", "b", "c", "d", "..", "."};
  name[0] = 0;
  for (unsigned i = 1 + below(s, 3); i > 0; i--) strcat(strcat(name, parts[below(s, COUNT(parts))]), i > 1 ? "/" : "");
  return name;
}

static void send_descriptors(Source *s) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(253 * sizeof(int))];
  } control;
  unsigned count = one_in(s, 3) ? 253 : 1 + below(s, 8);
  struct iovec part = {block, 1 + below(s, 2000)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  for (unsigned i = 0; i < count; i++) {
    int fd = fd_of(s);
    // One descriptor that is not open fails them all.
    if (fcntl(fd, F_GETFD) < 0) fd = 0;
    memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
  }
  int socket = fd_of(s);
  for (unsigned i = one_in(s, 4) ? 50 : 1; i > 0 && sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0; i--) continue;
}

static void receive_descriptors(Source *s) {
  char control[CMSG_SPACE(253 * sizeof(int))];
  struct iovec part = {block, below(s, sizeof block)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = below(s, sizeof control)};
  recvmsg(fd_of(s), &message, (int)(MSG_DONTWAIT | SOME(s, MSG_PEEK, MSG_CMSG_CLOEXEC, MSG_TRUNC)));
}

static void make_descriptor(Source *s) {
  int pair[2];
  char name[64];
  switch (below(s, 10)) {
    case 0: socketpair(AF_UNIX, (int)PICK(s, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET) | SOCK_NONBLOCK, 0, pair); break;
    case 1: pipe2(pair, O_NONBLOCK); break;
    case 2: epoll_create1(0); break;
    case 3: eventfd(below(s, 3), EFD_NONBLOCK); break;
    case 4: timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); break;
    case 5: inotify_init1(IN_NONBLOCK); break;
    case 6: memfd_create("m", 0); break;
    case 7: open(a_name(s, name), O_RDONLY | O_DIRECTORY); break;
    case 8: open(a_name(s, name), O_RDWR | O_CREAT | O_NONBLOCK | (int)SOME(s, O_APPEND), 0600); break;
    default: open(".", O_TMPFILE | O_RDWR, 0600);
  }
}

static void use_graph(Source *s) {
  struct itimerspec often = {{0, 100000}, {0, 1}};
  struct epoll_event event = {(uint32_t)(SOME(s, EPOLLIN, EPOLLOUT, EPOLLET, EPOLLONESHOT)), {0}}, events[64];
  char name[64];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  switch (below(s, 18)) {
    case 0: case 1: make_descriptor(s); break;
    case 2: dup2(fd_of(s), fd_of(s)); break;
    case 3: send_descriptors(s); break;
    case 4: case 5: receive_descriptors(s); break;
    case 6: case 7: epoll_ctl(fd_of(s), (int)PICK(s, EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL), fd_of(s), &event); break;
    case 8: epoll_wait(fd_of(s), events, COUNT(events), 0); break;
    case 9: close(fd_of(s)); break;
    case 10: if (one_in(s, 50)) syscall(SYS_close_range, fd_of(s), ~0u, 0); break;
    case 11: timerfd_settime(fd_of(s), 0, &often, 0); break;
    case 12: write(fd_of(s), block, below(s, sizeof block)); break;
    case 13: read(fd_of(s), block, below(s, sizeof block)); break;
    case 14: inotify_add_watch(fd_of(s), a_name(s, name), IN_ALL_EVENTS); break;
    case 15: splice(fd_of(s), 0, fd_of(s), 0, 1 << 20, SPLICE_F_NONBLOCK); break;
    case 16: tee(fd_of(s), fd_of(s), 1 << 20, SPLICE_F_NONBLOCK); break;
    default:
      a_name(s, address.sun_path);
      if (one_in(s, 2)) bind(fd_of(s), (struct sockaddr *)&address, sizeof address);
      else connect(fd_of(s), (struct sockaddr *)&address, sizeof address);
  }
}

static void use_tree(Source *s) {
  char name[64], other[64];
  struct stat stat;
  a_name(s, name), a_name(s, other);
  switch (below(s, 16)) {
    case 0: case 1: mkdir(name, 0700); break;
    case 2: rename(name, other); break;
    case 3: syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, other, PICK(s, 0, 1, 2)); break;
    case 4: link(name, other); break;
    case 5: symlink(other, name); break;
    case 6: unlink(name); break;
    case 7: rmdir(name); break;
    case 8: chdir(one_in(s, 4) ? scratch_path : name); break;
    case 9:
      for (unsigned i = 1 + below(s, DEEP); i > 0 && mkdir("d", 0700) == 0 && chdir("d") == 0; i--) continue;
      break;
    case 10: lstat(long_path + 2 * below(s, sizeof long_path / 2), &stat); break;
    case 11: getcwd(block, sizeof block); break;
    case 12:
      for (unsigned i = below(s, 300); i > 0; i--) {
        snprintf(other, sizeof other, "n%u", below(s, 100000));
        if (mknod(other, S_IFREG | 0600, 0) != 0) break;
      }
      break;
    case 13: syscall(SYS_getdents64, fd_of(s), block, PICK(s, 1, 24, 100, 4096, 65536)); break;
    case 14: lseek(fd_of(s), (long)PICK(s, 0, 1, 100, INT64_MAX), (int)below(s, 5)); break;
    default: ftruncate(fd_of(s), (long)PICK(s, 0, 1, 1 << 20, 1l << 40, INT64_MAX));
  }
}

static void use_memory(Source *s) {
  char *at = somewhere(s);
  size_t length = some_pages(s);
  if (at + length > area + AREA_PAGES * PAGE_BYTES) length = (size_t)(area + AREA_PAGES * PAGE_BYTES - at);
  int prot = (int)SOME(s, PROT_READ, PROT_WRITE);
  switch (below(s, 10)) {
    case 0: mmap(at, length, prot, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); break;
    case 1: mmap(at, length, prot, MAP_FIXED | (int)PICK(s, MAP_SHARED, MAP_PRIVATE), fd_of(s), below(s, 4) * PAGE_BYTES); break;
    case 2: mprotect(at, length, prot); break;
    case 3: madvise(at, length, (int)PICK(s, MADV_DONTNEED, MADV_REMOVE, MADV_WILLNEED, MADV_FREE)); break;
    case 4: munmap(at, length); break;
    case 5:
      for (unsigned i = 0; i < 500; i++) mprotect(area + 2 * below(s, AREA_PAGES / 2) * PAGE_BYTES, PAGE_BYTES, prot);
      break;
    case 6: mremap(at, PAGE_BYTES * (1 + below(s, 20)), length, 0); break;
    case 7: mincore(at, length, (unsigned char *)block); break;
    case 8: msync(at, length, MS_SYNC); break;
    default: read(fd_of(s), at, length);
  }
}

static void use_counts(Source *s) {
  static struct iovec parts[MANY + 1];
  static struct pollfd polled[MANY];
  static struct mmsghdr messages[MANY];
  int fd = fd_of(s);
  struct flock lock = {.l_type = (short)PICK(s, F_RDLCK, F_WRLCK, F_UNLCK), .l_whence = SEEK_SET, .l_start = 2 * below(s, 5000), .l_len = 1};
  struct timespec none = {0, 0};
  for (unsigned i = 0; i <= MANY; i++) parts[i] = (struct iovec){one_in(s, 8) ? somewhere(s) : block, one_in(s, 8) ? sizeof block : below(s, 100)};
  for (unsigned i = 0; i < MANY; i++) polled[i] = (struct pollfd){fd_of(s), POLLIN | POLLOUT, 0};
  switch (below(s, 22)) {
    case 0: readv(fd, parts, (int)some_count(s)); break;
    case 1: writev(fd, parts, (int)some_count(s)); break;
    case 2: preadv(fd, parts, MANY, 1l << PICK(s, 0, 20, 40, 62)); break;
    case 3: pwritev(fd, parts, MANY, 1l << PICK(s, 0, 12, 20, 33)); break;
    case 4: process_vm_readv(getpid(), parts, MANY, parts, MANY, 0); break;
    case 5: poll(polled, MANY, 0); break;
    case 6: poll((struct pollfd *)area, some_count(s), 0); break;
    case 7: syscall(SYS_epoll_pwait, fd, area, some_count(s), 0, 0, 8); break;
    case 8: syscall(SYS_futex, somewhere(s), FUTEX_WAKE, INT32_MAX, 0, 0, 0); break;
    case 9: syscall(SYS_futex, somewhere(s), FUTEX_CMP_REQUEUE, INT32_MAX, INT32_MAX, somewhere(s), 0); break;
    case 10: syscall(SYS_sendmmsg, fd, messages, MANY, MSG_DONTWAIT | MSG_NOSIGNAL); break;
    case 11: syscall(SYS_recvmmsg, fd, messages, MANY, MSG_DONTWAIT, &none); break;
    case 12: sendfile(fd, fd_of(s), 0, some_count(s)); break;
    case 13: syscall(SYS_copy_file_range, fd, 0, fd_of(s), 0, some_count(s), 0); break;
    case 14: syscall(SYS_fallocate, fd, PICK(s, 0, 1, 3, 16), 0l, 1l << PICK(s, 12, 20, 32, 40, 62)); break;
    case 15: pwrite(fd, block, below(s, 5000), (long)below(s, 1 << 20) << PICK(s, 0, 10, 20)); break;
    case 16: fcntl(fd, F_SETLK, &lock); break;
    case 17: fcntl(fd, F_SETPIPE_SZ, 1 << PICK(s, 12, 16, 20, 30)); break;
    case 18: syscall(SYS_setgroups, below(s, 2) ? 4096 : some_count(s), area); break;
    case 19: syscall(SYS_getrandom, somewhere(s), some_count(s), 0); break;
    case 20: {
      int maps = open(PICK(s, 0, 1) ? "/proc/self/maps" : "/proc/self/smaps", O_RDONLY);
      for (int i = 0; i < 20 && read(maps, block, sizeof block) > 0; i++) continue;
      close(maps);
      break;
    }
    default: {
      struct sigevent event = {.sigev_notify = SIGEV_NONE};
      for (int i = 0, timer; i < 100 && syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0; i++) continue;
    }
  }
}

static void work(uint64_t seed) {
  static void (*const choices[])(Source *) = {use_graph, use_graph, use_graph, use_tree, use_tree, use_memory, use_counts};
  struct rlimit files = {MOST_FDS + FIRST_FD, MOST_FDS + FIRST_FD};
  struct itimerval often = {{0, 20000}, {0, 20000}};
  Source s = {seed};
  // Without SA_RESTART: a waiting call is interrupted.
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, 0), signal(SIGPIPE, SIG_IGN), signal(SIGIO, SIG_IGN), signal(SIGXFSZ, SIG_IGN);
  setitimer(ITIMER_REAL, &often, 0);
  setrlimit(RLIMIT_NOFILE, &files);
  // Nobody reads what it prints.
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < FIRST_FD; fd++) dup2(null, fd);
  for (unsigned i = 0; i < sizeof long_path - 2; i += 2) long_path[i] = one_in(&s, 2) ? '.' : 'd', long_path[i + 1] = '/';
  for (int i = 0; i < actions; i++) choices[below(&s, COUNT(choices))](&s);
  // The tree is left as deep as it got: the next worker has another.
  _exit(0);
}

int main(int count, char **arguments) {
  Source s = {count > 1 ? strtoull(arguments[1], 0, 10) : 1};
  long long end = now_ns() + (count > 2 ? atoi(arguments[2]) : 1) * 1000000000ll;
  area = mmap(0, AREA_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(area != MAP_FAILED);
  if (count > 1) actions = ACTIONS;
  enter_scratch();
  do {
    uint64_t seed = next64(&s);
    if (getenv("FUZZ_VERBOSE")) dprintf(2, "worker %lu\n", (unsigned long)seed);
    pid_t pid = fork();
    if (pid == 0) work(seed);
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    // It ends, or its memory is full.
    CHECK(pid >= 0 || errno == ENOMEM || errno == EAGAIN);
    CHECK(pid < 0 || WIFEXITED(status) || WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGSEGV);
  } while (now_ns() < end && !failures);
  return finish();
}
