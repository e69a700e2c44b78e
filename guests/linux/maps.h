// maps.h: the program's own mappings, as /proc/self/maps lists them.
#pragma once

#include "check.h"

#define MAX_RANGES 256

static struct {
  uintptr_t start, end;
  bool readable;
} ranges[MAX_RANGES];
static size_t range_count;

UNUSED static void read_maps(void) {
  static char text[1 << 16];
  char permissions[8];
  range_count = 0;
  REQUIRE(read_file("/proc/self/maps", text, sizeof(text)) > 0);
  for (char *line = strtok(text, "\n"); line && range_count < MAX_RANGES; line = strtok(0, "\n")) {
    uintptr_t start, end;
    REQUIRE(sscanf(line, "%lx-%lx %4s", &start, &end, permissions) == 3);
    ranges[range_count].start = start;
    ranges[range_count].end = end;
    // Linux lists its clock pages as readable although some of them are not backed.
    ranges[range_count++].readable = permissions[0] == 'r' && !strstr(line, "[vvar");
  }
}

UNUSED static bool is_mapped(uintptr_t address) {
  for (size_t i = 0; i < range_count; i++)
    if (address >= ranges[i].start && address < ranges[i].end) return true;
  return false;
}
