// mprotect: each protection is enforced at once, for the program and for the kernel on its behalf. man 2 mprotect.
#include "fault.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static char *memory;

static void check_data(void) {
  CHECK_EQ(mprotect(memory, PAGE, PROT_READ), 0);
  CHECK_EQ(memory[1], 'm');
  CHECK_FAULT(WRITE_BYTE(memory + 1, 1), SIGSEGV, SEGV_ACCERR, memory + 1);
  CHECK_EQ(memory[1], 'm');
  memory[PAGE] = 'n';
  CHECK_EQ(mprotect(memory, PAGE, PROT_NONE), 0);
  CHECK_FAULT(READ_BYTE(memory + 2), SIGSEGV, SEGV_ACCERR, memory + 2);
  CHECK_EQ(mprotect(memory, PAGE, RW), 0);
  CHECK_EQ(memory[1], 'm');
  memory[1] = 'w';

  // Protections change many times on touched and untouched pages.
  for (volatile int i = 0; i < 40; i++) {
    CHECK_EQ(mprotect(memory + PAGE, 2 * PAGE, i % 2 ? RW : PROT_READ), 0);
    CHECK_EQ(FAULT_OF(WRITE_BYTE(memory + 2 * PAGE, i)), i % 2 ? 0 : SIGSEGV);
  }
  CHECK_EQ(mprotect(memory, 8 * PAGE, RW), 0);
}

// The kernel respects the program's protections.
static void check_kernel(void) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  CHECK_EQ(write(fds[1], "12345678", 8), 8);
  CHECK_EQ(mprotect(memory, PAGE, PROT_READ), 0);
  CHECK_ERRNO(read(fds[0], memory, 4), EFAULT);
  CHECK_EQ(mprotect(memory, PAGE, PROT_NONE), 0);
  CHECK_ERRNO(write(fds[1], memory, 4), EFAULT);
  CHECK_EQ(mprotect(memory, PAGE, RW), 0);
  CHECK_EQ(read(fds[0], memory, 8), 8);
  CHECK(memcmp(memory, "12345678", 8) == 0);
  close(fds[0]), close(fds[1]);
}

// Code: not executable without PROT_EXEC; written, made executable, run, rewritten.
static void check_code(void) {
  char *code = memory + 4 * PAGE;
  int (*function)(void) = (int (*)(void))(uintptr_t)code;
  write_function(code, 7);
  CHECK_FAULT(function(), SIGSEGV, SEGV_ACCERR, code);
  CHECK_EQ(fault_pc, (uintptr_t)code);
  CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(function(), 7);
  CHECK_FAULT(WRITE_BYTE(code, 1), SIGSEGV, SEGV_ACCERR, code);
  CHECK_EQ(mprotect(code, PAGE, RW), 0);
  write_function(code, 9);
  CHECK_EQ(mprotect(code, PAGE, PROT_READ | PROT_EXEC), 0);
  CHECK_EQ(function(), 9);
  CHECK_EQ(mprotect(code, PAGE, RW), 0);
  CHECK_EQ(FAULT_OF(function()), SIGSEGV);
}

static void check_errors(void) {
  CHECK_ERRNO(mprotect(memory + 1, PAGE, RW), EINVAL);
  CHECK_ERRNO(mprotect(memory, PAGE, 0x100), EINVAL);
  CHECK_EQ(mprotect(memory, 0, RW), 0);
  CHECK_ERRNO(mprotect(memory, (size_t)-PAGE, RW), ENOMEM);
  // Over a hole: the part before it is changed, then ENOMEM.
  CHECK_EQ(munmap(memory + 6 * PAGE, PAGE), 0);
  CHECK_ERRNO(mprotect(memory + 5 * PAGE, 3 * PAGE, PROT_READ), ENOMEM);
  CHECK_EQ(FAULT_OF(WRITE_BYTE(memory + 5 * PAGE, 1)), SIGSEGV);
  CHECK_EQ(FAULT_OF(WRITE_BYTE(memory + 7 * PAGE, 1)), 0);
}

// The program's own image: constants are read-only, code is not writable.
static void check_image(void) {
  static const char constant[] = "constant";
  const char *volatile text = constant;
  CHECK_FAULT(WRITE_BYTE(text, 'x'), SIGSEGV, SEGV_ACCERR, text);
  CHECK_FAULT(WRITE_BYTE((uintptr_t)check_image, 0), SIGSEGV, SEGV_ACCERR, (uintptr_t)check_image);
  CHECK_EQ(text[0], 'c');
}

int main(void) {
  catch_faults();
  memory = mmap(0, 8 * PAGE, RW, ANON, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  memory[1] = 'm';
  check_data();
  check_kernel();
  check_code();
  check_errors();
  check_image();
  return finish();
}
