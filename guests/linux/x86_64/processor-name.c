// processor-name [NAME]: CPUID's name of the processor is text that ends; with NAME, it is that one. SDM vol. 2, CPUID, 80000002H.
#include <cpuid.h>
#include <ctype.h>

#include "check.h"

#define FIRST_LEAF 0x80000002
#define LEAVES 3

int main(int argc, char **argv) {
  unsigned words[LEAVES][4];
  char name[sizeof(words) + 1] = "";

  for (unsigned leaf = 0; leaf < LEAVES; leaf++)
    CHECK(__get_cpuid(FIRST_LEAF + leaf, &words[leaf][0], &words[leaf][1], &words[leaf][2], &words[leaf][3]));
  memcpy(name, words, sizeof(words));
  CHECK(strlen(name) > 0);
  for (const char *c = name; *c != '\0'; c++) CHECK(isprint((unsigned char)*c));
  // It cannot be hidden everywhere: test/bed/svm.test.ts gives the name where it is.
  if (argc > 1) CHECK(strcmp(name, argv[1]) == 0);
  return finish();
}
