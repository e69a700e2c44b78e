// argument-matrix: makes the calls that standard input lists, each with every one of its arguments replaced in turn by values that
// are hard to handle, and prints the outcome of each. test/guests/argument-matrix has the list and compares with native.
//
// A line of the list: NAME NUMBER RESULT ARGUMENT...; RESULT says how success is reported: `value`, `ok` (no more than that),
// `fd` (is closed) or `map` (is unmapped, ARGUMENT 1 or 2 is its length). An argument is a number, `pid` for the program's own,
// `key`, `shm`, `sem` and `msg` for the key and the identifiers of its System V objects, and is left as it is with a `!` before it. Descriptors and addresses are those of the enums below.
#include "../check.h"

#include <mqueue.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

enum { ARENA = 0x40000000 };  // times 4096
#define AT(page) ((char *)((uintptr_t)(ARENA + (page)) << 12))
// Each is followed by an unmapped page.
#define BUFFER AT(0)    // two pages of zeros
#define INPUT AT(4)     // what fill_input puts there
#define READ_ONLY AT(6)  // zeros
#define HALF (AT(9) - 4)
#define SCRATCH AT(16)  // four pages: the mapping that memory calls are about
#define UNMAPPED AT(1 << 20)

enum { FILE_FD = 100, DIRECTORY, PIPE_READ, PIPE_WRITE, EPOLL, EVENT, TIMER, READ_ONLY_FD, PATH_FD, TARGET, FULL_READ, FULL_WRITE, QUEUE, OUTPUT = 500, ERRORS };

static const struct {
  const char *name;
  uint64_t value;
} values[] = {
    {"0", 0},
    {"-1", -1},
    {"2^31", 1ul << 31},
    {"2^32", 1ul << 32},
    {"2^53", 1ul << 53},
    {"2^63-1", INT64_MAX},
    {"2^63", 1ul << 63},
    {"-4096", -4096},
    {"unmapped", (uint64_t)(ARENA + (1 << 20)) << 12},
    {"half", ((uint64_t)(ARENA + 9) << 12) - 4},
    {"read-only", (uint64_t)(ARENA + 6) << 12},
};

static char list[1 << 16], output[1 << 20], home[64], queue_name[64];
static int key, shm = -1, sem = -1, msg = -1;
static size_t written;

static void on_tick(int number) { (void)number; }

static void place(int fd, int at) {
  REQUIRE(fd >= 0);
  if (fd == at) return;
  REQUIRE(dup2(fd, at) == at);
  if (fd < FILE_FD) close(fd);
}

static void make_file(const char *name) {
  unlink(name);
  int fd = open(name, O_RDWR | O_CREAT, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, AT(8), 4096) == 4096);
  close(fd);
}

// Offsets in the page: argument-matrix/base-calls.ts uses them, too.
static void fill_input(void) {
  static const struct iovec iov = {BUFFER, 16};
  static const struct itimerspec timer = {{0, 0}, {1000, 0}};
  static const int poll_in[] = {PIPE_READ, 1};
  static const struct epoll_event event = {.events = EPOLLIN};
  static const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  static const struct sigevent none = {.sigev_notify = SIGEV_NONE};
  static const uint32_t scheduling[] = {48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, capability[] = {0x20080522, 0};
  static const struct flock lock = {.l_type = F_WRLCK, .l_len = 16};
  static const stack_t stack = {.ss_flags = SS_DISABLE};
  static const int64_t three = 3;
  static const struct sembuf more = {0, 1, 0};
  static const long message[] = {1, 0x61616161};
  memset(BUFFER, 0, 2 * 4096);
  memset(INPUT, 0, 4096);
  memset(HALF, 'a', 4);
  memcpy(INPUT + 0x000, &iov, sizeof(iov));
  strcpy(INPUT + 0x100, "file");
  strcpy(INPUT + 0x140, "new");
  strcpy(INPUT + 0x180, "dir");
  strcpy(INPUT + 0x1c0, "link");
  memcpy(INPUT + 0x240, &timer, sizeof(timer));
  memcpy(INPUT + 0x280, poll_in, sizeof(poll_in));
  memcpy(INPUT + 0x2c0, &event, sizeof(event));
  memcpy(INPUT + 0x340, &limit, sizeof(limit));
  memcpy(INPUT + 0x400, &none, sizeof(none));
  memcpy(INPUT + 0x480, scheduling, sizeof(scheduling));
  memcpy(INPUT + 0x500, &three, sizeof(three));
  memcpy(INPUT + 0x540, capability, sizeof(capability));
  memcpy(INPUT + 0x5c0, &stack, sizeof(stack));
  memcpy(INPUT + 0x600, &lock, sizeof(lock));
  memcpy(INPUT + 0x640, &more, sizeof(more));
  memcpy(INPUT + 0x680, message, sizeof(message));
  strcpy(INPUT + 0x6c0, queue_name + 1);
}

static void map_pages(char *at, int pages, int protection) {
  REQUIRE(mmap(at, (size_t)pages << 12, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
}

static void map_scratch(void) {
  munmap(AT(10), 64 << 12);
  map_pages(SCRATCH, 4, PROT_READ | PROT_WRITE);
  SCRATCH[0] = 1;
}

static void remove_ipc(void) {
  shmctl(shm, IPC_RMID, 0);
  semctl(sem, 0, IPC_RMID);
  msgctl(msg, IPC_RMID, 0);
  mq_unlink(queue_name);
  close(QUEUE);
}

static void make_ipc(void) {
  static const long message[] = {1, 0x61616161};
  struct mq_attr size = {.mq_maxmsg = 3, .mq_msgsize = 16};
  shm = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
  sem = semget(key, 2, IPC_CREAT | IPC_EXCL | 0600);
  msg = msgget(key, IPC_CREAT | IPC_EXCL | 0600);
  REQUIRE(shm >= 0 && sem >= 0 && msg >= 0 && msgsnd(msg, message, 4, 0) == 0);
  place(mq_open(queue_name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &size), QUEUE);
  REQUIRE(mq_send(QUEUE, "abc", 3, 0) == 0);
}

// Resets everything that a call may have changed.
static void reset(void) {
  static const struct itimerval no_tick;
  int ends[2], full[2];
  sigset_t none;
  setitimer(ITIMER_REAL, &no_tick, 0);
  sigemptyset(&none);
  dup2(ERRORS, 2);
  sigprocmask(SIG_SETMASK, &none, 0);
  umask(022);
  REQUIRE(chdir(home) == 0);
  syscall(SYS_personality, 0);
  munlockall();
  make_file("file");
  make_file("target");
  make_file("zero");
  unlink("new");
  rmdir("new");
  rmdir("dir");
  unlink("link");
  mkdir("dir", 0700);
  REQUIRE(symlink("file", "link") == 0);
  place(open("zero", O_RDWR), 0);
  place(open("file", O_RDWR), FILE_FD);
  place(open("target", O_RDWR), TARGET);
  place(open("file", O_RDONLY), READ_ONLY_FD);
  place(open(".", O_RDONLY), DIRECTORY);
  place(open("file", O_PATH), PATH_FD);
  place(epoll_create1(0), EPOLL);
  place(eventfd(0, EFD_NONBLOCK), EVENT);
  place(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), TIMER);
  REQUIRE(pipe2(ends, O_NONBLOCK) == 0 && pipe2(full, O_NONBLOCK) == 0);
  place(ends[0], PIPE_READ), place(ends[1], PIPE_WRITE);
  place(full[0], FULL_READ), place(full[1], FULL_WRITE);
  REQUIRE(write(FULL_WRITE, "0123456789abcdef0123456789abcdef", 32) == 32);
  map_scratch();
  remove_ipc();
  make_ipc();
}

static void tell(const char *format, const char *name, int index, const char *value, long result) {
  written += snprintf(output + written, sizeof(output) - written, format, name, index, value, result);
  if (written < sizeof(output) - 256) return;
  REQUIRE(write(OUTPUT, output, written) == (ssize_t)written);
  written = 0;
}

// The next tick interrupts a call that sleeps.
static long make(long number, const uint64_t *a) {
  static const struct itimerval tick = {{0, 20000}, {0, 20000}};
  fill_input();
  setitimer(ITIMER_REAL, &tick, 0);
  long result;
  // A tick at the wrong moment is not the call's fault.
  for (int tries = 0; tries < 3; tries++) {
    result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result != -1 || errno != EINTR) break;
  }
  return result == -1 ? -errno : result;
}

static void judge(const char *name, int index, const char *value, const char *class, const uint64_t *a, long result) {
  const char *text = 0;
  if (result >= 0 || result < -4095) {
    if (!strcmp(class, "ok")) text = "%s %d %s ok\n";
    if (!strcmp(class, "fd")) text = "%s %d %s fd\n", result > 2 && result < FILE_FD ? close((int)result) : 0;
    if (!strcmp(class, "map"))
      text = "%s %d %s map\n", munmap((void *)result, strstr(name, "mremap") ? a[2] : a[1]);
  }
  tell(text ? text : "%s %d %s %ld\n", name, index, value, result);
}

static void vary(const char *name, long number, const char *class, const uint64_t *base, unsigned fixed, int count) {
  char drained[64];
  bool maps = !strcmp(class, "map");
  bool pipes = false;
  for (int i = 0; i < count; i++) pipes |= base[i] == PIPE_WRITE;
  for (int i = 0; i < count; i++) maps |= base[i] - (uintptr_t)SCRATCH < 4 * 4096;
  for (int i = 0; i < count; i++) {
    if (fixed >> i & 1) continue;
    for (size_t v = 0; v < COUNT(values); v++) {
      uint64_t a[6];
      memcpy(a, base, sizeof(a));
      a[i] = values[v].value;
      if (maps) map_scratch();
      if (pipes)
        while (read(PIPE_READ, drained, sizeof(drained)) > 0) continue;
      judge(name, i, values[v].name, class, a, make(number, a));
    }
  }
}

// Call this after a reset, because identifiers are new then.
static uint64_t number_of(const char *word) {
  const struct {
    const char *name;
    int value;
  } own[] = {{"pid", getpid()}, {"key", key}, {"shm", shm}, {"sem", sem}, {"msg", msg}};
  for (size_t i = 0; i < COUNT(own); i++)
    if (strcmp(word, own[i].name) == 0) return own[i].value;
  return strtoull(word, 0, 0);
}

static void run_line(char *line) {
  uint64_t base[6] = {0};
  unsigned fixed = 0;
  int count = 0;
  char *rest, *name = strtok_r(line, " ", &rest), *number = strtok_r(0, " ", &rest), *class = strtok_r(0, " ", &rest);
  REQUIRE(name && number && class);
  reset();
  for (char *word; count < 6 && (word = strtok_r(0, " ", &rest)); count++) {
    if (*word == '!') fixed |= 1u << count, word++;
    base[count] = number_of(word);
  }
  judge(name, -1, "base", class, base, make(atol(number), base));
  vary(name, atol(number), class, base, fixed, count);
}

static void prepare(const char *directory) {
  struct sigaction tick = {.sa_handler = on_tick};
  struct rlimit size = {1 << 24, 1 << 24};
  timer_t timer;
  snprintf(home, sizeof(home), "%s/arguments-XXXXXX", directory);
  REQUIRE(mkdtemp(home));
  key = 0x6d000000 + getpid();
  snprintf(queue_name, sizeof(queue_name), "/arguments-%d", getpid());
  // From now on nobody has identifier 0.
  make_ipc();
  REQUIRE(dup2(1, OUTPUT) == OUTPUT && dup2(2, ERRORS) == ERRORS);
  REQUIRE(sigaction(SIGALRM, &tick, 0) == 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // Requests for gigabytes are refused before a disk has to provide them.
  REQUIRE(setrlimit(RLIMIT_FSIZE, &size) == 0);
  struct sigevent none = {.sigev_notify = SIGEV_NONE};
  REQUIRE(timer_create(CLOCK_MONOTONIC, &none, &timer) == 0);
  map_pages(BUFFER, 2, PROT_READ | PROT_WRITE);
  map_pages(INPUT, 1, PROT_READ | PROT_WRITE);
  map_pages(READ_ONLY, 1, PROT_READ);
  map_pages(AT(8), 1, PROT_READ | PROT_WRITE);
  memset(AT(8), 'a', 4096);
}

int main(int argc, char **argv) {
  size_t length = 0;
  for (ssize_t count; (count = read(0, list + length, sizeof(list) - 1 - length)) > 0;) length += count;
  prepare(argc > 1 ? argv[1] : "/tmp");
  char *rest;
  for (char *line = strtok_r(list, "\n", &rest); line; line = strtok_r(0, "\n", &rest)) run_line(line);
  REQUIRE(write(OUTPUT, output, written) == (ssize_t)written);
  reset();
  static const char *const names[] = {"file", "target", "zero", "link", "new"};
  for (size_t i = 0; i < COUNT(names); i++) unlink(names[i]);
  rmdir("dir");
  rmdir(home);
  remove_ipc();
  return 0;
}
