// proc-settings: writable files of /proc/self, smaps, pagemap and namespaces, with the prctl options that belong to them. man 5 proc.
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "check.h"

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

static char text[1 << 18];

static int write_bytes(const char *path, const char *bytes, size_t length) {
  int fd = open(path, O_WRONLY);
  REQUIRE(fd >= 0);
  ssize_t n = write(fd, bytes, length);
  int error = errno;
  close(fd);
  errno = error;
  return (int)n;
}

static int write_text(const char *path, const char *value) {
  return write_bytes(path, value, strlen(value));
}

static const char *text_of(const char *path) {
  CHECK(read_file(path, text, sizeof(text)) >= 0);
  return text;
}

static void check_comm(void) {
  char name[16];
  CHECK_EQ(write_text("/proc/self/comm", "other"), 5);
  CHECK(strcmp(text_of("/proc/self/comm"), "other\n") == 0);
  CHECK_EQ(prctl(PR_GET_NAME, name), 0);
  CHECK(strcmp(name, "other") == 0);
  CHECK_EQ(write_text("/proc/self/comm", "a name of more than fifteen bytes"), 33);
  CHECK(strcmp(text_of("/proc/self/comm"), "a name of more \n") == 0);
  CHECK_EQ(prctl(PR_SET_NAME, "third"), 0);
  CHECK(strcmp(text_of("/proc/thread-self/comm"), "third\n") == 0);
}

static void check_oom(void) {
  CHECK_EQ(write_text("/proc/self/oom_score_adj", "500\n"), 4);
  CHECK_EQ(atoi(text_of("/proc/self/oom_score_adj")), 500);
  // Linux rounds several times on the way to 1000.
  CHECK(atoi(text_of("/proc/self/oom_score")) >= 990);
  CHECK_ERRNO(write_text("/proc/self/oom_score_adj", "1001"), EINVAL);
  CHECK_ERRNO(write_text("/proc/self/oom_score_adj", "-1001"), EINVAL);
  CHECK_ERRNO(write_text("/proc/self/oom_score_adj", "five"), EINVAL);
  CHECK_EQ(write_text("/proc/self/oom_score_adj", " 0x10 "), 6);
  CHECK_EQ(atoi(text_of("/proc/self/oom_score_adj")), 16);
  // The text ends at its first zero byte.
  CHECK_EQ(write_bytes("/proc/self/oom_score_adj", "25\0", 3), 3);
  CHECK_EQ(atoi(text_of("/proc/self/oom_score_adj")), 25);
  CHECK_EQ(write_bytes("/proc/self/oom_score_adj", "26\n\0x", 5), 5);
  CHECK_EQ(atoi(text_of("/proc/self/oom_score_adj")), 26);
  CHECK_ERRNO(write_bytes("/proc/self/oom_score_adj", "\0", 1), EINVAL);
  if (is_root()) return;
  CHECK_ERRNO(write_text("/proc/self/oom_score_adj", "-1"), EACCES);
  CHECK_EQ(write_text("/proc/self/oom_score_adj", "0"), 1);
}

static void check_coredump_filter(void) {
  CHECK_EQ(strlen(text_of("/proc/self/coredump_filter")), 9);
  CHECK_EQ(write_text("/proc/self/coredump_filter", "0x7f"), 4);
  CHECK(strcmp(text_of("/proc/self/coredump_filter"), "0000007f\n") == 0);
  CHECK_EQ(write_bytes("/proc/self/coredump_filter", "51\0", 3), 3);
  CHECK(strcmp(text_of("/proc/self/coredump_filter"), "00000033\n") == 0);
  CHECK_ERRNO(write_text("/proc/self/coredump_filter", "all"), EINVAL);
}

// A field's number in kB: of the mapping at `address`, or the file's first one.
static long smaps_field(const char *path, const void *address, const char *field) {
  char start[32];
  text_of(path);
  char *entry = text;
  if (address) {
    snprintf(start, sizeof(start), "%lx-", (unsigned long)address);
    entry = strstr(text, start);
  }
  if (!entry) return -1;
  char *line = strstr(entry, field);
  return line ? atol(line + strlen(field)) : -1;
}

static void check_smaps(void) {
  // Between two pages with another protection, so that it is a separate mapping.
  char *area = mmap(0, 66 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(area != MAP_FAILED);
  char *pages = area + 4096;
  CHECK_EQ(mprotect(pages, 64 * 4096, PROT_READ | PROT_WRITE), 0);
  const char *smaps = "/proc/self/smaps";
  CHECK_EQ(smaps_field(smaps, pages, "\nSize:"), 256);
  CHECK_EQ(smaps_field(smaps, pages, "\nRss:"), 0);
  memset(pages, 1, 64 * 4096);
  CHECK_EQ(smaps_field(smaps, pages, "\nRss:"), 256);
  CHECK_EQ(smaps_field(smaps, pages, "\nPss:"), 256);
  CHECK_EQ(smaps_field(smaps, pages, "\nPrivate_Dirty:"), 256);
  CHECK_EQ(smaps_field(smaps, pages, "\nAnonymous:"), 256);
  CHECK_EQ(smaps_field(smaps, pages, "\nSwap:"), 0);
  CHECK(strstr(text, "\nVmFlags: rd "));
  CHECK(smaps_field("/proc/self/smaps_rollup", 0, "\nRss:") >= 256);
  CHECK(smaps_field("/proc/self/smaps_rollup", 0, "\nPss_Anon:") >= 256);
}

static void check_pagemap(void) {
  char *pages = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  CHECK_EQ(madvise(pages, 64 * PAGE, MADV_RANDOM), 0);
  memset(pages + 8 * PAGE, 1, 8 * PAGE);
  CHECK_EQ(munmap(pages + 32 * PAGE, PAGE), 0);
  int fd = open("/proc/self/pagemap", O_RDONLY);
  REQUIRE(fd >= 0);
  uint64_t words[16];
  off_t at = (off_t)((uintptr_t)pages / PAGE * 8);
  CHECK_EQ(pread(fd, words, sizeof(words), at + 8 * 8), sizeof(words));
  for (int i = 0; i < 8; i++) CHECK_EQ(words[i] >> 61, 4);
  CHECK_EQ(pread(fd, words, 8, at + 32 * 8), 8);
  CHECK_EQ(words[0] >> 61, 0);
  CHECK_ERRNO(pread(fd, words, 7, at), EINVAL);
  CHECK_ERRNO(pread(fd, words, 8, at + 4), EINVAL);
  CHECK_EQ(lseek(fd, at + 8 * 8, SEEK_SET), at + 8 * 8);
  CHECK_EQ(read(fd, words, 16), 16);
  CHECK_EQ(words[1] >> 63, 1);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), at + 10 * 8);
  close(fd);
}

static void check_namespaces(void) {
  static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
  for (size_t i = 0; i < COUNT(kinds); i++) {
    char path[64], link[64], expected[64];
    struct stat status;
    snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
    ssize_t n = readlink(path, link, sizeof(link) - 1);
    REQUIRE(n > 0);
    link[n] = 0;
    CHECK_EQ(stat(path, &status), 0);
    CHECK(S_ISREG(status.st_mode));
    snprintf(expected, sizeof(expected), "%s:[%lu]", kinds[i], (unsigned long)status.st_ino);
    CHECK(strcmp(link, expected) == 0);
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK_ERRNO(read(fd, link, 1), EINVAL);
    close(fd);
  }
}

static void check_prctl(void) {
  CHECK_EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
  CHECK(strstr(text_of("/proc/self/status"), "\nTHP_enabled:\t0\n"));
  CHECK_EQ(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
  CHECK_ERRNO(prctl(PR_SET_THP_DISABLE, 0, 0, 1, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 1), EINVAL);
  CHECK_ERRNO(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 1), EINVAL);
  CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
  CHECK(strstr(text_of("/proc/self/status"), "\nTHP_enabled:\t1\n"));

  unsigned long auxv[64] = {0};
  int length = prctl(PR_GET_AUXV, auxv, sizeof(auxv), 0, 0);
  // Since Linux 6.4.
  if (length > 0) {
    unsigned long page_size = 0;
    for (int i = 0; i < 62 && auxv[i]; i += 2)
      if (auxv[i] == AT_PAGESZ) page_size = auxv[i + 1];
    CHECK_EQ(page_size, getauxval(AT_PAGESZ));
    CHECK_ERRNO(prctl(PR_GET_AUXV, 8, 8, 0, 0), EFAULT);
    CHECK_ERRNO(prctl(PR_GET_AUXV, auxv, 8, 1, 0), EINVAL);
  }
  CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
  CHECK_ERRNO(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
  CHECK_EQ(prctl(PR_TASK_PERF_EVENTS_DISABLE), 0);

  // Not dumpable: its files are root's.
  struct stat status;
  CHECK_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
  CHECK_EQ(stat("/proc/self/environ", &status), 0);
  CHECK_EQ(status.st_uid, 0);
  CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
  CHECK_EQ(stat("/proc/self/environ", &status), 0);
  CHECK_EQ(status.st_uid, geteuid());
}

int main(void) {
  check_comm();
  check_oom();
  check_coredump_filter();
  check_smaps();
  check_pagemap();
  check_namespaces();
  check_prctl();
  return finish();
}
