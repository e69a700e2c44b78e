// jit: code that a program writes while it runs: rewritten in place, through an alias, from a file. man 2 cacheflush, man 2 mmap.
#include "fault.h"

typedef int (*Function)(void);

static void *code_page(int fd, int protection, int flags) {
  void *page = mmap(0, 2 * PAGE, protection, flags, fd, 0);
  REQUIRE(page != MAP_FAILED);
  return page;
}

static int run(void *code) { return ((Function)(uintptr_t)code)(); }

// The same place again and again, then a separate place for each; some lie across the edge between two pages.
static void check_rewriting(void) {
  char *code = code_page(-1, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
  for (uint16_t i = 0; i < 2000; i++) {
    write_function(code, i);
    CHECK_EQ(run(code), i);
  }
  for (size_t at = 0; at + 16 <= 2 * PAGE; at += 12) {
    write_function(code + at, (uint16_t)at);
    CHECK_EQ(run(code + at), at);
  }
  for (size_t at = 0; at + 16 <= 2 * PAGE; at += 12) CHECK_EQ(run(code + at), at);
  // Pages touched for the first time become code, and others take their place.
  for (uint16_t i = 0; i < 50; i++) {
    REQUIRE(mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == code);
    write_function(code, i);
    CHECK_EQ(run(code), i);
  }
}

// Written at one address and run at another, neither both writable and executable: as careful compilers do it.
static void check_alias(void) {
  int fd = memfd_create("code", 0);
  REQUIRE(fd >= 0 && ftruncate(fd, (off_t)(2 * PAGE)) == 0);
  char *writable = code_page(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
  char *executable = code_page(fd, PROT_READ | PROT_EXEC, MAP_SHARED);
  for (uint16_t i = 0; i < 500; i++) {
    size_t length = write_function(writable + i, i);
    // Instructions are four bytes on arm64.
    if (i % 4) continue;
    __builtin___clear_cache(executable + i, executable + i + length);
    CHECK_EQ(run(executable + i), i);
  }
  CHECK_FAULT(WRITE_BYTE(executable, 1), SIGSEGV, SEGV_ACCERR, executable);
  CHECK_FAULT(run(writable), SIGSEGV, SEGV_ACCERR, writable);
  close(fd);
}

// Code from a file: when the kernel maps it, it takes care of the caches; when the program reads it, the program does.
static void check_file(void) {
  char bytes[16];
  enter_scratch();
  for (uint16_t i = 100; i < 120; i++) {
    size_t length = write_function(bytes, i);
    write_file("code", bytes, length);
    int fd = open("code", O_RDWR);
    REQUIRE(fd >= 0);
    char *mapped = code_page(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE);
    CHECK_EQ(run(mapped), i);
    CHECK_EQ(munmap(mapped, 2 * PAGE), 0);

    char *own = code_page(-1, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK_EQ(pread(fd, own, length, 0), length);
    __builtin___clear_cache(own, own + length);
    CHECK_EQ(run(own), i);
    CHECK_EQ(munmap(own, 2 * PAGE), 0);
    close(fd);
  }
}

int main(void) {
  catch_faults();
  check_rewriting();
  check_alias();
  check_file();
  return finish();
}
