// capabilities: what capset, changes of ids, the bounding and ambient sets do, and what their loss takes away. man 7 capabilities.
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "check.h"

#define BIT(capability) (1ull << (capability))

struct sets {
  unsigned long long effective, permitted, inheritable;
};

static struct __user_cap_header_struct header(void) {
  return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

static struct sets get(void) {
  struct __user_cap_header_struct head = header();
  struct __user_cap_data_struct data[2];
  REQUIRE(syscall(SYS_capget, &head, data) == 0);
#define WHOLE(field) ((unsigned long long)data[1].field << 32 | data[0].field)
  return (struct sets){WHOLE(effective), WHOLE(permitted), WHOLE(inheritable)};
}

static int set(struct sets sets) {
  struct __user_cap_header_struct head = header();
  struct __user_cap_data_struct data[2];
  for (int half = 0; half < 2; half++) {
    data[half].effective = (unsigned)(sets.effective >> (32 * half));
    data[half].permitted = (unsigned)(sets.permitted >> (32 * half));
    data[half].inheritable = (unsigned)(sets.inheritable >> (32 * half));
  }
  return (int)syscall(SYS_capset, &head, data);
}

static unsigned long long status_line(const char *name) {
  char text[8192];
  REQUIRE(read_file("/proc/self/status", text, sizeof(text)) > 0);
  char *line = strstr(text, name);
  REQUIRE(line);
  return strtoull(line + strlen(name), 0, 16);
}

static void check_ordinary(void) {
  struct sets none = get();
  CHECK_EQ(none.effective, 0);
  CHECK_EQ(none.permitted, 0);
  CHECK_EQ(set(none), 0);
  CHECK_ERRNO(set((struct sets){BIT(CAP_KILL), BIT(CAP_KILL), 0}), EPERM);
  CHECK_ERRNO(set((struct sets){0, 0, BIT(CAP_KILL)}), EPERM);
  CHECK_ERRNO(prctl(PR_CAPBSET_DROP, CAP_KILL), EPERM);
  CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0), EPERM);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), EPERM);
  CHECK_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
  CHECK_EQ(prctl(PR_GET_KEEPCAPS), 1);
}

// Each loss shows where it matters, and no other capability is missed.
static void check_loss(struct sets all) {
  struct sets less = all;
  less.effective &= ~BIT(CAP_CHOWN);
  write_file("file", "", 0);
  CHECK_EQ(set(less), 0);
  CHECK_EQ(get().effective, less.effective);
  CHECK_EQ(status_line("CapEff:\t"), less.effective);
  CHECK_EQ(status_line("CapPrm:\t"), all.permitted);
  CHECK_ERRNO(chown("file", 1, 1), EPERM);
  CHECK_EQ(chown("file", 0, 0), 0);
  CHECK_EQ(set(all), 0);
  CHECK_EQ(chown("file", 1, 1), 0);

  less.effective = all.effective & ~(BIT(CAP_FOWNER) | BIT(CAP_FSETID));
  CHECK_EQ(set(less), 0);
  CHECK_ERRNO(chmod("file", 0600), EPERM);
  CHECK_EQ(chown("file", 0, 7), 0);
  CHECK_EQ(chmod("file", 02755), 0);
  struct stat status;
  CHECK_EQ(stat("file", &status), 0);
  CHECK_EQ(status.st_mode & 07777, 0755);
  CHECK_EQ(set(all), 0);
  CHECK_EQ(chmod("file", 02755), 0);
  CHECK_EQ(stat("file", &status), 0);
  CHECK_EQ(status.st_mode & 07777, 02755);

  CHECK_EQ(chown("file", 1, 1), 0);
  CHECK_EQ(chmod("file", 0), 0);
  less.effective = all.effective & ~BIT(CAP_DAC_OVERRIDE);
  CHECK_EQ(set(less), 0);
  int fd = open("file", O_RDONLY);
  CHECK(fd >= 0);
  close(fd);
  CHECK_ERRNO(open("file", O_WRONLY), EACCES);
  less.effective &= ~BIT(CAP_DAC_READ_SEARCH);
  CHECK_EQ(set(less), 0);
  CHECK_ERRNO(open("file", O_RDONLY), EACCES);
  CHECK_ERRNO(access("file", X_OK), EACCES);
  CHECK_EQ(set(all), 0);
  CHECK_ERRNO(access("file", X_OK), EACCES);
  CHECK_EQ(access("file", R_OK | W_OK), 0);

  less.effective = all.effective & ~(BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SYS_CHROOT) | BIT(CAP_MKNOD));
  CHECK_EQ(set(less), 0);
  CHECK_ERRNO(setuid(77), EPERM);
  CHECK_EQ(setuid(0), 0);
  CHECK_ERRNO(setgid(77), EPERM);
  CHECK_ERRNO(chroot("/"), EPERM);
  CHECK_ERRNO(mknod("null", S_IFCHR | 0600, 0x103), EPERM);
  CHECK_EQ(set(all), 0);
}

static void check_rules(struct sets all) {
  // A capability that is no longer permitted cannot be regained.
  struct sets less = all;
  less.permitted &= ~BIT(CAP_SYS_TIME);
  CHECK_ERRNO(set(less), EPERM);
  less.effective &= ~BIT(CAP_SYS_TIME);
  CHECK_EQ(set(less), 0);
  CHECK_ERRNO(set(all), EPERM);
  less.inheritable = BIT(CAP_KILL) | BIT(CAP_CHOWN);
  CHECK_EQ(set(less), 0);

  CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), 0);
  CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), 0);
  CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), 0);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_TIME, 0, 0), EPERM);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 63, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, 9, CAP_KILL, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 1, 0), EINVAL);
  CHECK_EQ(status_line("CapAmb:\t"), BIT(CAP_KILL) | BIT(CAP_CHOWN));
  CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0), 0);
  CHECK_EQ(status_line("CapAmb:\t"), BIT(CAP_KILL));
  less.inheritable = 0;
  CHECK_EQ(set(less), 0);
  CHECK_EQ(status_line("CapAmb:\t"), 0);
  CHECK_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
  CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 0);

  CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_SYS_BOOT), 1);
  CHECK_EQ(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT), 0);
  CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_SYS_BOOT), 0);
  CHECK_ERRNO(prctl(PR_CAPBSET_DROP, 63), EINVAL);
  CHECK_EQ(status_line("CapBnd:\t") & BIT(CAP_SYS_BOOT), 0);
  less.inheritable = BIT(CAP_SYS_BOOT);
  CHECK_ERRNO(set(less), EPERM);
}

static void check_ids(void) {
  struct sets held = get();
  // The file system's own id takes away only the capabilities about files.
  setfsuid(9);
  CHECK_EQ(get().effective & BIT(CAP_DAC_OVERRIDE), 0);
  CHECK(get().effective & BIT(CAP_KILL));
  setfsuid(0);
  CHECK_EQ(get().effective, held.effective);

  CHECK_EQ(seteuid(9), 0);
  CHECK_EQ(get().effective, 0);
  CHECK_EQ(get().permitted, held.permitted);
  CHECK_EQ(seteuid(0), 0);
  CHECK_EQ(get().effective, held.permitted);

  CHECK_EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED), 0);
  CHECK_EQ(prctl(PR_GET_SECUREBITS), SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
  CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0), EPERM);
  CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 1ul << 40 | 0xff), EPERM);
  CHECK_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
  CHECK_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
  CHECK_EQ(prctl(PR_GET_SECUREBITS) & SECBIT_KEEP_CAPS, SECBIT_KEEP_CAPS);
  CHECK_EQ(setresuid(9, 9, 9), 0);
  CHECK_EQ(get().effective, 0);
  CHECK_EQ(get().permitted, held.permitted);
  // Kept, and taken up again, by a user who is not root.
  CHECK_EQ(set((struct sets){BIT(CAP_SETUID), BIT(CAP_SETUID), 0}), 0);
  CHECK_EQ(setresuid(10, 10, 10), 0);
  CHECK_EQ(get().effective, BIT(CAP_SETUID));
  CHECK_EQ(setresuid(0, 0, 0), 0);
  CHECK_EQ(prctl(PR_SET_KEEPCAPS, 0), 0);
  CHECK_EQ(setresuid(11, 11, 11), 0);
  CHECK_EQ(get().permitted, 0);
  CHECK_ERRNO(setresuid(0, 0, 0), EPERM);
}

int main(void) {
  struct sets all = get();
  // Root in a container has not all of them.
  unsigned long long needed = BIT(CAP_SETPCAP) | BIT(CAP_SYS_TIME) | BIT(CAP_SYS_BOOT) | BIT(CAP_MKNOD);
  if ((all.permitted & needed) != needed) {
    if (!all.permitted) check_ordinary();
    return finish();
  }
  enter_scratch();
  CHECK_EQ(chmod(".", 0777), 0);
  check_loss(all);
  check_rules(all);
  unlink("file");
  check_ids();
  return finish();
}
