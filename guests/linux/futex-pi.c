// futex-pi: locks that the kernel hands over: FUTEX_LOCK_PI, TRYLOCK_PI, UNLOCK_PI, requeues to such a lock. man 2 futex.
// not in CI's beds: emulation makes it slow
#include "threads.h"

#define THREADS 3

static uint32_t lock, condition;
static int counter, rounds;
static long long end;

static uint32_t owner_of(uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST) & FUTEX_TID_MASK; }

// As in man 2 futex: the word holds the owner's id, and the kernel is asked only if others are there.
static void acquire(uint32_t *word) {
  uint32_t none = 0;
  if (__atomic_compare_exchange_n(word, &none, (uint32_t)gettid(), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return;
  CHECK_EQ(futex(word, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  CHECK_EQ(owner_of(word), gettid());
}

static void release(uint32_t *word) {
  uint32_t mine = (uint32_t)gettid();
  if (__atomic_compare_exchange_n(word, &mine, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return;
  CHECK_EQ(futex(word, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
}

static void check_alone(void) {
  CHECK_EQ(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  CHECK_EQ(lock, gettid());
  CHECK_ERRNO(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), EDEADLK);
  CHECK_ERRNO(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, 0, 0, 0), EDEADLK);
  CHECK_EQ(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  CHECK_EQ(lock, 0);
  CHECK_ERRNO(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), EPERM);
  CHECK_EQ(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  CHECK_EQ(lock, gettid());
  CHECK_EQ(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  // The owner does not exist; the word keeps its id.
  lock = 0x3ffffff0;
  CHECK_ERRNO(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), ESRCH);
  CHECK_ERRNO(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, 0, 0, 0), ESRCH);
  CHECK_ERRNO(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), EPERM);
  CHECK_EQ(owner_of(&lock), 0x3ffffff0);
  lock = 0;
  CHECK_ERRNO(futex((char *)&lock + 1, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), EINVAL);
  CHECK_ERRNO(futex((void *)8, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), EFAULT);
}

static void *try_held(void *argument) {
  struct timespec until;
  CHECK_ERRNO(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, 0, 0, 0), EAGAIN);
  CHECK_ERRNO(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), EPERM);
  // The time is absolute, on the real-time clock.
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 20000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  CHECK_ERRNO(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, &until, 0, 0), ETIMEDOUT);
  return argument;
}

static void *take_held(void *argument) {
  CHECK_EQ(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  CHECK_EQ(owner_of(&lock), gettid());
  counter++;
  CHECK_EQ(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  return argument;
}

static void check_held(void) {
  acquire(&lock);
  join(start(try_held, 0));
  pthread_t taker = start(take_held, 0);
  CHECK(EVENTUALLY(__atomic_load_n(&lock, __ATOMIC_SEQ_CST) & FUTEX_WAITERS));
  CHECK_EQ(owner_of(&lock), gettid());
  sleep_ms(5);
  CHECK_EQ(counter, 0);
  CHECK_EQ(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, 0, 0), 0);
  join(taker);
  CHECK_EQ(counter, 1);
  CHECK_EQ(lock, 0);
}

static void *count_up(void *argument) {
  // Each hand-over is two calls and a switch: an emulated machine does as many as it can in some seconds.
  for (int i = 0; i < 20 || (i < 500 && now_ns() < end); i++) {
    acquire(&lock);
    int before = counter;
    if (i % 16 == 0) sched_yield();
    counter = before + 1;
    release(&lock);
    __atomic_fetch_add(&rounds, 1, __ATOMIC_SEQ_CST);
  }
  return argument;
}

static void check_exclusion(void) {
  pthread_t threads[THREADS];
  counter = 0, end = now_ns() + 5000 * 1000000ll;
  for (int i = 0; i < THREADS; i++) threads[i] = start(count_up, 0);
  for (int i = 0; i < THREADS; i++) join(threads[i]);
  CHECK(rounds >= 20 * THREADS);
  CHECK_EQ(counter, rounds);
  CHECK_EQ(lock, 0);
}

// As condition variables do: it waits at one word, and returns as the owner of the lock.
static void *wait_requeued(void *argument) {
  CHECK_EQ(futex(&condition, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, 0, &lock, 0), 0);
  CHECK_EQ(owner_of(&lock), gettid());
  counter++;
  release(&lock);
  return argument;
}

static void check_requeue(void) {
  pthread_t threads[THREADS];
  counter = 0;
  for (int i = 0; i < THREADS; i++) threads[i] = start(wait_requeued, 0);
  acquire(&lock);
  CHECK_ERRNO(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)9, &lock, 5), EAGAIN);
  CHECK_ERRNO(futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, (void *)9, &lock, 0), EINVAL);
  int moved = 0;
  CHECK(EVENTUALLY((moved += (int)futex(&condition, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)9, &lock, 0)) == THREADS));
  CHECK_EQ(counter, 0);
  release(&lock);
  for (int i = 0; i < THREADS; i++) join(threads[i]);
  CHECK_EQ(counter, THREADS);
}

static void check_pthread_mutex(void) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t mutex;
  pthread_mutexattr_init(&attributes);
  CHECK_EQ(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT), 0);
  CHECK_EQ(pthread_mutex_init(&mutex, &attributes), 0);
  CHECK_EQ(pthread_mutex_lock(&mutex), 0);
  CHECK_EQ(pthread_mutex_trylock(&mutex), EBUSY);
  CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
}

static pthread_mutex_t *robust;

static void *end_as_owner(void *argument) {
  uint32_t *word = (uint32_t *)&robust->__data.__lock;
  CHECK_EQ(pthread_mutex_lock(robust), 0);
  CHECK(EVENTUALLY(__atomic_load_n(word, __ATOMIC_SEQ_CST) & FUTEX_WAITERS));
  return argument;
}

static void *take_from_dead(void *argument) {
  uint32_t *word = (uint32_t *)&robust->__data.__lock;
  CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
  // FUTEX_OWNER_DIED has been seen and taken away.
  CHECK_EQ(*word, (uint32_t)gettid() | FUTEX_WAITERS);
  CHECK_EQ(pthread_mutex_consistent(robust), 0);
  CHECK_EQ(pthread_mutex_unlock(robust), 0);
  CHECK_EQ(*word, 0);
  CHECK_EQ(pthread_mutex_trylock(robust), 0);
  CHECK_EQ(pthread_mutex_unlock(robust), 0);
  return argument;
}

// The owner of a robust lock ends: the waiter owns it, and is told.
static void check_robust(void) {
  pthread_mutexattr_t attributes;
  robust = shared_memory(sizeof(*robust));
  uint32_t *word = (uint32_t *)&robust->__data.__lock;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  for (int shared = PTHREAD_PROCESS_PRIVATE; shared <= PTHREAD_PROCESS_SHARED; shared++) {
    pthread_mutexattr_setpshared(&attributes, shared);
    CHECK_EQ(pthread_mutex_init(robust, &attributes), 0);
    pthread_t owner = start(end_as_owner, 0);
    CHECK(EVENTUALLY(owner_of(word) != 0));
    pthread_t waiter = start(take_from_dead, 0);
    join(owner), join(waiter);
  }
  pid_t owner = CHILD((pthread_mutex_lock(robust), pause()));
  CHECK(EVENTUALLY(owner_of(word) != 0));
  pid_t waiter = CHILD(take_from_dead(0));
  CHECK(EVENTUALLY(__atomic_load_n(word, __ATOMIC_SEQ_CST) & FUTEX_WAITERS));
  kill(owner, SIGKILL);
  CHECK_EQ(ended(owner), 128 + SIGKILL);
  CHECK_EQ(ended(waiter), 0);
}

int main(void) {
  limit_time();
  check_alone();
  check_held();
  check_exclusion();
  check_requeue();
  check_pthread_mutex();
  check_robust();
  return finish();
}
