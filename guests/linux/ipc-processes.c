// ipc-processes: System V IPC, POSIX queues and shared futexes between processes: sysvipc(7), mq_overview(7), futex(7).
// not in CI's beds: emulation makes it slow
#include <linux/futex.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#define ROUNDS 200
// Of a millisecond or more.
#define WAITS 30000

union argument {
  int value;
};

struct message {
  long type;
  int number;
};

static int operate(int set, int index, int change, int flags) {
  struct sembuf one = {index, change, flags};
  return semop(set, &one, 1);
}

// Waits until that many calls sleep on the semaphore.
static void await_sleepers(int set, int index, int count) {
  struct timespec pause = {0, 1000000};
  for (int i = 0; i < WAITS && semctl(set, index, GETNCNT) < count; i++) nanosleep(&pause, 0);
  CHECK_EQ(semctl(set, index, GETNCNT), count);
}

// A failed check in the child is the parent's failure, too.
static void join(pid_t child) {
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

static void semaphores(void) {
  int set = semget(IPC_PRIVATE, 3, 0600);
  REQUIRE(set >= 0);
  int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < ROUNDS; i++) {
      CHECK_EQ(operate(set, 0, -1, 0), 0);
      *shared += 1;
      CHECK_EQ(operate(set, 1, 1, 0), 0);
    }
    _exit(finish());
  }
  for (int i = 0; i < ROUNDS; i++) {
    CHECK_EQ(operate(set, 0, 1, 0), 0);
    CHECK_EQ(operate(set, 1, -1, 0), 0);
    CHECK_EQ(*shared, i + 1);
  }
  CHECK_EQ(semctl(set, 1, GETPID), getpid());
  CHECK_EQ(semctl(set, 0, GETPID), child);
  join(child);

  // A process's end undoes its operations, and wakes those that wait for that; a fork inherits none of them.
  CHECK_EQ(semctl(set, 2, SETVAL, (union argument){.value = 1}), 0);
  child = fork();
  if (child == 0) {
    CHECK_EQ(operate(set, 2, -1, SEM_UNDO), 0);
    pid_t grandchild = fork();
    if (grandchild == 0) _exit(0);
    join(grandchild);
    CHECK_EQ(semctl(set, 2, GETVAL), 0);
    CHECK_EQ(operate(set, 0, 1, 0), 0);
    await_sleepers(set, 2, 1);
    if (failures == 0) raise(SIGKILL);
    _exit(1);
  }
  CHECK_EQ(operate(set, 0, -1, 0), 0);
  CHECK_EQ(operate(set, 2, -1, 0), 0);
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status));

  child = fork();
  if (child == 0) {
    CHECK_ERRNO(operate(set, 2, -5, 0), EIDRM);
    _exit(finish());
  }
  await_sleepers(set, 2, 1);
  CHECK_EQ(semctl(set, 0, IPC_RMID), 0);
  join(child);
  munmap(shared, 4096);
}

static unsigned long attached(int id) {
  struct shmid_ds ds = {0};
  CHECK_EQ(shmctl(id, IPC_STAT, &ds), 0);
  return ds.shm_nattch;
}

static void segments(void) {
  int id = shmget(IPC_PRIVATE, 8192, 0600), ready[2], go[2];
  REQUIRE(id >= 0 && pipe(ready) == 0 && pipe(go) == 0);
  volatile char *at = shmat(id, 0, 0);
  REQUIRE(at != (void *)-1);
  at[0] = 1;
  char byte = 0;
  pid_t child = fork();
  if (child == 0) {
    CHECK_EQ(at[0], 1);
    at[1] = 2;
    CHECK_EQ(attached(id), 2);
    char *second = shmat(id, 0, 0);
    CHECK_EQ(second[1], 2);
    CHECK_EQ(attached(id), 3);
    CHECK_EQ(write(ready[1], &byte, 1), 1);
    CHECK_EQ(read(go[0], &byte, 1), 1);
    at[4096] = 3;
    _exit(finish());
  }
  CHECK_EQ(read(ready[0], &byte, 1), 1);
  CHECK_EQ(attached(id), 3);
  CHECK_EQ(at[1], 2);
  CHECK_EQ(shmctl(id, IPC_RMID, 0), 0);
  CHECK_EQ(write(go[1], &byte, 1), 1);
  join(child);
  // The child's two are gone, and the segment is not.
  CHECK_EQ(attached(id), 1);
  CHECK_EQ(at[4096], 3);
  CHECK_EQ(shmdt((void *)at), 0);
  CHECK_ERRNO(shmctl(id, IPC_STAT, &(struct shmid_ds){0}), EINVAL);
  close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}

static void messages(void) {
  int queue = msgget(IPC_PRIVATE, 0600);
  REQUIRE(queue >= 0);
  struct message message;
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < ROUNDS; i++) {
      CHECK_EQ(msgrcv(queue, &message, sizeof(int), 1, 0), sizeof(int));
      message.type = 2;
      message.number++;
      CHECK_EQ(msgsnd(queue, &message, sizeof(int), 0), 0);
    }
    // EINVAL: on a slow machine the call came after the queue was gone.
    CHECK(msgrcv(queue, &message, sizeof(int), 3, 0) == -1 && (errno == EIDRM || errno == EINVAL));
    _exit(finish());
  }
  for (int i = 0; i < ROUNDS; i++) {
    message.type = 1;
    message.number = 2 * i;
    CHECK_EQ(msgsnd(queue, &message, sizeof(int), 0), 0);
    CHECK_EQ(msgrcv(queue, &message, sizeof(int), 2, 0), sizeof(int));
    CHECK_EQ(message.number, 2 * i + 1);
  }
  struct msqid_ds ds;
  CHECK_EQ(msgctl(queue, IPC_STAT, &ds), 0);
  CHECK_EQ(ds.msg_lspid, child);
  CHECK_EQ(ds.msg_lrpid, getpid());
  struct timespec pause = {0, 20000000};
  nanosleep(&pause, 0);
  CHECK_EQ(msgctl(queue, IPC_RMID, 0), 0);
  join(child);
}

static void queues(void) {
  char name[64];
  snprintf(name, sizeof name, "/hv-processes-%d", getpid());
  struct mq_attr size = {.mq_maxmsg = 1, .mq_msgsize = 16};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &size);
  REQUIRE(queue >= 0);
  char buffer[16];
  unsigned priority;
  pid_t child = fork();
  if (child == 0) {
    mqd_t own = mq_open(name, O_WRONLY);
    CHECK(own >= 0);
    // All but the first wait for room.
    for (int i = 0; i < ROUNDS; i++) CHECK_EQ(mq_send(own, "child", 5, i), 0);
    _exit(finish());
  }
  for (int i = 0; i < ROUNDS; i++) {
    CHECK_EQ(mq_receive(queue, buffer, sizeof buffer, &priority), 5);
    CHECK_EQ(priority, i);
  }
  join(child);

  // The one that is notified, and told that the child sent it.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  CHECK_EQ(mq_notify(queue, &event), 0);
  child = fork();
  if (child == 0) {
    CHECK_ERRNO(mq_notify(queue, &event), EBUSY);
    CHECK_EQ(mq_notify(queue, 0), 0);
    CHECK_EQ(mq_send(queue, "told", 4, 0), 0);
    _exit(finish());
  }
  siginfo_t info;
  CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){60, 0}), SIGUSR1);
  CHECK_EQ(info.si_code, SI_MESGQ);
  CHECK_EQ(info.si_pid, child);
  join(child);
  CHECK_EQ(mq_receive(queue, buffer, sizeof buffer, 0), 4);

  // A registration ends with its process.
  child = fork();
  if (child == 0) _exit(mq_notify(queue, &event) != 0);
  join(child);
  CHECK_EQ(mq_notify(queue, &event), 0);
  CHECK_EQ(mq_notify(queue, 0), 0);
  CHECK_EQ(mq_unlink(name), 0);
  CHECK_EQ(mq_close(queue), 0);
}

static long futex(volatile int *word, int operation, int value) {
  return syscall(SYS_futex, word, operation, value, &(struct timespec){60, 0}, 0, 0);
}

// Wakes one sleeper, as soon as there is one.
static long wake_one(volatile int *word) {
  struct timespec pause = {0, 1000000};
  for (int i = 0; i < WAITS; i++) {
    if (futex(word, FUTEX_WAKE, 1) == 1) return 1;
    nanosleep(&pause, 0);
  }
  return 0;
}

// A word that two processes have at different addresses, in a file and in memory without one.
static void shared_words(void) {
  char *anonymous = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int fd = syscall(SYS_memfd_create, "words", 0);
  REQUIRE(anonymous != MAP_FAILED && fd >= 0 && ftruncate(fd, 8192) == 0);
  char *file = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(file != MAP_FAILED);
  char *bases[] = {anonymous, file};
  for (int i = 0; i < 2; i++) {
    volatile int *word = (int *)(bases[i] + 4096 + 64);
    pid_t child = fork();
    if (child == 0) {
      char *moved = mremap(bases[i], 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, bases[i] - (16 << 20));
      REQUIRE(moved != MAP_FAILED);
      volatile int *mine = (int *)(moved + 4096 + 64);
      CHECK_EQ(futex(mine, FUTEX_WAIT, 0), 0);
      *mine = 7;
      _exit(finish());
    }
    CHECK_EQ(wake_one(word), 1);
    join(child);
    CHECK_EQ(*word, 7);
  }
  // After a fork, a private word is each process's own, even if nobody has written the page since.
  static volatile int own;
  own = 0;
  pid_t child = fork();
  if (child == 0) {
    CHECK_EQ(futex(&own, FUTEX_WAKE, 1), 0);
    struct timespec soon = {0, 30000000};
    CHECK_ERRNO(syscall(SYS_futex, &own, FUTEX_WAIT, 0, &soon, 0, 0), ETIMEDOUT);
    _exit(finish());
  }
  struct timespec pause = {0, 10000000};
  nanosleep(&pause, 0);
  CHECK_EQ(futex(&own, FUTEX_WAKE, 1), 0);
  join(child);
  close(fd);
}

int main(void) {
  semaphores();
  segments();
  messages();
  queues();
  shared_words();
  return finish();
}
