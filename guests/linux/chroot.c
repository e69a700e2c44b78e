// chroot: a new root that .. and absolute links do not leave; only for root. man 2 chroot.
#include "check.h"

int main(void) {
  enter_scratch();
  char outside[4200], buffer[64];
  write_file("outside", "o", 1);
  REQUIRE(mkdir("jail", 0755) == 0 && mkdir("jail/dir", 0755) == 0);
  write_file("jail/dir/inside", "i", 1);
  REQUIRE(symlink("/dir/inside", "jail/absolute") == 0 && symlink("../../../../dir/inside", "jail/relative") == 0);
  snprintf(outside, sizeof(outside), "%s/outside", scratch_path);
  if (!is_root()) {
    CHECK_ERRNO(chroot("jail"), EPERM);
    CHECK_EQ(read_file(outside, buffer, sizeof(buffer)), 1);
    return finish();
  }

  CHECK_ERRNO(chroot("missing"), ENOENT);
  CHECK_ERRNO(chroot("outside"), ENOTDIR);
  int out = open(".", O_RDONLY | O_DIRECTORY);
  CHECK_EQ(chroot("jail"), 0);
  // The working directory stays where it was, outside, and has no path.
  CHECK_EQ(read_file("outside", buffer, sizeof(buffer)), 1);
  CHECK_EQ(chdir("/"), 0);
  CHECK_EQ(read_file(outside, buffer, sizeof(buffer)), -1);
  CHECK_EQ(read_file("/dir/inside", buffer, sizeof(buffer)), 1);
  CHECK_EQ(read_file("/../../dir/inside", buffer, sizeof(buffer)), 1);
  CHECK_EQ(read_file("absolute", buffer, sizeof(buffer)), 1);
  CHECK_EQ(read_file("relative", buffer, sizeof(buffer)), 1);
  CHECK_EQ(chdir("dir"), 0);
  CHECK(getcwd(buffer, sizeof(buffer)) && strcmp(buffer, "/dir") == 0);
  // Linux lets root climb out through a descriptor it kept: go back, so that the scratch directory can be removed.
  CHECK_EQ(fchdir(out), 0);
  for (int i = 0; i < 32; i++) CHECK_EQ(chdir(".."), 0);
  CHECK_EQ(chroot("."), 0);
  CHECK_EQ(read_file(outside, buffer, sizeof(buffer)), 1);
  return finish();
}
