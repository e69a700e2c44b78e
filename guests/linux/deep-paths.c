// Paths longer than PATH_MAX, which can only be reached in steps: getcwd, links of /proc, maps. man 2 getcwd, man 5 proc.
// not in CI's beds: emulation makes it slow
#include "check.h"

#define DEPTH 300
#define NAME_LENGTH 200

static char name[NAME_LENGTH + 1];

static void descend(void) {
  memset(name, 'd', NAME_LENGTH);
  for (int i = 0; i < DEPTH; i++) REQUIRE(mkdir(name, 0700) == 0 && chdir(name) == 0);
}

static void ascend(void) {
  for (int i = 0; i < DEPTH; i++) CHECK(chdir("..") == 0 && rmdir(name) == 0);
}

// Whether a line of /proc/self/maps names a file with a path of that length.
static bool is_in_maps(size_t path_length) {
  static char line[100000];
  bool found = false;
  FILE *maps = fopen("/proc/self/maps", "r");
  REQUIRE(maps != NULL);
  while (fgets(line, sizeof line, maps)) {
    char *path = strchr(line, '/');
    if (path != NULL && strlen(path) - 1 >= path_length) found = true;
  }
  fclose(maps);
  return found;
}

int main(void) {
  static char buffer[100000];
  enter_scratch();
  descend();
  CHECK_ERRNO(syscall(SYS_getcwd, buffer, sizeof buffer), ENAMETOOLONG);
  CHECK_ERRNO(syscall(SYS_getcwd, buffer, 10), ENAMETOOLONG);
  CHECK_ERRNO(readlink("/proc/self/cwd", buffer, sizeof buffer), ENAMETOOLONG);
  int file = open("file", O_RDWR | O_CREAT, 0600);
  REQUIRE(file >= 0 && ftruncate(file, PAGE) == 0);
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  CHECK_ERRNO(readlink(link, buffer, sizeof buffer), ENAMETOOLONG);
  // The links' targets can be reached all the same.
  CHECK_EQ(access("/proc/self/cwd/file", F_OK), 0);
  CHECK_EQ(close(open(link, O_RDONLY)), 0);

  void *mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
  REQUIRE(mapped != MAP_FAILED);
  CHECK(is_in_maps(DEPTH * (NAME_LENGTH + 1) + strlen("/file")));
  CHECK_EQ(munmap(mapped, PAGE), 0);
  CHECK_EQ(unlink("file"), 0);
  close(file);
  ascend();
  CHECK(getcwd(buffer, sizeof buffer) == buffer);
  return finish();
}
