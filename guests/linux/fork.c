// fork: memory copied on write, shared memory, descriptors and offsets, nested forks; vfork. man 2 fork, vfork.
#include "processes.h"

#define PAGES 300

static int global = 1;
static __thread int thread_local_value = 2;

static int *map_ints(int flags, int fd) {
  void *memory = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
  REQUIRE(memory != MAP_FAILED);
  return memory;
}

// Does page i of all hold i + plus in its first and in its last word?
static bool holds(const int *pages, int plus) {
  size_t step = PAGE / sizeof(int);
  for (int i = 0; i < PAGES; i++)
    if (pages[i * step] != i + plus || pages[i * step + step - 1] != i + plus) return false;
  return true;
}

static void fill(int *pages, int plus) {
  size_t step = PAGE / sizeof(int);
  for (int i = 0; i < PAGES; i++) pages[i * step] = pages[i * step + step - 1] = i + plus;
}

// Neither side sees what the other stores after the fork, whichever stores first.
static void check_private_memory(int *pages) {
  struct gate to_child = new_gate(), to_parent = new_gate();
  int *heap = malloc(sizeof(int)), local = 4;
  *heap = 3;
  fill(pages, 10);
  pid_t child;
  IN_CHILD(child) {
    CHECK(holds(pages, 10));
    fill(pages, 20);
    global = local = *heap = thread_local_value = -1;
    open_gate(to_parent), pass_gate(to_child);
    CHECK(holds(pages, 20));
    CHECK(global == -1 && local == -1 && *heap == -1 && thread_local_value == -1);
    CHECK_IN_CHILD {
      CHECK(holds(pages, 20));
      fill(pages, 40);
    }
    CHECK(holds(pages, 20));
  }
  pass_gate(to_parent);
  CHECK(holds(pages, 10));
  CHECK(global == 1 && local == 4 && *heap == 3 && thread_local_value == 2);
  fill(pages, 30);
  open_gate(to_child);
  CHECK_EQ(ended(child), 0);
  CHECK(holds(pages, 30));

  // The parent stores first: the child keeps the old.
  IN_CHILD(child) {
    pass_gate(to_child);
    CHECK(holds(pages, 30));
    CHECK_EQ(global, 1);
  }
  fill(pages, 50), global = 5;
  open_gate(to_child);
  CHECK_EQ(ended(child), 0);
  global = 1;
  free(heap), remove_gate(to_child), remove_gate(to_parent);
}

static void check_shared_memory(int *pages) {
  struct gate to_child = new_gate(), to_parent = new_gate();
  fill(pages, 1);
  pid_t child;
  IN_CHILD(child) {
    CHECK(holds(pages, 1));
    fill(pages, 2);
    open_gate(to_parent), pass_gate(to_child);
    CHECK(holds(pages, 3));
    CHECK_EQ(ended(CHILD(fill(pages, 4))), 0);
    CHECK_EQ(munmap(pages, PAGES * PAGE), 0);
  }
  pass_gate(to_parent);
  CHECK(holds(pages, 2));
  fill(pages, 3);
  open_gate(to_child);
  CHECK_EQ(ended(child), 0);
  CHECK(holds(pages, 4));
  remove_gate(to_child), remove_gate(to_parent);
}

static void check_memory(void) {
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  REQUIRE(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
  check_private_memory(map_ints(MAP_PRIVATE | MAP_ANONYMOUS, -1));
  check_private_memory(map_ints(MAP_PRIVATE, fd));
  check_shared_memory(map_ints(MAP_SHARED | MAP_ANONYMOUS, -1));
  int *file = map_ints(MAP_SHARED, fd), word;
  check_shared_memory(file);
  CHECK_EQ(pread(fd, &word, sizeof(word), PAGE), sizeof(word));
  CHECK_EQ(word, 1 + 4);
  close(fd);
}

// Protections are inherited, as are holes; man 2 madvise says what a child can be spared.
static void check_special_memory(void) {
  static int *none, *wiped, *kept;
  none = map_ints(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  wiped = map_ints(MAP_PRIVATE | MAP_ANONYMOUS, -1), kept = map_ints(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  fill(none, 1), fill(wiped, 1), fill(kept, 1);
  CHECK_EQ(madvise(none, PAGE, MADV_DONTFORK), 0);
  CHECK_EQ(madvise(wiped, PAGES * PAGE, MADV_WIPEONFORK), 0);
  CHECK_EQ(mprotect(kept, PAGE, PROT_READ), 0);
  CHECK_EQ(mprotect((char *)kept + PAGE, PAGE, PROT_NONE), 0);
  CHECK_EQ(munmap((char *)kept + 2 * PAGE, PAGE), 0);
  CHECK_IN_CHILD {
    CHECK_EQ(none[PAGE / sizeof(int)], 2);
    CHECK_EQ(wiped[PAGE], 0);
    CHECK_EQ(*kept, 1);
  }
  CHECK_EQ(ended(CHILD(*(volatile int *)none = 1)), 128 + SIGSEGV);
  CHECK_EQ(ended(CHILD(*(volatile int *)kept = 1)), 128 + SIGSEGV);
  for (size_t page = 1; page <= 2; page++)
    CHECK_EQ(ended(CHILD(*(volatile int *)(kept + page * PAGE / sizeof(int)))), 128 + SIGSEGV);
  CHECK(holds(none, 1) && holds(wiped, 1));
}

static void check_descriptors(void) {
  char text[8] = "";
  write_file("letters", "abcdefgh", 8);
  int fd = open("letters", O_RDWR), other = open("letters", O_RDONLY);
  CHECK_IN_CHILD {
    CHECK_EQ(read(fd, text, 3), 3);
    CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    CHECK_EQ(close(other), 0);
    CHECK(dup(fd) >= 0);
  }
  // The open file is one, with one offset; the tables are two.
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
  CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
  CHECK_EQ(fcntl(fd, F_GETFD), 0);
  CHECK_EQ(read(other, text, 8), 8);
  int next = dup(fd);
  CHECK_EQ(next, other + 1);
  close(next), close(fd), close(other);
}

// A chain of 20 processes, each the child of the one before; the last one's status comes back through all.
static int nest(int depth, pid_t parent) {
  CHECK_EQ(getppid(), parent);
  if (depth == 20) return 20;
  pid_t self = getpid(), child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(failures ? 1 : nest(depth + 1, self));
  return ended(child);
}

static void check_vfork(void) {
  static volatile int stored;
  static volatile pid_t pid;
  long long start = now_ns();
  pid_t child = vfork();
  if (child == 0) {
    // They share the memory, and the parent waits until this is over.
    stored = 7, pid = getpid();
    usleep(20000);
    stored++;
    _exit(9);
  }
  CHECK(child > 0);
  CHECK_EQ(stored, 8);
  CHECK_EQ(pid, child);
  CHECK(now_ns() - start >= 20000000);
  CHECK_EQ(ended(child), 9);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_memory();
  check_special_memory();
  check_descriptors();
  CHECK_EQ(ended(CHILD(_exit(nest(1, getppid())))), 20);
  check_vfork();
  return finish();
}
