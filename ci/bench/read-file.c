// read-file.c FILE: nanoseconds to read it in pieces of 64 KiB, and its length.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "batches.h"

enum { PIECE = 64 << 10 };

int main(int argc, char **argv) {
  static char piece[PIECE];
  if (argc < 2) return 2;
  int file = open(argv[1], O_RDONLY);
  if (file < 0) return 1;
  long total = 0, got;
  double start = now_ns();
  while ((got = read(file, piece, PIECE)) > 0) total += got;
  printf("%.0f %ld\n", now_ns() - start, total);
  return got < 0;
}
