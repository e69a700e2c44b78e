// hostile-exec: programs that are garbage: each exec fails with an errno or ends by a signal, and nothing outlasts it. man 5 elf.
// not in CI's beds: emulation makes it slow
#include <elf.h>

#include "processes.h"

#define CODE_PAGES 3
#define RANDOM_FILES 150
// An emulated machine takes a good part of a second for a program: there, one of five is tried.
#define SLOW_NS 100000000ll

// Hostile values for a 64-bit field, or for its low half.
static const uint64_t values[] = {0, 1, 8, 0xfff, 0x1000, 0x1001, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
                                  USER_END - 0x1000, USER_END, 0x7fffffffffffffff, 0x8000000000000000, KERNEL_START,
                                  0xfffffffffffff000, 0xffffffffffffffff};

static struct {
  Elf64_Ehdr header;
  Elf64_Phdr segments[4];
  char interpreter[64];
  // Whatever part of the file is executed, it is an undefined instruction.
  uint32_t code[1024 * CODE_PAGES];
} good, file;

__asm__(".pushsection .rodata\nundefined_start: " UNDEFINED "\n.balign 4\nundefined_end: .popsection");
extern const char undefined_start[];

static void make_good(void) {
  int fd = open("/proc/self/exe", O_RDONLY);
  REQUIRE(read(fd, &good.header, sizeof(good.header)) == sizeof(good.header));
  close(fd);
  good.header.e_phoff = offsetof(typeof(good), segments), good.header.e_phnum = COUNT(good.segments);
  good.header.e_type = ET_EXEC, good.header.e_shnum = good.header.e_shoff = good.header.e_shstrndx = 0;
  good.header.e_entry = 0x400000 + offsetof(typeof(good), code);
  good.segments[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x400000, sizeof(good), sizeof(good), 0x1000};
  good.segments[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x1000, 0x501000, 0x501000, 0x1000, 0x5000, 0x1000};
  good.segments[2] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
  good.segments[3] = (Elf64_Phdr){PT_NOTE, PF_R, 0x40, 0x400040, 0x400040, 0x20, 0x20, 4};
  for (size_t i = 0; i < COUNT(good.code); i++) memcpy(&good.code[i], undefined_start, 4);
}

static int killed, refused, stride = 1;

// Runs the current `file`.
static void try_file(const char *path, const char *what, unsigned long number) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  REQUIRE(fd >= 0 && write(fd, &file, sizeof(file)) == sizeof(file));
  close(fd);
  // vfork: even if a failure comes late, the parent is there to learn of it.
  pid_t child = number % 2 ? vfork() : fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char *words[] = {"garbage", 0}, *variables[] = {0};
    execve(path, words, variables);
    _exit(errno == ENOEXEC || errno == EINVAL || errno == ENOMEM || errno == EIO || errno == EACCES || errno == ENOENT ||
                  errno == ELIBBAD || errno == EFAULT || errno == EPERM || errno == E2BIG || errno == EEXIST
              ? 40
              : 41);
  }
  int status = ended(child);
  killed += status > 128, refused += status == 40;
  bool is_expected = status == 40 || status == 128 + SIGILL || status == 128 + SIGSEGV || status == 128 + SIGBUS ||
                     status == 128 + SIGKILL || status == 128 + SIGTRAP;
  if (!is_expected) fail(what, (int)number, "garbage fails or dies", status, 0);
}

// Every aligned word of the headers in turn, whole and in halves, with each of the values.
static void check_fields(void) {
  size_t words = offsetof(typeof(good), interpreter) / sizeof(uint64_t);
  int tried = 0;
  for (size_t i = 0; i < words; i++) {
    for (size_t j = i % 3; j < COUNT(values); j += 3) {
      if (tried++ % stride != 0) continue;
      file = good;
      memcpy((char *)&file + i * 8, &values[j], i % 2 ? 8 : 4);
      try_file("garbage", "word", i);
    }
  }
}

static uint64_t seed = 88172645463325252u;
static uint64_t random_number(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

static void check_random(void) {
  for (unsigned long i = 0; i < RANDOM_FILES; i++) {
    file = good;
    for (uint64_t n = 1 + random_number() % 6; n > 0; n--) {
      size_t at = random_number() % offsetof(typeof(good), interpreter);
      ((unsigned char *)&file)[at] = (unsigned char)random_number();
    }
    if (i % (unsigned)stride == 0) try_file("garbage", "random", i);
  }
}

// Interpreters that are themselves garbage, or no files, or the program.
static void check_interpreters(void) {
  char here[80];
  snprintf(here, sizeof(here), "%.40s/garbage", scratch_path);
  const char *const names[] = {here, "/dev/null", "/", "/proc/self/exe", "", "/proc/self/mem", "/dev/zero", "garbage", "fifo"};
  CHECK_EQ(mkfifo("fifo", 0777), 0);
  for (unsigned long i = 0; i < COUNT(names); i++) {
    // A garbage program may start the guest itself as its interpreter, which would do all this again.
    if (strcmp(names[i], "/proc/self/exe") == 0) continue;
    file = good;
    snprintf(file.interpreter, sizeof(file.interpreter), "%s", names[i]);
    file.segments[3] = (Elf64_Phdr){PT_INTERP, PF_R, offsetof(typeof(file), interpreter), 0, 0, strlen(names[i]) + 1, 0, 1};
    try_file("garbage", "interpreter", i);
  }
}

int main(void) {
  limit_time();
  enter_scratch();
  make_good();
  file = good;
  try_file("garbage", "good", 0);
  long long begin = now_ns();
  try_file("garbage", "good", 1);
  if (now_ns() - begin > SLOW_NS) stride = 5;
  CHECK_EQ(killed, 2);
  check_fields();
  check_random();
  check_interpreters();
  CHECK(killed > 20 / stride && refused > 20 / stride);
  return finish();
}
