// scripts: how the kernel handles a first line with #!. man 2 execve, "Interpreter scripts".
// not in CI's beds: emulation makes it slow
#include <linux/limits.h>
#include <stdarg.h>

#include "processes.h"

static char self[PATH_MAX], interpreter[PATH_MAX + 16];

static void script(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void script(const char *path, const char *format, ...) {
  char text[2 * PATH_MAX];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  write_file(path, text, (size_t)length);
  CHECK_EQ(chmod(path, 0755), 0);
}

// Runs it with two arguments; its interpreter, this program again, must find the expected ones, which end at the first null pointer.
static void check_arguments(const char *path, const char *const *expected) {
  char *words[] = {"gone", "one", "two words", 0}, *variables[16] = {"MODE=script"};
  size_t count = 0;
  for (; expected[count]; count++) variables[count + 1] = (char *)expected[count];
  CHECK_IN_CHILD {
    execve(path, words, variables);
    fail(__FILE__, __LINE__, path, -1, errno);
  }
}
#define CHECK_ARGUMENTS(path, ...) \
  check_arguments(path, (const char *const[]){interpreter, __VA_ARGS__, "one", "two words", 0})

static int find_arguments(char **argv) {
  size_t i = 0;
  for (; argv[i]; i++) {
    if (environ[i + 1] && strcmp(argv[i], environ[i + 1]) == 0) continue;
    dprintf(2, "argument %zu is \"%s\", not \"%s\"\n", i, argv[i], environ[i + 1] ? environ[i + 1] : "(none)");
    failures++;
  }
  CHECK(!environ[i + 1]);
  char name[17] = "";
  CHECK_EQ(prctl(PR_GET_NAME, name), 0);
  // The process is named after the script, where the script has a name.
  if (!strstr(environ[i - 2], "/dev/fd/")) CHECK(strncmp(name, "script", 6) == 0);
  return finish();
}

static void check_lines(void) {
  script("script-plain", "#!%s\nexit 1\n", interpreter);
  CHECK_ARGUMENTS("script-plain", "script-plain");
  CHECK_ARGUMENTS("./script-plain", "./script-plain");
  script("script-argument", "#! \t %s  \t an argument\twith blanks \t \n", interpreter);
  CHECK_ARGUMENTS("script-argument", "an argument\twith blanks", "script-argument");
  script("script-no-newline", "#!%s -x", interpreter);
  CHECK_ARGUMENTS("script-no-newline", "-x", "script-no-newline");
  script("script-return", "#!%s -x\r\n", interpreter);
  CHECK_ARGUMENTS("script-return", "-x\r", "script-return");
}

static void check_nested(void) {
  script("script-2", "#!./script-argument second\n");
  CHECK_ARGUMENTS("script-2", "an argument\twith blanks", "./script-argument", "second", "script-2");
  script("script-3", "#!script-2\n");
  CHECK_ARGUMENTS("script-3", "an argument\twith blanks", "./script-argument", "second", "script-2", "script-3");
  script("script-4", "#!script-3\n");
  script("script-5", "#!script-4\n");
  script("script-6", "#!script-5\n");
  char *words[] = {"name", 0};
  CHECK_ARGUMENTS("script-5", "an argument\twith blanks", "./script-argument", "second", "script-2", "script-3", "script-4",
                  "script-5");
  CHECK_ERRNO(execve("script-6", words, environ), ELOOP);
  script("script-itself", "#!script-itself\n");
  CHECK_ERRNO(execve("script-itself", words, environ), ELOOP);
}

static void check_errors(void) {
  char *words[] = {"name", 0}, spaces[400];
  memset(spaces, ' ', sizeof(spaces)), spaces[399] = 0;
  const struct {
    const char *text;
    int error;
  } cases[] = {{"#!\n", ENOEXEC},        {"#! \t \n", ENOEXEC}, {"#\n", ENOEXEC},
               {" #!/bin/sh\n", ENOEXEC}, {"#!/no/such\n", ENOENT}, {"#!/\n", EACCES}, {"#!/dev/null\n", EACCES}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    script("script-wrong", "%s", cases[i].text);
    CHECK_ERRNO(execve("script-wrong", words, environ), cases[i].error);
  }
  // The line has at most 256 bytes (BINPRM_BUF_SIZE): blanks may neither push the interpreter past that nor cut its name.
  script("script-wrong", "#!%s%s\n", spaces, self);
  CHECK_ERRNO(execve("script-wrong", words, environ), ENOEXEC);
  memset(spaces, 'x', 399);
  script("script-wrong", "#!/%s\n", spaces);
  CHECK_ERRNO(execve("script-wrong", words, environ), ENOEXEC);
  script("script-text", "text\n");
  script("script-wrong", "#!script-text\n");
  CHECK_ERRNO(execve("script-wrong", words, environ), ENOEXEC);
}

// The interpreter opens the script as /dev/fd/N, which must exist for it: man 2 execveat, "BUGS".
static void check_execveat(void) {
  char *words[] = {"gone", "one", "two words", 0}, path[32];
  int fd = open("script-plain", O_RDONLY), closing = open("script-plain", O_RDONLY | O_CLOEXEC), directory = open(".", O_PATH);
  snprintf(path, sizeof(path), "/dev/fd/%d", fd);
  char *variables[] = {"MODE=script", interpreter, path, "one", "two words", 0};
  CHECK_EQ(ended(CHILD(syscall(SYS_execveat, fd, "", words, variables, AT_EMPTY_PATH))), 0);
  CHECK_ERRNO(syscall(SYS_execveat, closing, "", words, environ, AT_EMPTY_PATH), ENOENT);
  snprintf(path, sizeof(path), "/dev/fd/%d/script-plain", directory);
  CHECK_EQ(ended(CHILD(syscall(SYS_execveat, directory, "script-plain", words, variables, 0))), 0);
  // A path without the descriptor is found all the same.
  CHECK_EQ(fcntl(directory, F_SETFD, FD_CLOEXEC), 0);
  CHECK_ERRNO(syscall(SYS_execveat, directory, "script-plain", words, environ, 0), ENOENT);
  CHECK_ERRNO(syscall(SYS_execveat, directory, "./script-plain", words, environ, 0), ENOENT);
  snprintf(path, sizeof(path), "script-plain");
  CHECK_EQ(ended(CHILD(syscall(SYS_execveat, AT_FDCWD, "script-plain", words, variables, 0))), 0);
  close(fd), close(closing), close(directory);
  // A script in a memfd that is still open for writing.
  char line[PATH_MAX + 32];
  int length = snprintf(line, sizeof(line), "#!%s\n", interpreter), memory = memfd_create("script", 0);
  CHECK_EQ(write(memory, line, (size_t)length), length);
  snprintf(path, sizeof(path), "/dev/fd/%d", memory);
  CHECK_EQ(ended(CHILD(syscall(SYS_execveat, memory, "", words, variables, AT_EMPTY_PATH))), 0);
  CHECK_EQ(fcntl(memory, F_SETFD, FD_CLOEXEC), 0);
  CHECK_ERRNO(syscall(SYS_execveat, memory, "", words, environ, AT_EMPTY_PATH), ENOENT);
  close(memory);
}

int main(int argc, char **argv) {
  (void)argc;
  if (getenv("MODE")) return find_arguments(argv);
  limit_time();
  REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  enter_scratch();
  CHECK_EQ(symlink(self, "interpreter"), 0);
  snprintf(interpreter, sizeof(interpreter), "%s/interpreter", scratch_path);
  check_lines();
  check_nested();
  check_errors();
  check_execveat();
  return finish();
}
