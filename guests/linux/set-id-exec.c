// set-id-exec: programs that run with the rights of their file's owner or group. man 2 execve, man 7 capabilities, man 3 getauxval.
#include <linux/capability.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "processes.h"

#define USER 20001
#define GROUP 20002
#define OWNER 20003
#define OWNERS_GROUP 20004
#define FULL 0x1ffu
#define FIRST_OPEN 20

// What the program is to see of itself.
struct seen {
  uid_t users[3];
  gid_t groups[3];
  int secure, dumpable;
  // Whether it has all capabilities, and which of them are ambient.
  int permitted, effective, ambient;
  int randomizes;
};

static uint32_t capability_word(int set) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  REQUIRE(syscall(SYS_capget, &header, data) == 0);
  return set == 0 ? data[0].permitted : data[0].effective;
}

static struct seen look(void) {
  struct seen seen = {.secure = (int)getauxval(AT_SECURE), .dumpable = prctl(PR_GET_DUMPABLE)};
  getresuid(&seen.users[0], &seen.users[1], &seen.users[2]);
  getresgid(&seen.groups[0], &seen.groups[1], &seen.groups[2]);
  seen.permitted = (capability_word(0) & FULL) == FULL;
  seen.effective = (capability_word(1) & FULL) == FULL;
  seen.ambient = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0);
  seen.randomizes = !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
  CHECK_EQ(getauxval(AT_EUID), seen.users[1]);
  CHECK_EQ(getauxval(AT_EGID), seen.groups[1]);
  CHECK_EQ(setfsuid((uid_t)-1), seen.users[1]);
  CHECK_EQ(setfsgid((gid_t)-1), seen.groups[1]);
  return seen;
}

static void check_seen(const struct seen *expected) {
  struct seen seen = look();
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(seen.users[i], expected->users[i]);
    CHECK_EQ(seen.groups[i], expected->groups[i]);
  }
  CHECK_EQ(seen.secure, expected->secure);
  CHECK_EQ(seen.dumpable, expected->dumpable);
  CHECK_EQ(seen.permitted, expected->permitted);
  CHECK_EQ(seen.effective, expected->effective);
  CHECK_EQ(seen.ambient, expected->ambient);
  CHECK_EQ(seen.randomizes, expected->randomizes);
}

static char program[4096];

static void copy_self(const char *path) {
  int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_CREAT | O_WRONLY, 0755);
  REQUIRE(from >= 0 && to >= 0);
  ssize_t moved;
  while ((moved = sendfile(to, from, 0, 1 << 20)) > 0) continue;
  REQUIRE(moved == 0);
  close(from), close(to);
}

static void set_program(uid_t owner, gid_t group, mode_t mode) {
  REQUIRE(chown(program, owner, group) == 0);
  REQUIRE(chmod(program, mode) == 0);
}

static void become(uid_t user, gid_t group) {
  REQUIRE(setresgid(group, group, group) == 0);
  REQUIRE(setresuid(user, user, user) == 0);
}

static void execute(struct seen expected) {
  char text[2 * sizeof(expected) + 1];
  for (size_t i = 0; i < sizeof(expected); i++) sprintf(text + 2 * i, "%02x", ((unsigned char *)&expected)[i]);
  execl(program, program, text, (char *)0);
  CHECK(!"executes");
}

static int check_text(const char *text) {
  struct seen expected;
  for (size_t i = 0; i < sizeof(expected); i++) {
    unsigned byte;
    REQUIRE(sscanf(text + 2 * i, "%2x", &byte) == 1);
    ((unsigned char *)&expected)[i] = (unsigned char)byte;
  }
  check_seen(&expected);
  return finish();
}

static const struct seen ordinary = {{USER, USER, USER}, {GROUP, GROUP, GROUP}, .dumpable = 1, .randomizes = 1};

static struct seen with(uid_t user, gid_t group) {
  struct seen seen = ordinary;
  for (int i = 1; i < 3; i++) seen.users[i] = user, seen.groups[i] = group;
  seen.secure = user != USER || group != GROUP;
  seen.dumpable = !seen.secure;
  return seen;
}

static struct seen with_root(void) {
  struct seen seen = with(0, GROUP);
  seen.permitted = seen.effective = 1;
  return seen;
}

static void bits(void) {
  set_program(OWNER, OWNERS_GROUP, 0755);
  CHECK_IN_CHILD become(USER, GROUP), execute(ordinary);
  set_program(OWNER, OWNERS_GROUP, 04755);
  CHECK_IN_CHILD become(USER, GROUP), execute(with(OWNER, GROUP));
  set_program(OWNER, OWNERS_GROUP, 02755);
  CHECK_IN_CHILD become(USER, GROUP), execute(with(USER, OWNERS_GROUP));
  set_program(OWNER, OWNERS_GROUP, 06755);
  CHECK_IN_CHILD become(USER, GROUP), execute(with(OWNER, OWNERS_GROUP));
  // Without the group's leave to execute, it is no set-group-ID bit.
  set_program(OWNER, OWNERS_GROUP, 02745);
  CHECK_IN_CHILD become(USER, GROUP), execute(ordinary);
  // The user's own: nothing changes.
  set_program(USER, GROUP, 06755);
  CHECK_IN_CHILD become(USER, GROUP), execute(ordinary);
  set_program(0, 0, 04755);
  CHECK_IN_CHILD become(USER, GROUP), execute(with_root());
}

static void root_and_others(void) {
  // root gives up its ids, but is still the real user.
  struct seen seen = {{0, OWNER, OWNER}, {0, 0, 0}, .secure = 1, .permitted = 1, .randomizes = 1};
  set_program(OWNER, OWNERS_GROUP, 04755);
  CHECK_IN_CHILD execute(seen);
}

static void not_where_nothing_may_be_gained(void) {
  set_program(0, 0, 06755);
  CHECK_IN_CHILD {
    become(USER, GROUP);
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    execute(ordinary);
  }
  // A process shares its directories with its child, which could change them under it.
  CHECK_IN_CHILD {
    become(USER, GROUP);
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    long other = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
    REQUIRE(other >= 0);
    char byte;
    if (other == 0) close(pipes[1]), read(pipes[0], &byte, 1), _exit(0);
    execute((struct seen){{USER, USER, USER}, {GROUP, GROUP, GROUP}, .secure = 1, .dumpable = 1, .randomizes = 1});
  }
}

// Ambient capabilities end with the bits, others' personality and signals at the parent's end, too.
static void what_is_lost(void) {
  set_program(OWNER, OWNERS_GROUP, 04755);
  struct seen seen = with(OWNER, GROUP);
  CHECK_IN_CHILD {
    REQUIRE(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    become(USER, GROUP);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{1, 1, 1}, {0, 0, 0}};
    REQUIRE(syscall(SYS_capset, &header, data) == 0);
    REQUIRE(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == 0);
    REQUIRE(personality(ADDR_NO_RANDOMIZE) >= 0);
    execute(seen);
  }
}

// The bits of a script mean nothing, those of its interpreter do.
static void scripts(void) {
  set_program(OWNER, OWNERS_GROUP, 04755);
  struct seen seen = with(OWNER, GROUP);
  char text[4096 + 2 * sizeof(seen) + 16];
  int at = sprintf(text, "#!%s ", program);
  for (size_t i = 0; i < sizeof(seen); i++) at += sprintf(text + at, "%02x", ((unsigned char *)&seen)[i]);
  int fd = open("script", O_CREAT | O_WRONLY, 0755);
  REQUIRE(fd >= 0 && write(fd, text, (size_t)at) == at && write(fd, "\n", 1) == 1 && close(fd) == 0);
  CHECK_IN_CHILD {
    become(USER, GROUP);
    execl("./script", "script", (char *)0);
  }
  set_program(OWNER, OWNERS_GROUP, 0755);
  REQUIRE(chown("script", 0, 0) == 0 && chmod("script", 06755) == 0);
  seen = ordinary;
  at = sprintf(text, "#!%s ", program);
  for (size_t i = 0; i < sizeof(seen); i++) at += sprintf(text + at, "%02x", ((unsigned char *)&seen)[i]);
  fd = open("script", O_WRONLY);
  REQUIRE(fd >= 0 && write(fd, text, (size_t)at) == at && close(fd) == 0 && chmod("script", 06755) == 0);
  CHECK_IN_CHILD {
    become(USER, GROUP);
    execl("./script", "script", (char *)0);
  }
}

// What such a program does with its ids.
static void gives_them_up(void) {
  set_program(OWNER, OWNERS_GROUP, 04755);
  CHECK_IN_CHILD {
    become(USER, GROUP);
    execl(program, program, "up", (char *)0);
  }
}

static int give_up(void) {
  CHECK_EQ(geteuid(), OWNER);
  CHECK_EQ(seteuid(USER), 0);
  CHECK_EQ(seteuid(OWNER), 0);
  CHECK_EQ(setuid(USER), 0);
  // It is no capability: the saved id stays.
  CHECK_EQ(seteuid(OWNER), 0);
  CHECK_EQ(setresuid(USER, USER, USER), 0);
  CHECK_ERRNO(seteuid(OWNER), EPERM);
  return finish();
}

// What was open of its process before tells nothing of it.
static void is_not_seen(void) {
  set_program(OWNER, OWNERS_GROUP, 04755);
  copy_self("ordinary");
  // Executed, so that it may look at itself.
  CHECK_IN_CHILD become(USER, GROUP), execl("ordinary", "ordinary", "open", program, (char *)0);
}

static int open_and_execute(const char *next) {
  static const char *const names[] = {"maps", "environ", "smaps", "smaps_rollup"};
  char path[64];
  for (size_t i = 0; i < COUNT(names); i++) {
    snprintf(path, sizeof(path), "/proc/self/%s", names[i]);
    int fd = open(path, O_RDONLY);
    REQUIRE(fd >= 0 && dup2(fd, FIRST_OPEN + (int)i) >= 0);
  }
  execl(next, next, "seen", (char *)0);
  return 1;
}

static int check_open_files(void) {
  char byte;
  for (int fd = FIRST_OPEN; fd < FIRST_OPEN + 3; fd++) CHECK_EQ(read(fd, &byte, 1), 0);
  CHECK(read(FIRST_OPEN + 3, &byte, 1) <= 0);
  return finish();
}

// What a program whose file has capabilities is to see of itself.
struct powers {
  uint32_t permitted, effective;
  int secure, dumpable;
};

static int check_powers(char **text) {
  CHECK_EQ(capability_word(0), strtoul(text[0], 0, 10));
  CHECK_EQ(capability_word(1), strtoul(text[1], 0, 10));
  CHECK_EQ(getauxval(AT_SECURE), atoi(text[2]));
  CHECK_EQ(prctl(PR_GET_DUMPABLE), atoi(text[3]));
  return finish();
}

static void execute_with(struct powers expected) {
  char text[4][16];
  sprintf(text[0], "%u", expected.permitted), sprintf(text[1], "%u", expected.effective);
  sprintf(text[2], "%d", expected.secure), sprintf(text[3], "%d", expected.dumpable);
  execl(program, program, "powers", text[0], text[1], text[2], text[3], (char *)0);
  CHECK_EQ(errno, 0);
}

#define BIT(capability) (1u << (capability))

static int set_powers(uint32_t permitted, uint32_t inheritable, bool isEffective) {
  struct vfs_cap_data data = {VFS_CAP_REVISION_2 | isEffective, {{permitted, inheritable}, {0, 0}}};
  return setxattr(program, "security.capability", &data, sizeof(data), 0);
}

static void file_capabilities(void) {
  set_program(OWNER, OWNERS_GROUP, 0755);
  if (set_powers(BIT(CAP_CHOWN), 0, true) != 0 && errno == EOPNOTSUPP) return;
  CHECK_IN_CHILD become(USER, GROUP), execute_with((struct powers){1, 1, 1, 0});
  CHECK_EQ(set_powers(BIT(CAP_CHOWN) | BIT(CAP_KILL), 0, false), 0);
  CHECK_IN_CHILD become(USER, GROUP), execute_with((struct powers){0x21, 0, 1, 0});
  CHECK_IN_CHILD {
    become(USER, GROUP);
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    execute_with((struct powers){0, 0, 0, 1});
  }
  // What the program may not have at all, it does without, or not run.
  CHECK_IN_CHILD {
    REQUIRE(prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) == 0);
    become(USER, GROUP);
    execute_with((struct powers){1, 0, 1, 0});
  }
  CHECK_EQ(set_powers(BIT(CAP_CHOWN) | BIT(CAP_KILL), 0, true), 0);
  CHECK_IN_CHILD {
    REQUIRE(prctl(PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0) == 0);
    CHECK_ERRNO(execl(program, program, (char *)0), EPERM);
    become(USER, GROUP);
    CHECK_ERRNO(execl(program, program, (char *)0), EPERM);
  }
  // Inherited, if both agree.
  CHECK_EQ(set_powers(0, BIT(CAP_KILL) | BIT(CAP_FOWNER), true), 0);
  CHECK_IN_CHILD {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    REQUIRE(syscall(SYS_capget, &header, data) == 0);
    data[0].inheritable = BIT(CAP_KILL) | BIT(CAP_CHOWN);
    REQUIRE(syscall(SYS_capset, &header, data) == 0);
    become(USER, GROUP);
    execute_with((struct powers){BIT(CAP_KILL), BIT(CAP_KILL), 1, 0});
  }
  // They end with a change of the file or of its owner, whoever makes the change.
  char data[64];
  int fd = open(program, O_WRONLY);
  CHECK(getxattr(program, "security.capability", data, sizeof(data)) > 0);
  CHECK_EQ(pwrite(fd, "\x7f", 1, 0), 1);
  CHECK_ERRNO(getxattr(program, "security.capability", data, sizeof(data)), ENODATA);
  close(fd);
  CHECK_EQ(set_powers(1, 0, true), 0);
  CHECK_EQ(chown(program, USER, GROUP), 0);
  CHECK_ERRNO(getxattr(program, "security.capability", data, sizeof(data)), ENODATA);
  CHECK_ERRNO(setxattr(program, "security.capability", data, 3, 0), EINVAL);
  CHECK_IN_CHILD {
    become(USER, GROUP);
    CHECK_ERRNO(set_powers(1, 0, true), EPERM);
  }
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "powers") == 0) return check_powers(argv + 2);
  if (argc > 1 && strcmp(argv[1], "open") == 0) return open_and_execute(argv[2]);
  if (argc > 1 && strcmp(argv[1], "seen") == 0) return check_open_files();
  if (argc > 1) return strcmp(argv[1], "up") == 0 ? give_up() : check_text(argv[1]);
  limit_time();
  if (!is_root()) return finish();
  enter_scratch();
  REQUIRE(chmod(".", 0755) == 0 && getcwd(program, sizeof(program) - 16));
  strcat(program, "/program");
  struct statvfs file_system;
  REQUIRE(statvfs(".", &file_system) == 0);
  if (file_system.f_flag & ST_NOSUID) return finish();
  copy_self(program);
  bits();
  root_and_others();
  not_where_nothing_may_be_gained();
  what_is_lost();
  scripts();
  gives_them_up();
  is_not_seen();
  file_capabilities();
  return finish();
}
