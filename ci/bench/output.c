// Writes as many bytes as its argument says to its standard output, 64 KiB at a time: as much as a pipe holds.

#include <stdlib.h>
#include <unistd.h>

static char piece[64 << 10];

int main(int argc, char **argv) {
  long left = argc > 1 ? atol(argv[1]) : 0;
  while (left > 0) {
    ssize_t count = write(1, piece, left < (long)sizeof(piece) ? (size_t)left : sizeof(piece));
    if (count <= 0) return 1;
    left -= count;
  }
  return 0;
}
