// file-limit: SIGXFSZ at the limit of file size. man 2 setrlimit.
// status: 153
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

int main(void) {
  struct rlimit limit = {100, 100};
  int fd = memfd_create("file", 0);
  setrlimit(RLIMIT_FSIZE, &limit);
  return pwrite(fd, "x", 1, 100) == 1;
}
