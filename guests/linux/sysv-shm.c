// sysv-shm: System V shared memory: shmget(2), shmop(2), shmctl(2), and what /proc says about it.
// not in CI's beds: emulation makes it slow
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>

#include "check.h"
#include "fault.h"

#define SIZE 5000

static int id;

static struct shmid_ds stat_of(int segment) {
  struct shmid_ds ds = {0};
  CHECK_EQ(shmctl(segment, IPC_STAT, &ds), 0);
  return ds;
}

// The line of /proc/sysvipc/shm that begins with this key and identifier.
static bool listed(int segment, unsigned *mode, size_t *size, unsigned long *attached) {
  FILE *file = fopen("/proc/sysvipc/shm", "r");
  REQUIRE(file);
  char line[512];
  bool found = false;
  REQUIRE(fgets(line, sizeof line, file));
  CHECK(strstr(line, "shmid perms"));
  while (!found && fgets(line, sizeof line, file)) {
    int key, number, creator, last;
    if (sscanf(line, "%d %d %o %zu %d %d %lu", &key, &number, mode, size, &creator, &last, attached) != 7) continue;
    found = number == segment;
    if (found) CHECK_EQ(creator, getpid());
  }
  fclose(file);
  return found;
}

static void contents(void) {
  char *a = shmat(id, 0, 0), *b = shmat(id, 0, SHM_RDONLY);
  REQUIRE(a != (void *)-1 && b != (void *)-1);
  CHECK(a != b);
  CHECK_EQ(a[0], 0);
  strcpy(a + 4096, "shared");
  CHECK(strcmp(b + 4096, "shared") == 0);
  // The whole last page exists.
  a[8191] = 7;
  CHECK_EQ(b[8191], 7);
  CHECK_EQ(mprotect(b, 4096, PROT_READ), 0);
  CHECK_ERRNO(mprotect(b, 4096, PROT_READ | PROT_WRITE), EACCES);
  catch_faults();
  CHECK_EQ(FAULT_OF(WRITE_BYTE(b, 1)), SIGSEGV);

  struct shmid_ds ds = stat_of(id);
  CHECK_EQ(ds.shm_nattch, 2);
  CHECK_EQ(ds.shm_lpid, getpid());
  CHECK(ds.shm_atime >= time(0) - 60);
  CHECK_EQ(shmdt(b), 0);
  CHECK_ERRNO(shmdt(b), EINVAL);
  CHECK_ERRNO(shmdt(a + 1), EINVAL);
  ds = stat_of(id);
  CHECK_EQ(ds.shm_nattch, 1);
  CHECK(ds.shm_dtime >= time(0) - 60);
  // Contents stay while nobody has it attached.
  CHECK_EQ(shmdt(a), 0);
  CHECK_EQ(stat_of(id).shm_nattch, 0);
  a = shmat(id, 0, 0);
  CHECK(strcmp(a + 4096, "shared") == 0);
  CHECK_EQ(munmap(a, 8192), 0);
  CHECK_EQ(stat_of(id).shm_nattch, 0);
}

static void places(void) {
  char *room = mmap(0, 8 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(room != MAP_FAILED);
  CHECK_ERRNO((long)shmat(id, room + 4096, 0), EINVAL);
  CHECK(shmat(id, room + 4096, SHM_REMAP) == room + 4096);
  CHECK_ERRNO((long)shmat(id, room + 5000, SHM_REMAP), EINVAL);
  CHECK(shmat(id, room + 4 * 4096 + 5, SHM_REMAP | SHM_RND) == room + 4 * 4096);
  CHECK_ERRNO((long)shmat(id, 0, SHM_REMAP), EINVAL);
  CHECK_EQ(stat_of(id).shm_nattch, 2);
  // Half of it is unmapped: shmdt removes the rest, wherever the first byte was.
  CHECK_EQ(munmap(room + 4096, 4096), 0);
  CHECK_EQ(shmdt(room + 4096), 0);
  CHECK_EQ(shmdt(room + 4 * 4096), 0);
  CHECK_EQ(stat_of(id).shm_nattch, 0);
  munmap(room, 8 * 4096);
}

static void maps_name(int key) {
  char *at = shmat(id, 0, 0), want[64], line[512];
  snprintf(want, sizeof want, "/SYSV%08x (deleted)", key);
  FILE *maps = fopen("/proc/self/maps", "r");
  bool found = false;
  while (fgets(line, sizeof line, maps)) {
    char start[32];
    snprintf(start, sizeof start, "%lx-", (unsigned long)at);
    if (strncmp(line, start, strlen(start)) != 0) continue;
    found = strstr(line, want) && strstr(line, "rw-s");
  }
  fclose(maps);
  CHECK(found);
  shmdt(at);
}

static void settings(void) {
  struct shmid_ds ds = stat_of(id);
  CHECK_EQ(ds.shm_segsz, SIZE);
  CHECK_EQ(ds.shm_cpid, getpid());
  CHECK_EQ(ds.shm_perm.mode, 0640);
  CHECK_EQ(ds.shm_perm.uid, geteuid());
  CHECK_EQ(ds.shm_perm.cgid, getegid());
  ds.shm_perm.mode = 0600;
  CHECK_EQ(shmctl(id, IPC_SET, &ds), 0);
  CHECK_EQ(stat_of(id).shm_perm.mode, 0600);
  ds.shm_perm.uid = -1;
  CHECK_ERRNO(shmctl(id, IPC_SET, &ds), EINVAL);
  if (shmctl(id, SHM_LOCK, 0) == 0) {
    CHECK_EQ(stat_of(id).shm_perm.mode, 0600 | SHM_LOCKED);
    CHECK_EQ(shmctl(id, SHM_UNLOCK, 0), 0);
  }
  CHECK_EQ(stat_of(id).shm_perm.mode, 0600);

  unsigned mode;
  size_t size;
  unsigned long attached;
  CHECK(listed(id, &mode, &size, &attached));
  CHECK_EQ(mode, 0600);
  CHECK_EQ(size, SIZE);
  CHECK_EQ(attached, 0);

  struct shminfo limits;
  CHECK(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) >= 0);
  CHECK_EQ(limits.shmmin, 1);
  CHECK(limits.shmmni >= 1 && limits.shmmax >= SIZE);
  struct shm_info use;
  int highest = shmctl(0, SHM_INFO, (struct shmid_ds *)&use);
  CHECK(highest >= 0 && use.used_ids >= 1 && use.shm_tot >= 2);
  bool seen = false;
  for (int i = 0; i <= highest; i++) seen |= shmctl(i, SHM_STAT, &ds) == id && ds.shm_segsz == SIZE;
  CHECK(seen);
}

static void errors(int key) {
  CHECK_EQ(shmget(key, SIZE, 0), id);
  CHECK_EQ(shmget(key, 0, IPC_CREAT | 0600), id);
  CHECK_ERRNO(shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
  CHECK_ERRNO(shmget(key, SIZE + 1, 0600), EINVAL);
  CHECK_ERRNO(shmget(key + 1, SIZE, 0600), ENOENT);
  CHECK_ERRNO(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
  CHECK_ERRNO(shmget(IPC_PRIVATE, (size_t)-1, 0600), EINVAL);
  CHECK_ERRNO(shmget(IPC_PRIVATE, (size_t)1 << 60, 0600), ENOMEM);
  CHECK_ERRNO((long)shmat(-1, 0, 0), EINVAL);
  CHECK_ERRNO(shmctl(id + 12345, IPC_STAT, &(struct shmid_ds){0}), EINVAL);
  CHECK_ERRNO(shmctl(id, 99, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_shmctl, id, IPC_STAT, (void *)8), EFAULT);
  CHECK_ERRNO(syscall(SYS_shmctl, id, IPC_SET, (void *)8), EFAULT);
}

static void removal(int key) {
  char *at = shmat(id, 0, 0);
  at[100] = 5;
  CHECK_EQ(shmctl(id, IPC_RMID, 0), 0);
  struct shmid_ds ds = stat_of(id);
  CHECK_EQ(ds.shm_perm.mode & SHM_DEST, SHM_DEST);
  CHECK_EQ(ds.shm_perm.__key, IPC_PRIVATE);
  CHECK_ERRNO(shmget(key, 0, 0600), ENOENT);
  char *again = shmat(id, 0, 0);
  CHECK(again != (void *)-1 && again[100] == 5);
  CHECK_EQ(shmdt(again), 0);
  CHECK_EQ(shmdt(at), 0);
  CHECK_ERRNO(shmctl(id, IPC_STAT, &ds), EINVAL);
}

int main(void) {
  int key = 0x68760000 + getpid();
  id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640);
  REQUIRE(id >= 0);
  contents();
  places();
  maps_name(key);
  settings();
  errors(key);
  removal(key);

  int other = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600), third = shmget(IPC_PRIVATE, 1, 0600);
  CHECK(other >= 0 && third >= 0 && other != third);
  CHECK_EQ(shmctl(other, IPC_RMID, 0), 0);
  CHECK_EQ(shmctl(third, IPC_RMID, 0), 0);
  CHECK_ERRNO(shmctl(third, IPC_RMID, 0), EINVAL);
  return finish();
}
