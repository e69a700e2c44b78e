// access: existence and permission by the real user, or the effective one with AT_EACCESS. man 2 access, man 2 faccessat2.
#include "check.h"

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

int main(void) {
  enter_scratch();
  write_file("file", "", 0);
  write_file("script", "", 0);
  REQUIRE(chmod("script", 0755) == 0 && mkdir("dir", 0755) == 0 && symlink("missing", "dangling") == 0);
  CHECK_EQ(access("file", F_OK), 0);
  CHECK_EQ(access("file", R_OK | W_OK), 0);
  CHECK_ERRNO(access("file", X_OK), EACCES);
  CHECK_EQ(access("script", R_OK | W_OK | X_OK), 0);
  CHECK_EQ(access("dir", R_OK | W_OK | X_OK), 0);
  CHECK_EQ(access("/", R_OK | X_OK), 0);
  CHECK_ERRNO(access("missing", F_OK), ENOENT);
  CHECK_ERRNO(access("file/x", F_OK), ENOTDIR);
  CHECK_ERRNO(access("dangling", F_OK), ENOENT);
  CHECK_ERRNO(access("file", 8), EINVAL);

  REQUIRE(chmod("file", 0) == 0);
  CHECK_EQ(access("file", F_OK), 0);
  if (is_root()) {
    CHECK_EQ(access("file", R_OK | W_OK), 0);
    CHECK_ERRNO(access("file", X_OK), EACCES);
  } else {
    CHECK_ERRNO(access("file", R_OK), EACCES);
    CHECK_ERRNO(access("file", W_OK), EACCES);
    CHECK_ERRNO(open("file", O_RDONLY), EACCES);
    // A directory without x hides what is in it; without w nothing can be made there.
    write_file("dir/inner", "", 0);
    REQUIRE(chmod("dir", 0600) == 0);
    CHECK_ERRNO(access("dir/inner", F_OK), EACCES);
    REQUIRE(chmod("dir", 0500) == 0);
    CHECK_EQ(access("dir/inner", F_OK), 0);
    CHECK_ERRNO(open("dir/new", O_CREAT | O_WRONLY, 0644), EACCES);
    CHECK_ERRNO(unlink("dir/inner"), EACCES);
    CHECK_ERRNO(mkdir("dir/sub", 0755), EACCES);
    CHECK_ERRNO(rename("dir/inner", "here"), EACCES);
    REQUIRE(chmod("dir", 0755) == 0);
  }

  long newer = syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW);
  if (newer == -1 && errno == ENOSYS) return finish();
  CHECK_EQ(newer, 0);
  CHECK_EQ(syscall(SYS_faccessat2, AT_FDCWD, "script", X_OK, AT_EACCESS), 0);
  int fd = open("script", O_RDONLY);
  CHECK_EQ(syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH), 0);
  CHECK_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, "script", X_OK, 0x40000), EINVAL);
  return finish();
}
