// exec-errors: each way that execve fails, and that the program is intact after it; sizes of arguments. man 2 execve.
// not in CI's beds: emulation makes it slow
#include <elf.h>
#include <linux/limits.h>
#include <sys/resource.h>

#include "processes.h"

// MAX_ARG_STRLEN: one string with its zero byte; man 2 execve.
#define LONGEST_STRING (32 * PAGE)

static char self[PATH_MAX];
static char *const words[] = {"name", 0}, *const variables[] = {"MODE=pass", 0};

#define CHECK_EXEC(path, error) CHECK_ERRNO(execve(path, words, variables), error)

static void make_executable(const char *path, const void *data, size_t length) {
  write_file(path, data, length);
  CHECK_EQ(chmod(path, 0755), 0);
}

static void check_paths(void) {
  char name[NAME_MAX + 2], path[PATH_MAX + 1];
  memset(name, 'n', sizeof(name)), name[NAME_MAX + 1] = 0;
  memset(path, '/', sizeof(path)), path[PATH_MAX] = 0;
  make_executable("text", "just text\n", 10);
  CHECK_EQ(symlink("loop", "loop"), 0);
  CHECK_EQ(symlink("nowhere", "dangling"), 0);
  CHECK_EXEC("missing", ENOENT);
  CHECK_EXEC("dangling", ENOENT);
  CHECK_EXEC("missing/name", ENOENT);
  CHECK_EXEC("", ENOENT);
  CHECK_EXEC("text/name", ENOTDIR);
  CHECK_EXEC("text/", ENOTDIR);
  CHECK_EXEC("loop", ELOOP);
  CHECK_EXEC(name, ENAMETOOLONG);
  CHECK_EXEC(path, ENAMETOOLONG);
}

static void check_rights(void) {
  write_file("plain", "\177ELF", 4);
  CHECK_EQ(mkfifo("fifo", 0777), 0);
  CHECK_EXEC("plain", EACCES);
  CHECK_EXEC(".", EACCES);
  CHECK_EXEC("/dev/null", EACCES);
  CHECK_EXEC("fifo", EACCES);
  make_executable("others", "", 0);
  CHECK_EQ(chmod("others", 0011), 0);
  // For the owner only the owner's bits count; for root any bit will do.
  CHECK_EXEC("others", is_root() ? ENOEXEC : EACCES);
  CHECK_EQ(mkdir("closed", 0700), 0);
  make_executable("closed/file", "", 0);
  CHECK_EQ(chmod("closed", 0600), 0);
  CHECK_EXEC("closed/file", is_root() ? ENOEXEC : EACCES);
}

static void check_formats(void) {
  Elf64_Ehdr header;
  int fd = open(self, O_RDONLY);
  REQUIRE(read(fd, &header, sizeof(header)) == sizeof(header));
  close(fd);
  make_executable("empty", "", 0);
  CHECK_EXEC("empty", ENOEXEC);
  CHECK_EXEC("text", ENOEXEC);
  make_executable("short", &header, 20);
  CHECK_EXEC("short", ENOEXEC);
  make_executable("no-table", &header, sizeof(header));
  CHECK(execve("no-table", words, variables) == -1 && (errno == ENOEXEC || errno == EIO));

  Elf64_Ehdr other = header;
  other.e_machine = header.e_machine == EM_X86_64 ? EM_AARCH64 : EM_X86_64;
  make_executable("foreign", &other, sizeof(other));
  CHECK_EXEC("foreign", ENOEXEC);
  other = header, other.e_type = ET_REL;
  make_executable("object", &other, sizeof(other));
  CHECK_EXEC("object", ENOEXEC);
  other = header, other.e_phentsize = 1;
  make_executable("strange", &other, sizeof(other));
  CHECK_EXEC("strange", ENOEXEC);
  other = header, other.e_phnum = 0;
  make_executable("nothing", &other, sizeof(other));
  CHECK_EXEC("nothing", ENOEXEC);
}

// A dynamic program with one PT_LOAD and one PT_INTERP.
static void check_interpreter(void) {
  struct with_interpreter {
    Elf64_Ehdr header;
    Elf64_Phdr interpreter, load;
    char path[32];
  } file = {.path = "/no/such/loader"};
  file.load = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x400000, .p_align = PAGE};
  file.load.p_filesz = file.load.p_memsz = sizeof(file);
  int fd = open(self, O_RDONLY);
  REQUIRE(read(fd, &file.header, sizeof(file.header)) == sizeof(file.header));
  close(fd);
  file.header.e_phoff = offsetof(typeof(file), interpreter), file.header.e_phnum = 2, file.header.e_entry = 0x400000;
  file.interpreter.p_type = PT_INTERP, file.interpreter.p_offset = offsetof(typeof(file), path);
  file.interpreter.p_filesz = sizeof("/no/such/loader");
  make_executable("dynamic", &file, sizeof(file));
  CHECK_EXEC("dynamic", ENOENT);
  // What it names must be an ELF file, and no script.
  make_executable("lines", "#!/bin/true\njust text, as long as an ELF file's header, which has 64 bytes\n", 75);
  make_executable("words", "just text, as long as an ELF file's header, which has 64 bytes, or more\n", 70);
  const char *const wrong[] = {"words", "lines", "foreign", "object"};
  for (size_t i = 0; i < COUNT(wrong); i++) {
    struct with_interpreter other = file;
    strcpy(other.path, wrong[i]);
    other.interpreter.p_filesz = strlen(wrong[i]) + 1;
    make_executable("dynamic", &other, sizeof(other));
    CHECK_EXEC("dynamic", ELIBBAD);
  }
  file.interpreter.p_filesz = 1;
  make_executable("dynamic", &file, sizeof(file));
  CHECK_EXEC("dynamic", ENOEXEC);
  file.interpreter.p_filesz = PATH_MAX + 1;
  make_executable("dynamic", &file, sizeof(file));
  CHECK_EXEC("dynamic", ENOEXEC);
  file.interpreter.p_filesz = 4;
  make_executable("dynamic", &file, sizeof(file));
  CHECK_EXEC("dynamic", ENOEXEC);
}

static void check_pointers(void) {
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_execve, *p, words, variables), EFAULT);
  for (BAD_POINTER(p)) {
    char *list[] = {"name", (char *)*p, 0};
    // A missing list counts as an empty one.
    if (*p) CHECK_ERRNO(syscall(SYS_execve, self, *p, variables), EFAULT);
    if (*p) CHECK_ERRNO(syscall(SYS_execve, self, words, *p), EFAULT);
    if (*p) CHECK_ERRNO(syscall(SYS_execve, self, list, variables), EFAULT);
    if (*p) CHECK_ERRNO(syscall(SYS_execve, self, words, list), EFAULT);
  }
  // A list, and a string, that run into a page without access.
  char **list = at_page_end(2 * sizeof(char *), 0);
  list[0] = list[1] = "word";
  CHECK_ERRNO(syscall(SYS_execve, self, list, variables), EFAULT);
  char *string = at_page_end(4, 0), *strings[] = {string, 0};
  memcpy(string, "wxyz", 4);
  CHECK_ERRNO(syscall(SYS_execve, self, strings, variables), EFAULT);
}

// With 1 MiB of stack, a quarter of it may hold strings and pointers; one string is at most 32 pages. man 2 execve.
static void check_sizes(void) {
  char *longest = malloc(LONGEST_STRING + 1), *list[] = {longest, 0, 0, 0};
  memset(longest, 'x', LONGEST_STRING), longest[LONGEST_STRING] = 0;
  CHECK_ERRNO(execve(self, list, variables), E2BIG);
  CHECK_ERRNO(execve(self, words, list), E2BIG);
  longest[LONGEST_STRING - 1] = 0;
  CHECK_EQ(ended(CHILD(execve(self, list, variables))), 0);
  CHECK_IN_CHILD {
    CHECK_EQ(setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20}), 0);
    list[1] = longest;
    CHECK_ERRNO(execve(self, list, variables), E2BIG);
    CHECK_ERRNO(execve(self, list + 1, list), E2BIG);
    // Pointers count too.
    static char *empties[(1 << 20) / 4 / 8];
    for (size_t i = 0; i + 1 < COUNT(empties); i++) empties[i] = "";
    CHECK_ERRNO(execve(self, empties, variables), E2BIG);
    empties[1 << 14] = 0;
    execve(self, empties, variables);
  }
  free(longest);
}

static volatile int caught;
static void catch(int number) { caught = number; }

int main(void) {
  if (getenv("MODE")) return 0;
  limit_time();
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  enter_scratch();
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  signal(SIGUSR1, catch);
  check_paths();
  check_rights();
  check_formats();
  check_interpreter();
  check_pointers();
  check_sizes();
  // None of that closed a descriptor, lost a handler, or changed the name.
  char name[17] = "";
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  raise(SIGUSR1);
  CHECK_EQ(caught, SIGUSR1);
  CHECK(prctl(PR_GET_NAME, name) == 0 && strncmp(name, "exec-errors", 11) == 0);
  return finish();
}
