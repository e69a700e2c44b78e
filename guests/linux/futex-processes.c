// futex-processes: words in shared memory between processes, private and shared operations, robust lists of dead owners. man 2 futex.
// not in CI's beds: emulation makes it slow
#include "threads.h"

#define TID() ((uint32_t)gettid())

// A child waits at `theirs`; `operation` on `ours` must wake it, or must not.
static void check_pair(uint32_t *theirs, int wait, uint32_t *ours, int wake, bool meets) {
  pid_t child;
  IN_CHILD(child) CHECK_EQ(futex(theirs, wait, 0, 0, 0, 0), 0);
  if (meets) {
    CHECK(EVENTUALLY(futex(ours, wake, 9, 0, 0, 0) == 1));
    CHECK_EQ(ended(child), 0);
    return;
  }
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  for (int i = 0; i < 5; i++, sleep_ms(1)) CHECK_EQ(futex(ours, wake, 9, 0, 0, 0), 0);
  kill(child, SIGKILL);
  CHECK_EQ(ended(child), 128 + SIGKILL);
}

static void check_keys(void) {
  write_file("file", "", 0);
  int fd = open("file", O_RDWR), other_fd = memfd_create("words", 0);
  REQUIRE(ftruncate(fd, 2 * PAGE) == 0 && ftruncate(other_fd, PAGE) == 0);
  uint32_t *file = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  uint32_t *again = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
  uint32_t *memfd = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other_fd, 0);
  uint32_t *anonymous = shared_memory(PAGE);
  uint32_t *private = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(file != MAP_FAILED && again != MAP_FAILED && memfd != MAP_FAILED && private != MAP_FAILED);
  *private = 0;

  check_pair(anonymous, FUTEX_WAIT, anonymous, FUTEX_WAKE, true);
  check_pair(file, FUTEX_WAIT, file, FUTEX_WAKE, true);
  check_pair(memfd, FUTEX_WAIT, memfd, FUTEX_WAKE, true);
  // One place of one file, at two addresses.
  check_pair(file + PAGE / 4 + 3, FUTEX_WAIT, again + 3, FUTEX_WAKE, true);
  check_pair(file + PAGE / 4 + 3, FUTEX_WAIT, again + 4, FUTEX_WAKE, false);
  // A private futex is one process's and one address's: the same word is two.
  check_pair(anonymous, FUTEX_WAIT_PRIVATE, anonymous, FUTEX_WAKE, false);
  check_pair(anonymous, FUTEX_WAIT_PRIVATE, anonymous, FUTEX_WAKE_PRIVATE, false);
  check_pair(anonymous, FUTEX_WAIT, anonymous, FUTEX_WAKE_PRIVATE, false);
  check_pair(private, FUTEX_WAIT, private, FUTEX_WAKE, false);
  munmap(file, 2 * PAGE), munmap(again, PAGE), munmap(memfd, PAGE), close(fd), close(other_fd);
}

// A lock of three states between four processes; a lost wake or a torn count would show.
static void check_lock(void) {
  uint32_t *lock = shared_memory(PAGE), *count = lock + 1, none;
  pid_t children[4];
  for (int i = 0; i < 4; i++) {
    IN_CHILD(children[i]) {
      for (int round = 0; round < 500; round++) {
        none = 0;
        if (!__atomic_compare_exchange_n(lock, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
          while (__atomic_exchange_n(lock, 2, __ATOMIC_SEQ_CST) != 0) futex(lock, FUTEX_WAIT, 2, 0, 0, 0);
        uint32_t before = *(volatile uint32_t *)count;
        if (round % 50 == 0) sched_yield();
        *(volatile uint32_t *)count = before + 1;
        if (__atomic_exchange_n(lock, 0, __ATOMIC_SEQ_CST) == 2) futex(lock, FUTEX_WAKE, 1, 0, 0, 0);
      }
    }
  }
  for (int i = 0; i < 4; i++) CHECK_EQ(ended(children[i]), 0);
  CHECK_EQ(*count, 4 * 500);
  munmap(lock, PAGE);
}

// ---- robust lists: what a dead owner held is marked so, and one that waits for it wakes

struct held {
  struct robust_list entry;
  uint32_t word;
};

static struct robust_list_head head = {{&head.list}, (long)offsetof(struct held, word), 0};

// Makes a list of these; `pending` may be one that it was just about to take.
static void hold(struct held *locks, int count, struct held *pending) {
  struct robust_list *last = &head.list;
  for (int i = 0; i < count; i++) last->next = &locks[i].entry, last = last->next;
  last->next = &head.list;
  head.list_op_pending = pending ? &pending->entry : 0;
  CHECK_EQ(syscall(SYS_set_robust_list, &head, sizeof(head)), 0);
}

static void check_robust(void (*end)(void)) {
  struct held *locks = shared_memory(PAGE);
  struct gate ready = new_gate(), go = new_gate();
  pid_t owner, waiter;
  IN_CHILD(owner) {
    for (int i = 0; i < 4; i++) locks[i].word = TID();
    // One belongs to another by now, and one has waiters.
    locks[1].word = TID() + 1, locks[2].word |= FUTEX_WAITERS;
    hold(locks, 3, &locks[3]);
    open_gate(ready), pass_gate(go);
    end();
  }
  pass_gate(ready);
  uint32_t waited = locks[2].word;
  CHECK_EQ(waited, (uint32_t)owner | FUTEX_WAITERS);
  IN_CHILD(waiter) {
    // The death wakes it, or has happened already.
    if (futex(&locks[2].word, FUTEX_WAIT, waited, 0, 0, 0) != 0) CHECK(errno == EAGAIN && locks[2].word != waited);
    CHECK(locks[2].word & FUTEX_OWNER_DIED);
  }
  CHECK(EVENTUALLY(state_of(waiter) == 'S'));
  open_gate(go);
  ended(owner);
  CHECK_EQ(ended(waiter), 0);
  CHECK_EQ(locks[0].word, FUTEX_OWNER_DIED);
  CHECK_EQ(locks[1].word, owner + 1);
  CHECK_EQ(locks[2].word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
  CHECK_EQ(locks[3].word, FUTEX_OWNER_DIED);
  munmap(locks, PAGE), remove_gate(ready), remove_gate(go);
}

static void end_exit(void) { _exit(0); }
static void end_kill(void) { kill(getpid(), SIGKILL); }
static void end_fault(void) { *(volatile char *)8 = 1; }
static void end_exec(void) { execve("/proc/self/exe", (char *[]){"name", 0}, (char *[]){"MODE=end", 0}); }

// A list that is a ring without its head, or leads nowhere, holds nobody up.
static void check_bad_lists(void) {
  struct held *locks = shared_memory(PAGE);
  CHECK_IN_CHILD {
    locks[0].word = TID(), locks[0].entry.next = &locks[0].entry;
    head.list.next = &locks[0].entry;
    syscall(SYS_set_robust_list, &head, sizeof(head));
  }
  CHECK_EQ(locks[0].word, FUTEX_OWNER_DIED);
  CHECK_EQ(ended(CHILD((head.list.next = (void *)8, syscall(SYS_set_robust_list, &head, sizeof(head))))), 0);
  CHECK_EQ(ended(CHILD(syscall(SYS_set_robust_list, KERNEL_START, sizeof(head)))), 0);
  munmap(locks, PAGE);
}

static pthread_mutex_t *robust;

static void *lock_and_end(void *argument) {
  CHECK_EQ(pthread_mutex_lock(robust), 0);
  return argument;
}

// pthread mutexes, of a thread and of a process that ended while holding them.
static void check_pthread_mutex(void) {
  pthread_mutexattr_t attributes;
  robust = shared_memory(PAGE);
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  CHECK_EQ(pthread_mutex_init(robust, &attributes), 0);
  join(start(lock_and_end, 0));
  CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
  CHECK_EQ(pthread_mutex_consistent(robust), 0);
  CHECK_EQ(pthread_mutex_unlock(robust), 0);
  CHECK_EQ(ended(CHILD((lock_and_end(0), kill(getpid(), SIGKILL)))), 128 + SIGKILL);
  CHECK_EQ(pthread_mutex_trylock(robust), EOWNERDEAD);
  CHECK_EQ(pthread_mutex_unlock(robust), 0);
  CHECK_EQ(pthread_mutex_lock(robust), ENOTRECOVERABLE);
}

int main(void) {
  if (getenv("MODE")) return 0;
  limit_time();
  enter_scratch();
  check_keys();
  check_lock();
  check_robust(end_exit);
  check_robust(end_kill);
  check_robust(end_fault);
  check_robust(end_exec);
  check_bad_lists();
  check_pthread_mutex();
  return finish();
}
