// bus: a mapped page past the end of its file. man 2 mmap.
// status: 135
#include <sys/mman.h>

int main(void) {
  int fd = memfd_create("empty", 0);
  volatile char *page = mmap(0, 65536, PROT_READ, MAP_PRIVATE, fd, 0);
  return page[0];
}
