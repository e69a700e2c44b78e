// Tries every change that a program can make to files, and prints those that succeed.
//
//   change-files SCRATCH [file PATH | directory PATH | way PATH | missing PATH]...
//
// A file and a directory are to be read-only; a way leads to one, and is to stay where it is; what is missing is to stay so. SCRATCH is a
// directory for anything, of the same file system. The last attempts are those that would leave nothing to attempt.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES 4096

static char own[PATH_BYTES];
static const char* target;

static void Try(const char* what, int result) {
  if (result == 0) printf("%s %s\n", what, target);
}

static const char* In(const char* directory, const char* name) {
  static char paths[4][PATH_BYTES];
  static int at;
  char* path = paths[at++ % 4];
  snprintf(path, PATH_BYTES, "%s/%s", directory, name);
  return path;
}

static int Opens(const char* path, int flags) {
  const int fd = open(path, flags, 0644);
  if (fd >= 0) close(fd);
  return fd < 0;
}

// A file of the program's own, which attempts may use up.
static const char* File(void) {
  const char* path = In(own, "file");
  Opens(path, O_CREAT | O_WRONLY);
  return path;
}

static const char* Folder(void) {
  const char* path = In(own, "folder");
  mkdir(path, 0755);
  return path;
}

static int Rename(const char* from, const char* to, unsigned flags) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) != 0;
}

static void TryNames(void) {
  Try("exchange", Rename(File(), target, RENAME_EXCHANGE));
  Try("exchange for a folder", Rename(Folder(), target, RENAME_EXCHANGE));
  Try("replace", Rename(File(), target, 0));
  Try("replace by a folder", Rename(Folder(), target, 0));
  Try("unlink", unlink(target));
  Try("remove", rmdir(target));
  Try("move", Rename(target, In(own, "moved"), 0));
}

static void TryFile(void) {
  const struct timespec times[2] = {{1, 0}, {1, 0}};
  Try("write", Opens(target, O_WRONLY));
  Try("read and write", Opens(target, O_RDWR));
  Try("append", Opens(target, O_WRONLY | O_APPEND));
  Try("empty", Opens(target, O_RDONLY | O_TRUNC));
  Try("truncate", truncate(target, 0));
  Try("call writable", access(target, W_OK));
  Try("chmod", chmod(target, 0600));
  Try("chown", lchown(target, getuid(), getgid()));
  Try("set times", utimensat(AT_FDCWD, target, times, 0));
  Try("link", link(target, In(own, "link")));
  TryNames();
}

static void TryDirectory(void) {
  Try("create in", Opens(In(target, "new-0"), O_CREAT | O_WRONLY));
  Try("make a folder in", mkdir(In(target, "new-1"), 0755));
  Try("link in", link(File(), In(target, "new-2")));
  Try("make a symbolic link in", symlink("/", In(target, "new-3")));
  Try("make a fifo in", mknod(In(target, "new-4"), S_IFIFO | 0600, 0));
  Try("make a socket in", mknod(In(target, "new-5"), S_IFSOCK | 0600, 0));
  Try("move to", Rename(File(), In(target, "new-6"), 0));
  Try("chmod", chmod(target, 0700));
  TryNames();
}

static void TryMissing(void) {
  Try("create", Opens(target, O_CREAT | O_WRONLY));
  Try("make a folder", mkdir(target, 0755));
  Try("make a symbolic link", symlink("/", target));
  Try("make a fifo", mknod(target, S_IFIFO | 0600, 0));
  Try("link in", link(File(), target));
  Try("move to", Rename(File(), target, 0));
  Try("move a folder to", Rename(Folder(), target, RENAME_NOREPLACE));
}

int main(int count, char** words) {
  if (count < 2) return 2;
  snprintf(own, sizeof(own), "%s", words[1]);
  for (int at = 2; at + 1 < count; at += 2) {
    target = words[at + 1];
    if (strcmp(words[at], "file") == 0) TryFile();
    if (strcmp(words[at], "directory") == 0) TryDirectory();
    if (strcmp(words[at], "way") == 0) TryNames();
    if (strcmp(words[at], "missing") == 0) TryMissing();
  }
  return 0;
}
