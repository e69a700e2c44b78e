// shm-open: POSIX shared memory and named semaphores, which a C library keeps in /dev/shm: shm_overview(7), sem_overview(7).
// not in CI's beds: emulation makes it slow
#include <semaphore.h>
#include <sys/vfs.h>
#include <time.h>

#include "check.h"

#define TMPFS_MAGIC 0x01021994

int main(void) {
  char name[64], path[80];
  snprintf(name, sizeof name, "/hv-guest-%d", getpid());
  snprintf(path, sizeof path, "/dev/shm%s", name);
  struct stat status;
  struct statfs fs;
  CHECK_EQ(stat("/dev/shm", &status), 0);
  CHECK_EQ(status.st_mode, S_IFDIR | 01777);
  CHECK_EQ(statfs("/dev/shm", &fs), 0);
  CHECK_EQ(fs.f_type, TMPFS_MAGIC);

  int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  REQUIRE(fd >= 0);
  CHECK_ERRNO(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
  CHECK_EQ(ftruncate(fd, 8192), 0);
  CHECK_EQ(stat(path, &status), 0);
  CHECK_EQ(status.st_size, 8192);
  int again = shm_open(name, O_RDONLY, 0);
  CHECK(again >= 0);
  char *a = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *b = mmap(0, 4096, PROT_READ, MAP_SHARED, again, 4096);
  REQUIRE(a != MAP_FAILED && b != MAP_FAILED);
  strcpy(a + 4096, "shared");
  CHECK(strcmp(b, "shared") == 0);
  CHECK_EQ(shm_unlink(name), 0);
  CHECK_ERRNO(shm_unlink(name), ENOENT);
  CHECK(strcmp(b, "shared") == 0);
  CHECK_EQ(close(fd), 0);
  CHECK_EQ(close(again), 0);

  sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
  REQUIRE(semaphore != SEM_FAILED);
  CHECK(sem_open(name, 0) == semaphore);
  CHECK_EQ(sem_wait(semaphore), 0);
  CHECK_ERRNO(sem_trywait(semaphore), EAGAIN);
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 20000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  CHECK_ERRNO(sem_timedwait(semaphore, &until), ETIMEDOUT);
  CHECK_EQ(sem_post(semaphore), 0);
  CHECK_EQ(sem_wait(semaphore), 0);
  CHECK_EQ(sem_close(semaphore), 0);
  CHECK_EQ(sem_unlink(name), 0);
  CHECK(sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
  return finish();
}
