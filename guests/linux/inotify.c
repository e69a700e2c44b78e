// inotify: what a watch reports about files and directories, in which order, and what a queue does with it. man 7 inotify.
// not in CI's beds: emulation makes it slow
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "check.h"

static int notify;

struct seen {
  int wd;
  unsigned mask, cookie;
  char name[64];
};

static struct seen queue[64];
static int count;

static void collect(void) {
  char buffer[16384] __attribute__((aligned(8)));
  count = 0;
  for (;;) {
    ssize_t n = read(notify, buffer, sizeof(buffer));
    if (n <= 0) return;
    for (char *at = buffer; at < buffer + n;) {
      struct inotify_event *event = (void *)at;
      if (count < (int)COUNT(queue)) {
        queue[count] = (struct seen){event->wd, event->mask, event->cookie, ""};
        if (event->len) snprintf(queue[count].name, sizeof(queue->name), "%s", event->name);
        CHECK_EQ(event->len % 16, 0);
        count++;
      }
      at += sizeof(*event) + event->len;
    }
  }
}

static void show(int line) {
  for (int i = 0; i < count; i++)
    dprintf(2, "  %d: wd %d mask %x cookie %u '%s'\n", line, queue[i].wd, queue[i].mask, queue[i].cookie, queue[i].name);
}

struct expected {
  int wd;
  unsigned mask;
  const char *name;
};

static void expect(int line, int wanted, const struct expected *list) {
  collect();
  bool same = count == wanted;
  for (int i = 0; same && i < wanted; i++)
    same = queue[i].wd == list[i].wd && queue[i].mask == list[i].mask && !strcmp(queue[i].name, list[i].name);
  if (same) return;
  fail("inotify.c", line, "the events are as expected", count, 0);
  show(line);
}

#define EXPECT(...) \
  do { \
    const struct expected list_[] = {__VA_ARGS__}; \
    expect(__LINE__, COUNT(list_), list_); \
  } while (0)
#define EXPECT_NOTHING() expect(__LINE__, 0, 0)

static void check_directory(void) {
  CHECK_EQ(mkdir("d", 0755), 0);
  int wd = inotify_add_watch(notify, "d", IN_ALL_EVENTS), fd;
  char byte;
  CHECK(wd > 0);
  fd = open("d/file", O_RDWR | O_CREAT, 0644);
  EXPECT({wd, IN_CREATE, "file"}, {wd, IN_OPEN, "file"});
  CHECK_EQ(write(fd, "abc", 3), 3);
  CHECK_EQ(write(fd, "abc", 3), 3);
  EXPECT({wd, IN_MODIFY, "file"});
  CHECK_EQ(pread(fd, &byte, 1, 0), 1);
  CHECK_EQ(read(fd, &byte, 1), 0);
  EXPECT({wd, IN_ACCESS, "file"});
  CHECK_EQ(ftruncate(fd, 1), 0);
  CHECK_EQ(fchmod(fd, 0600), 0);
  EXPECT({wd, IN_MODIFY, "file"}, {wd, IN_ATTRIB, "file"});
  close(dup(fd));
  EXPECT_NOTHING();
  close(fd);
  EXPECT({wd, IN_CLOSE_WRITE, "file"});
  close(open("d/file", O_RDONLY));
  EXPECT({wd, IN_OPEN, "file"}, {wd, IN_CLOSE_NOWRITE, "file"});
  close(open("d/file", O_PATH));
  EXPECT_NOTHING();
  close(open("d/file", O_WRONLY | O_TRUNC));
  EXPECT({wd, IN_OPEN, "file"}, {wd, IN_MODIFY, "file"}, {wd, IN_CLOSE_WRITE, "file"});
  CHECK_EQ(mkdir("d/sub", 0755), 0);
  CHECK_EQ(symlink("file", "d/link"), 0);
  CHECK_EQ(mkfifo("d/fifo", 0600), 0);
  CHECK_EQ(link("d/file", "d/hard"), 0);
  EXPECT({wd, IN_CREATE | IN_ISDIR, "sub"}, {wd, IN_CREATE, "link"}, {wd, IN_CREATE, "fifo"}, {wd, IN_CREATE, "hard"});
  CHECK_EQ(rename("d/hard", "d/harder"), 0);
  collect();
  CHECK(count == 2 && queue[0].mask == IN_MOVED_FROM && queue[1].mask == IN_MOVED_TO);
  CHECK(queue[0].cookie == queue[1].cookie && queue[0].cookie != 0);
  CHECK(!strcmp(queue[0].name, "hard") && !strcmp(queue[1].name, "harder"));
  CHECK_EQ(rename("d/sub", "away"), 0);
  EXPECT({wd, IN_MOVED_FROM | IN_ISDIR, "sub"});
  CHECK_EQ(rename("away", "d/sub"), 0);
  EXPECT({wd, IN_MOVED_TO | IN_ISDIR, "sub"});
  CHECK_EQ(rmdir("d/sub"), 0);
  CHECK_EQ(unlink("d/fifo"), 0);
  CHECK_EQ(unlink("d/link"), 0);
  CHECK_EQ(unlink("d/harder"), 0);
  EXPECT({wd, IN_DELETE | IN_ISDIR, "sub"}, {wd, IN_DELETE, "fifo"}, {wd, IN_DELETE, "link"}, {wd, IN_DELETE, "harder"});
  struct timespec both[2] = {{1, 0}, {1, 0}}, access_only[2] = {{1, 0}, {0, UTIME_OMIT}}, change_only[2] = {{0, UTIME_OMIT}, {1, 0}};
  CHECK_EQ(utimensat(AT_FDCWD, "d/file", both, 0), 0);
  CHECK_EQ(utimensat(AT_FDCWD, "d/file", access_only, 0), 0);
  CHECK_EQ(utimensat(AT_FDCWD, "d/file", change_only, 0), 0);
  EXPECT({wd, IN_ATTRIB, "file"}, {wd, IN_ACCESS, "file"}, {wd, IN_MODIFY, "file"});
  CHECK_EQ(unlink("d/file"), 0);
  CHECK_EQ(chmod("d", 0700), 0);
  EXPECT({wd, IN_DELETE, "file"}, {wd, IN_ATTRIB | IN_ISDIR, ""});
  CHECK_EQ(rename("d", "e"), 0);
  CHECK_EQ(rmdir("e"), 0);
  EXPECT({wd, IN_MOVE_SELF, ""}, {wd, IN_DELETE_SELF, ""}, {wd, IN_IGNORED, ""});
  CHECK_ERRNO(inotify_rm_watch(notify, wd), EINVAL);
}

// A file's own watches count for any of its names; they last until its end.
static void check_file(void) {
  int fd = open("f", O_RDWR | O_CREAT, 0644);
  int wd = inotify_add_watch(notify, "f", IN_ALL_EVENTS);
  CHECK_EQ(link("f", "g"), 0);
  EXPECT({wd, IN_ATTRIB, ""});
  CHECK_EQ(unlink("g"), 0);
  EXPECT({wd, IN_ATTRIB, ""});
  CHECK_EQ(rename("f", "h"), 0);
  EXPECT({wd, IN_MOVE_SELF, ""});
  CHECK_EQ(write(fd, "x", 1), 1);
  EXPECT({wd, IN_MODIFY, ""});
  CHECK_EQ(unlink("h"), 0);
  EXPECT({wd, IN_ATTRIB, ""});
  CHECK_EQ(write(fd, "x", 1), 1);
  EXPECT({wd, IN_MODIFY, ""});
  close(fd);
  EXPECT({wd, IN_CLOSE_WRITE, ""}, {wd, IN_DELETE_SELF, ""}, {wd, IN_IGNORED, ""});
  // A rename that replaces it.
  close(open("f", O_WRONLY | O_CREAT, 0644));
  close(open("g", O_WRONLY | O_CREAT, 0644));
  wd = inotify_add_watch(notify, "f", IN_ALL_EVENTS);
  CHECK_EQ(rename("g", "f"), 0);
  EXPECT({wd, IN_ATTRIB, ""}, {wd, IN_DELETE_SELF, ""}, {wd, IN_IGNORED, ""});
}

static void check_masks(void) {
  close(open("f", O_WRONLY | O_CREAT, 0644));
  int wd = inotify_add_watch(notify, "f", IN_OPEN);
  CHECK_EQ(inotify_add_watch(notify, "f", IN_MODIFY), wd);
  close(open("f", O_RDONLY));
  EXPECT_NOTHING();
  CHECK_EQ(inotify_add_watch(notify, "f", IN_OPEN | IN_MASK_ADD), wd);
  close(open("f", O_WRONLY | O_TRUNC));
  EXPECT({wd, IN_OPEN, ""}, {wd, IN_MODIFY, ""});
  CHECK_ERRNO(inotify_add_watch(notify, "f", IN_OPEN | IN_MASK_CREATE), EEXIST);
  CHECK_ERRNO(inotify_add_watch(notify, "f", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD), EINVAL);
  CHECK_EQ(inotify_rm_watch(notify, wd), 0);
  EXPECT({wd, IN_IGNORED, ""});
  int once = inotify_add_watch(notify, "f", IN_OPEN | IN_ONESHOT);
  CHECK(once > wd);
  close(open("f", O_RDONLY));
  close(open("f", O_RDONLY));
  EXPECT({once, IN_OPEN, ""}, {once, IN_IGNORED, ""});
  CHECK_EQ(symlink("f", "l"), 0);
  CHECK_ERRNO(inotify_add_watch(notify, "f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
  int link_wd = inotify_add_watch(notify, "l", IN_ALL_EVENTS | IN_DONT_FOLLOW);
  close(open("l", O_RDONLY));
  EXPECT_NOTHING();
  CHECK_EQ(unlink("l"), 0);
  EXPECT({link_wd, IN_ATTRIB, ""}, {link_wd, IN_DELETE_SELF, ""}, {link_wd, IN_IGNORED, ""});
  // A file without a name reports nothing to its directory, if IN_EXCL_UNLINK asks for that.
  for (unsigned flag = 0; flag <= IN_EXCL_UNLINK; flag += IN_EXCL_UNLINK) {
    int fd = open("u", O_RDWR | O_CREAT, 0644);
    int dir = inotify_add_watch(notify, ".", IN_MODIFY | flag);
    CHECK_EQ(unlink("u"), 0);
    CHECK_EQ(write(fd, "x", 1), 1);
    close(fd);
    if (flag) EXPECT_NOTHING();
    else EXPECT({dir, IN_MODIFY, "u"});
    CHECK_EQ(inotify_rm_watch(notify, dir), 0);
    EXPECT({dir, IN_IGNORED, ""});
  }
}

static void check_queue(void) {
  char small[16];
  int bytes = -1;
  struct pollfd readable = {notify, POLLIN, 0};
  CHECK_ERRNO(read(notify, small, sizeof(small)), EAGAIN);
  CHECK_EQ(poll(&readable, 1, 0), 0);
  int wd = inotify_add_watch(notify, ".", IN_CREATE | IN_DELETE);
  close(open("queued", O_WRONLY | O_CREAT, 0644));
  CHECK_EQ(poll(&readable, 1, 0), 1);
  CHECK_EQ(ioctl(notify, FIONREAD, &bytes), 0);
  CHECK_EQ(bytes, 32);
  CHECK_ERRNO(read(notify, small, sizeof(small)), EINVAL);
  CHECK_EQ(unlink("queued"), 0);
  EXPECT({wd, IN_CREATE, "queued"}, {wd, IN_DELETE, "queued"});
  // A reader that waits, and a process that makes something happen.
  CHECK_EQ(fcntl(notify, F_SETFL, 0), 0);
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    _exit(mkdir("made", 0755) == 0 ? 0 : 1);
  }
  char buffer[256] __attribute__((aligned(8)));
  struct inotify_event *event = (void *)buffer;
  CHECK_EQ(read(notify, buffer, sizeof(buffer)), 32);
  CHECK(event->mask == (IN_CREATE | IN_ISDIR) && !strcmp(event->name, "made"));
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK_EQ(fcntl(notify, F_SETFL, O_NONBLOCK), 0);
  // An overflow is reported as one event. A move of a watched file makes three: out of its directory, into it, and its own. Two files
  // that change places make six in one call, where the file system can do that.
  CHECK(mknod("many", S_IFREG | 0600, 0) == 0 && mknod("other", S_IFREG | 0600, 0) == 0);
  int own = inotify_add_watch(notify, "many", IN_MOVE_SELF), others = inotify_add_watch(notify, "other", IN_MOVE_SELF);
  CHECK(own > wd && others > own && inotify_add_watch(notify, ".", IN_MOVE | IN_MASK_ADD) == wd);
  for (int i = 0; i < 2800; i++) {
    if (renameat2(AT_FDCWD, "many", AT_FDCWD, "other", RENAME_EXCHANGE) == 0) continue;
    CHECK(rename("many", "more") == 0 && rename("more", "many") == 0);
  }
  CHECK(inotify_rm_watch(notify, own) == 0 && inotify_rm_watch(notify, others) == 0);
  CHECK(unlink("many") == 0 && unlink("other") == 0);
  static char all[65536] __attribute__((aligned(8)));
  int total = 0, overflows = 0;
  for (ssize_t n; (n = read(notify, all, sizeof(all))) > 0;) {
    for (char *at = all; at < all + n; at += sizeof(*event) + ((struct inotify_event *)at)->len) {
      event = (void *)at;
      total++;
      if (event->mask == IN_Q_OVERFLOW && event->wd == -1) overflows++;
    }
  }
  CHECK_EQ(total, 16385);
  CHECK_EQ(overflows, 1);
  CHECK_EQ(inotify_rm_watch(notify, wd), 0);
}

// A file's last name goes before its directory hears of it.
static void check_ends(void) {
  collect();
  CHECK_EQ(mkdir("ends", 0755), 0);
  CHECK_EQ(mkdir("ends/d", 0755), 0);
  close(open("ends/f", O_WRONLY | O_CREAT, 0644));
  int parent = inotify_add_watch(notify, "ends", IN_DELETE);
  int file = inotify_add_watch(notify, "ends/f", IN_ALL_EVENTS), directory = inotify_add_watch(notify, "ends/d", IN_ALL_EVENTS);
  CHECK_EQ(unlink("ends/f"), 0);
  EXPECT({file, IN_ATTRIB, ""}, {file, IN_DELETE_SELF, ""}, {file, IN_IGNORED, ""}, {parent, IN_DELETE, "f"});
  CHECK_EQ(rmdir("ends/d"), 0);
  EXPECT({directory, IN_DELETE_SELF, ""}, {directory, IN_IGNORED, ""}, {parent, IN_DELETE | IN_ISDIR, "d"});
  CHECK_EQ(rmdir("ends"), 0);
  collect();
}

// The directory of the name by which a file was opened is told, not those of its other names, also when that name is gone.
static void check_links(void) {
  CHECK_EQ(mkdir("first", 0755), 0);
  CHECK_EQ(mkdir("second", 0755), 0);
  close(open("first/f", O_WRONLY | O_CREAT, 0644));
  CHECK_EQ(link("first/f", "second/g"), 0);
  unsigned mask = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE;
  int first = inotify_add_watch(notify, "first", mask), second = inotify_add_watch(notify, "second", mask);
  int file = inotify_add_watch(notify, "first/f", mask), fd = open("second/g", O_RDWR);
  CHECK_EQ(write(fd, "x", 1), 1);
  EXPECT({second, IN_MODIFY, "g"}, {file, IN_MODIFY, ""});
  CHECK_EQ(fchmod(fd, 0600), 0);
  CHECK_EQ(chmod("first/f", 0644), 0);
  EXPECT({second, IN_ATTRIB, "g"}, {file, IN_ATTRIB, ""}, {first, IN_ATTRIB, "f"}, {file, IN_ATTRIB, ""});
  CHECK_EQ(unlink("first/f"), 0);
  CHECK_EQ(unlink("second/g"), 0);
  CHECK_EQ(write(fd, "x", 1), 1);
  EXPECT({file, IN_ATTRIB, ""}, {second, IN_MODIFY, "g"}, {file, IN_MODIFY, ""});
  close(fd);
  EXPECT({second, IN_CLOSE_WRITE, "g"}, {file, IN_CLOSE_WRITE, ""}, {file, IN_IGNORED, ""});
  // The first name goes first.
  fd = open("first/f", O_RDWR | O_CREAT, 0644);
  CHECK_EQ(link("first/f", "second/g"), 0);
  int other = open("second/g", O_RDWR);
  CHECK_EQ(unlink("first/f"), 0);
  CHECK_EQ(write(fd, "x", 1), 1);
  CHECK_EQ(write(other, "x", 1), 1);
  EXPECT({first, IN_MODIFY, "f"}, {second, IN_MODIFY, "g"});
  CHECK_EQ(unlink("second/g"), 0);
  CHECK_EQ(write(other, "x", 1), 1);
  EXPECT({second, IN_MODIFY, "g"});
  close(fd), close(other);
  CHECK_EQ(rmdir("first"), 0);
  CHECK_EQ(rmdir("second"), 0);
  collect();
}

// A watch is the file's, by whichever of its names it was asked for, and ends with the last of them.
static void check_names(void) {
  write_file("one", "", 0);
  CHECK_EQ(link("one", "two"), 0);
  CHECK_EQ(link("one", "three"), 0);
  unsigned mask = IN_OPEN | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVE_SELF | IN_DELETE_SELF;
  int file = inotify_add_watch(notify, "one", IN_OPEN);
  CHECK_EQ(inotify_add_watch(notify, "two", mask), file);
  CHECK_ERRNO(inotify_add_watch(notify, "three", mask | IN_MASK_CREATE), EEXIST);
  write_file("two", "x", 1);
  collect();
  CHECK(count >= 3 && queue[0].wd == file && queue[0].mask & (IN_OPEN | IN_MODIFY));
  CHECK(queue[count - 1].wd == file && queue[count - 1].mask == IN_CLOSE_WRITE);
  CHECK_EQ(chmod("three", 0600), 0);
  CHECK_EQ(truncate("one", 0), 0);
  EXPECT({file, IN_ATTRIB, ""}, {file, IN_MODIFY, ""});
  // Nothing is renamed.
  CHECK_EQ(rename("one", "two"), 0);
  EXPECT_NOTHING();
  CHECK(access("one", F_OK) == 0 && access("two", F_OK) == 0);
  CHECK_EQ(unlink("one"), 0);
  EXPECT({file, IN_ATTRIB, ""});
  CHECK_EQ(rename("two", "four"), 0);
  EXPECT({file, IN_MOVE_SELF, ""});
  CHECK_EQ(link("three", "one"), 0);
  EXPECT({file, IN_ATTRIB, ""});
  int fd = open("three", O_WRONLY);
  CHECK_EQ(unlink("three"), 0);
  close(fd);
  EXPECT({file, IN_OPEN, ""}, {file, IN_ATTRIB, ""}, {file, IN_CLOSE_WRITE, ""});
  write_file("other", "", 0);
  CHECK_EQ(rename("other", "one"), 0);
  EXPECT({file, IN_ATTRIB, ""});
  CHECK_EQ(unlink("four"), 0);
  EXPECT({file, IN_ATTRIB, ""}, {file, IN_DELETE_SELF, ""}, {file, IN_IGNORED, ""});
  // A file that comes later is another.
  write_file("two", "x", 1);
  EXPECT_NOTHING();
  CHECK_EQ(unlink("one"), 0);
  CHECK_EQ(unlink("two"), 0);
}

// It holds back what is done by a name that is gone, for the file's own watch, too; not changes of attributes.
static void check_unlinked(void) {
  unsigned mask = IN_MODIFY | IN_ATTRIB | IN_CLOSE | IN_EXCL_UNLINK;
  int fd = open("u", O_RDWR | O_CREAT, 0644);
  int directory = inotify_add_watch(notify, ".", mask), file = inotify_add_watch(notify, "u", mask);
  CHECK_EQ(unlink("u"), 0);
  EXPECT({file, IN_ATTRIB, ""});
  CHECK_EQ(write(fd, "x", 1), 1);
  EXPECT_NOTHING();
  CHECK_EQ(fchmod(fd, 0600), 0);
  CHECK_EQ(ftruncate(fd, 0), 0);
  EXPECT({directory, IN_ATTRIB, "u"}, {file, IN_ATTRIB, ""}, {directory, IN_MODIFY, "u"}, {file, IN_MODIFY, ""});
  close(fd);
  EXPECT({file, IN_IGNORED, ""});
  CHECK_EQ(inotify_rm_watch(notify, directory), 0);
  collect();
}

// /proc/self/fdinfo lists the watches with what was asked of them, the newest first.
static void check_listed(void) {
  char path[64], text[4096], *line = text;
  int fd = inotify_init1(IN_NONBLOCK), before = inotify_add_watch(fd, ".", IN_OPEN | IN_EXCL_UNLINK | IN_ONLYDIR);
  int after = inotify_add_watch(fd, "f", IN_MODIFY | IN_ONESHOT);
  CHECK(before > 0 && after > before);
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
  CHECK(read_file(path, text, sizeof(text)) > 0);
  unsigned masks[] = {IN_MODIFY | IN_ONESHOT, IN_OPEN | IN_EXCL_UNLINK}, wds[] = {after, before}, wd, mask;
  for (int i = 0; i < 2; i++) {
    CHECK((line = strstr(line, "inotify wd:")) != 0);
    if (!line) break;
    CHECK_EQ(sscanf(line, "inotify wd:%x ino:%*x sdev:%*x mask:%x ignored_mask:0", &wd, &mask), 2);
    CHECK(wd == wds[i] && mask == masks[i]);
    line++;
  }
  CHECK_EQ(fcntl(fd, F_GETFL), O_RDONLY | O_NONBLOCK);
  CHECK_ERRNO(write(fd, "x", 1), EBADF);
  CHECK_ERRNO(write(fd, "", 0), EBADF);
  close(fd);
}

static void check_errors(void) {
  CHECK_ERRNO(inotify_init1(1), EINVAL);
  CHECK_ERRNO(inotify_add_watch(notify, "missing", IN_OPEN), ENOENT);
  CHECK_ERRNO(inotify_add_watch(notify, "f", 0), EINVAL);
  CHECK_ERRNO(inotify_add_watch(-1, "f", IN_OPEN), EBADF);
  CHECK_ERRNO(inotify_add_watch(notify, (char *)8, IN_OPEN), EFAULT);
  int fd = open("f", O_RDONLY);
  CHECK_ERRNO(inotify_add_watch(fd, "f", IN_OPEN), EINVAL);
  CHECK_ERRNO(inotify_rm_watch(fd, 1), EINVAL);
  CHECK_ERRNO(inotify_rm_watch(notify, 12345), EINVAL);
  close(fd);
  int other = inotify_init1(IN_CLOEXEC);
  CHECK_EQ(fcntl(other, F_GETFD), FD_CLOEXEC);
  close(other);
}

int main(void) {
  alarm(60);
  enter_scratch();
  notify = inotify_init1(IN_NONBLOCK);
  CHECK(notify >= 0);
  check_directory();
  check_file();
  check_masks();
  check_queue();
  check_ends();
  check_links();
  check_names();
  check_unlinked();
  check_listed();
  check_errors();
  return finish();
}
