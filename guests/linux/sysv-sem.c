// sysv-sem: System V semaphores, as one process sees them: semget(2), semop(2), semctl(2).
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

union argument {
  int value;
  struct semid_ds *ds;
  unsigned short *values;
  struct seminfo *info;
};

static int set;

static int value_of(int index) { return semctl(set, index, GETVAL); }

static int operate(int index, int change, int flags) {
  struct sembuf one = {index, change, flags};
  return semop(set, &one, 1);
}

static void nothing(int signal) { (void)signal; }

static void values(void) {
  CHECK_EQ(value_of(0), 0);
  CHECK_EQ(semctl(set, 0, GETPID), 0);
  CHECK_EQ(operate(0, 3, 0), 0);
  CHECK_EQ(value_of(0), 3);
  CHECK_EQ(semctl(set, 0, GETPID), getpid());
  CHECK_EQ(operate(0, -2, 0), 0);
  CHECK_EQ(value_of(0), 1);
  CHECK_ERRNO(operate(0, -2, IPC_NOWAIT), EAGAIN);
  CHECK_ERRNO(operate(0, 0, IPC_NOWAIT), EAGAIN);
  CHECK_EQ(operate(1, 0, 0), 0);

  // All or nothing, in their order.
  struct sembuf three[] = {{0, 5, 0}, {1, 1, 0}, {2, -1, IPC_NOWAIT}};
  CHECK_ERRNO(semop(set, three, 3), EAGAIN);
  CHECK_EQ(value_of(0), 1);
  CHECK_EQ(value_of(1), 0);
  struct sembuf twice[] = {{2, 2, 0}, {2, -2, 0}, {2, 0, 0}};
  CHECK_EQ(semop(set, twice, 3), 0);
  CHECK_EQ(value_of(2), 0);

  CHECK_EQ(semctl(set, 1, SETVAL, (union argument){.value = 7}), 0);
  CHECK_EQ(value_of(1), 7);
  CHECK_ERRNO(semctl(set, 1, SETVAL, (union argument){.value = 32768}), ERANGE);
  CHECK_ERRNO(semctl(set, 1, SETVAL, (union argument){.value = -1}), ERANGE);
  unsigned short all[3] = {4, 32767, 6}, read[3] = {0};
  CHECK_EQ(semctl(set, 0, SETALL, (union argument){.values = all}), 0);
  CHECK_EQ(semctl(set, 0, GETALL, (union argument){.values = read}), 0);
  CHECK(memcmp(all, read, sizeof all) == 0);
  CHECK_ERRNO(operate(1, 1, 0), ERANGE);
  all[2] = 40000;
  CHECK_ERRNO(semctl(set, 0, SETALL, (union argument){.values = all}), ERANGE);
  CHECK_EQ(value_of(2), 6);
  CHECK_EQ(semctl(set, 0, GETNCNT), 0);
  CHECK_EQ(semctl(set, 0, GETZCNT), 0);
}

static void waits(void) {
  struct timespec soon = {0, 30000000}, bad = {0, 1000000000}, start, end;
  struct sembuf more = {0, -30000, 0}, zero = {0, 0, 0};
  clock_gettime(CLOCK_MONOTONIC, &start);
  CHECK_ERRNO(semtimedop(set, &more, 1, &soon), EAGAIN);
  clock_gettime(CLOCK_MONOTONIC, &end);
  CHECK((end.tv_sec - start.tv_sec) * 1000000000ll + end.tv_nsec - start.tv_nsec >= 30000000);
  CHECK_ERRNO(semtimedop(set, &zero, 1, &soon), EAGAIN);
  CHECK_ERRNO(semtimedop(set, &zero, 1, &bad), EINVAL);
  // Never restarted, whatever SA_RESTART says: signal(7).
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 20000}, {0, 20000}}, off = {0};
  setitimer(ITIMER_REAL, &often, 0);
  CHECK_ERRNO(semop(set, &more, 1), EINTR);
  setitimer(ITIMER_REAL, &off, 0);
}

static void undo(void) {
  CHECK_EQ(semctl(set, 0, SETVAL, (union argument){.value = 10}), 0);
  CHECK_EQ(operate(0, -4, SEM_UNDO), 0);
  CHECK_EQ(value_of(0), 6);
  CHECK_EQ(operate(0, 4, SEM_UNDO), 0);
  // The adjustment has its own range.
  CHECK_EQ(semctl(set, 0, SETVAL, (union argument){.value = 0}), 0);
  CHECK_EQ(operate(0, 32767, SEM_UNDO), 0);
  CHECK_EQ(operate(0, -32767, 0), 0);
  CHECK_EQ(operate(0, 1, SEM_UNDO), 0);
  CHECK_ERRNO(operate(0, 1, SEM_UNDO), ERANGE);
  CHECK_EQ(value_of(0), 1);
}

static void settings(void) {
  struct semid_ds ds = {0};
  CHECK_EQ(semctl(set, 0, IPC_STAT, (union argument){.ds = &ds}), 0);
  CHECK_EQ(ds.sem_nsems, 3);
  CHECK_EQ(ds.sem_perm.mode, 0640);
  CHECK(ds.sem_ctime >= time(0) - 60 && ds.sem_otime >= time(0) - 60);
  ds.sem_perm.mode = 0600;
  CHECK_EQ(semctl(set, 0, IPC_SET, (union argument){.ds = &ds}), 0);
  memset(&ds, 0, sizeof ds);
  CHECK_EQ(semctl(set, 0, IPC_STAT, (union argument){.ds = &ds}), 0);
  CHECK_EQ(ds.sem_perm.mode, 0600);
  CHECK_EQ(ds.sem_perm.cuid, geteuid());

  struct seminfo info;
  CHECK(semctl(0, 0, IPC_INFO, (union argument){.info = &info}) >= 0);
  CHECK_EQ(info.semvmx, 32767);
  CHECK_EQ(info.semaem, 32767);
  int highest = semctl(0, 0, SEM_INFO, (union argument){.info = &info});
  CHECK(highest >= 0 && info.semusz >= 1 && info.semaem >= 3);
  bool seen = false;
  for (int i = 0; i <= highest; i++) seen |= semctl(i, 0, SEM_STAT, (union argument){.ds = &ds}) == set;
  CHECK(seen);

  FILE *file = fopen("/proc/sysvipc/sem", "r");
  REQUIRE(file);
  char line[512];
  seen = false;
  while (fgets(line, sizeof line, file)) {
    int key, id, mode, count;
    if (sscanf(line, "%d %d %o %d", &key, &id, (unsigned *)&mode, &count) == 4 && id == set)
      seen = mode == 0600 && count == 3;
  }
  fclose(file);
  CHECK(seen);
}

static void errors(int key) {
  CHECK_EQ(semget(key, 0, 0), set);
  CHECK_EQ(semget(key, 3, IPC_CREAT | 0600), set);
  CHECK_ERRNO(semget(key, 4, 0600), EINVAL);
  CHECK_ERRNO(semget(key, 3, IPC_CREAT | IPC_EXCL), EEXIST);
  CHECK_ERRNO(semget(key + 1, 3, 0600), ENOENT);
  CHECK_ERRNO(semget(IPC_PRIVATE, 0, 0600), EINVAL);
  CHECK_ERRNO(semget(IPC_PRIVATE, -1, 0600), EINVAL);
  CHECK_ERRNO(semget(IPC_PRIVATE, 1000000000, 0600), EINVAL);
  struct sembuf one = {3, 1, 0}, many[501] = {{0, 0, 0}};
  CHECK_ERRNO(semop(set, &one, 1), EFBIG);
  CHECK_ERRNO(semop(set, many, 0), EINVAL);
  CHECK_ERRNO(semop(set, many, 501), E2BIG);
  CHECK_ERRNO(semop(-1, many, 1), EINVAL);
  CHECK_ERRNO(semop(set, (void *)8, 1), EFAULT);
  CHECK_ERRNO(semctl(set, 3, GETVAL), EINVAL);
  CHECK_ERRNO(semctl(set, -1, GETVAL), EINVAL);
  CHECK_ERRNO(semctl(set, 0, 99), EINVAL);
  CHECK_ERRNO(semctl(set, 0, GETALL, (union argument){.value = 8}), EFAULT);
}

int main(void) {
  int key = 0x68760000 + getpid();
  set = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640);
  REQUIRE(set >= 0);
  values();
  waits();
  undo();
  settings();
  errors(key);
  CHECK_EQ(semctl(set, 0, IPC_RMID), 0);
  CHECK_ERRNO(operate(0, 1, 0), EINVAL);
  CHECK_ERRNO(semctl(set, 0, IPC_RMID), EINVAL);
  return finish();
}
