// unix-names: names of UNIX sockets: paths, abstract names, names chosen by the kernel; sockets as files. man 7 unix, "Address format".
// not in CI's beds: emulation makes it slow
#include <dirent.h>
#include <sys/statfs.h>

#include "unix.h"

static void check_paths(void) {
  struct sockaddr_un name;
  struct stat status, own;
  socklen_t length = path_name(&name, "path");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(bind(fd, (void *)&name, 1), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)&name, 111), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)&name, 129), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)&name, (socklen_t)-1), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)8, length), EFAULT);
  name.sun_family = AF_INET;
  CHECK_ERRNO(bind(fd, (void *)&name, length), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)&name, 2), EINVAL);
  CHECK_ERRNO(connect(fd, (void *)&name, length), EINVAL);
  name.sun_family = AF_UNIX;
  umask(027);
  CHECK_EQ(bind(fd, (void *)&name, length), 0);
  umask(022);
  CHECK_EQ(stat("path", &status), 0);
  CHECK_EQ(status.st_mode, S_IFSOCK | 0750);
  CHECK_EQ(status.st_uid, geteuid());
  // A name can be taken only once, and a socket has only one.
  CHECK_ERRNO(bind(other, (void *)&name, length), EADDRINUSE);
  length = path_name(&name, "second");
  CHECK_ERRNO(bind(fd, (void *)&name, length), EINVAL);
  CHECK_ERRNO(stat("second", &status), ENOENT);
  length = path_name(&name, "missing/path");
  CHECK_ERRNO(bind(other, (void *)&name, length), ENOENT);
  length = path_name(&name, "path/below");
  CHECK_ERRNO(bind(other, (void *)&name, length), ENOTDIR);
  CHECK_ERRNO(connect(other, (void *)&name, length), ENOTDIR);
  length = path_name(&name, ".");
  CHECK_ERRNO(bind(other, (void *)&name, length), EADDRINUSE);
  CHECK_ERRNO(connect_to(other, "."), ECONNREFUSED);
  // The socket itself has another inode.
  CHECK_EQ(fstat(fd, &own), 0);
  CHECK_EQ(own.st_mode, S_IFSOCK | 0777);
  CHECK(own.st_ino != status.st_ino || own.st_dev != status.st_dev);
  CHECK_EQ(own.st_nlink, 1);
  CHECK_EQ(own.st_size, 0);
  // The name stays when the socket goes, and leads nowhere.
  CHECK_EQ(listen(fd, 1), 0);
  CHECK_EQ(connect_to(other, "path"), 0);
  close(fd);
  close(other);
  CHECK_EQ(stat("path", &status), 0);
  other = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect_to(other, "path"), ECONNREFUSED);
  CHECK_ERRNO(open("path", O_RDWR), ENXIO);
  CHECK_ERRNO(open("path", O_RDONLY), ENXIO);
  int path = open("path", O_PATH);
  CHECK(path >= 0);
  CHECK_ERRNO(listen(path, 1), EBADF);
  close(path);
  CHECK_EQ(unlink("path"), 0);
  // The name gets the socket's mode.
  CHECK_EQ(fchmod(other, 0600), 0);
  length = path_name(&name, "path");
  CHECK_EQ(bind(other, (void *)&name, length), 0);
  CHECK_EQ(stat("path", &status), 0);
  CHECK_EQ(status.st_mode, S_IFSOCK | 0600);
  close(other);
}

// A name is an inode: links, renames and other spellings of the path lead to the socket.
static void check_moves(void) {
  int fd = bound_at("first", SOCK_STREAM), client;
  CHECK_EQ(listen(fd, 20), 0);
  const char *names[] = {"first", "link", "hard", "./first", "renamed"};
  CHECK_EQ(symlink("first", "link"), 0);
  CHECK_EQ(link("first", "hard"), 0);
  for (size_t i = 0; i < COUNT(names); i++) {
    if (i == 4) CHECK_EQ(rename("first", "renamed"), 0);
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(connect_to(client, names[i]), 0);
    close(client);
  }
  struct sockaddr_un name;
  socklen_t length = sizeof(name);
  CHECK_EQ(getsockname(fd, (void *)&name, &length), 0);
  CHECK(!strcmp(name.sun_path, "first"));
  // Through the descriptor of its directory.
  char path[64];
  int directory = open(".", O_RDONLY | O_DIRECTORY), made = open("renamed", O_PATH);
  snprintf(path, sizeof(path), "/proc/self/fd/%d/renamed", directory);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(connect_to(client, path), 0);
  close(client);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(connect_to(client, path), 0);
  close(client);
  // No name is left, but a descriptor of one still leads there.
  CHECK_EQ(unlink("renamed"), 0);
  CHECK_EQ(unlink("hard"), 0);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(connect_to(client, path), 0);
  close(client);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect_to(client, "first"), ENOENT);
  close(client);
  close(made);
  close(directory);
  // The same path again is another inode.
  int again = bound_at("first", SOCK_DGRAM);
  client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect_to(client, "first"), EPROTOTYPE);
  close(client);
  close(again);
  close(fd);
  // A path of 108 bytes needs no NUL; getsockname adds it.
  struct {
    struct sockaddr_un name;
    char more[16];
  } big;
  memset(&big, 0, sizeof(big));
  big.name.sun_family = AF_UNIX;
  memset(big.name.sun_path, 'n', sizeof(big.name.sun_path));
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(bind(fd, (void *)&big.name, sizeof(big.name)), 0);
  length = sizeof(big);
  CHECK_EQ(getsockname(fd, (void *)&big, &length), 0);
  CHECK_EQ(length, 2 + 108 + 1);
  close(fd);
  // Bytes after a NUL do not count.
  memset(&big, 0, sizeof(big));
  memcpy(big.name.sun_path, "short\0long", 10);
  big.name.sun_family = AF_UNIX;
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(bind(fd, (void *)&big.name, 2 + 10), 0);
  length = sizeof(big);
  CHECK_EQ(getsockname(fd, (void *)&big, &length), 0);
  CHECK_EQ(length, 2 + 6);
  close(fd);
}

static void check_mknod(void) {
  CHECK_EQ(mknod("made", S_IFSOCK | 0644, 0), 0);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect_to(fd, "made"), ECONNREFUSED);
  DIR *directory = opendir(".");
  int found = 0;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (!strcmp(entry->d_name, "made")) found = entry->d_type;
  CHECK_EQ(found, DT_SOCK);
  closedir(directory);
  close(fd);
}

static void check_permissions(void) {
  int fd = bound_at("closed", SOCK_STREAM), client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(listen(fd, 10), 0);
  CHECK_EQ(chmod("closed", 0), 0);
  CHECK_EQ(mkdir("dir", 0700), 0);
  int inside = bound_at("dir/inside", SOCK_STREAM);
  CHECK_EQ(listen(inside, 10), 0);
  CHECK_EQ(chmod("dir/inside", 0777), 0);
  bool was_root = is_root();
  if (was_root) REQUIRE(chmod(".", 0755) == 0 && syscall(SYS_setresuid, 65534, 65534, 0) == 0);
  else REQUIRE(chmod("dir", 0) == 0);
  CHECK_ERRNO(connect_to(client, "closed"), EACCES);
  CHECK_ERRNO(connect_to(client, "dir/inside"), EACCES);
  if (was_root) {
    struct sockaddr_un name;
    socklen_t length = path_name(&name, "not-mine");
    CHECK_ERRNO(bind(client, (void *)&name, length), EACCES);
    REQUIRE(syscall(SYS_setresuid, 0, 0, 0) == 0);
    // Root may do everything.
    CHECK_EQ(connect_to(client, "closed"), 0);
  } else {
    CHECK_EQ(chmod("closed", 0200), 0);
    CHECK_EQ(connect_to(client, "closed"), 0);
    CHECK_EQ(chmod("dir", 0700), 0);
  }
  close(client);
  close(fd);
  close(inside);
}

static void check_abstract(void) {
  struct sockaddr_un name, got;
  socklen_t length = abstract_name(&name, "a\0b"), got_length = sizeof(got);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect(other, (void *)&name, length), ECONNREFUSED);
  CHECK_EQ(bind(fd, (void *)&name, length), 0);
  CHECK_ERRNO(bind(other, (void *)&name, length), EADDRINUSE);
  CHECK_ERRNO(bind(fd, (void *)&name, length - 1), EINVAL);
  CHECK_EQ(getsockname(fd, (void *)&got, &got_length), 0);
  CHECK_EQ(got_length, length);
  CHECK(!memcmp(&got, &name, length));
  CHECK_ERRNO(connect(other, (void *)&name, length), ECONNREFUSED);
  CHECK_EQ(listen(fd, 2), 0);
  // Every byte counts, and the type is part of the name.
  CHECK_ERRNO(connect(other, (void *)&name, length - 1), ECONNREFUSED);
  int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK_ERRNO(connect(datagram, (void *)&name, length), ECONNREFUSED);
  CHECK_EQ(bind(datagram, (void *)&name, length), 0);
  CHECK_EQ(connect(other, (void *)&name, length), 0);
  int server = accept(fd, NULL, NULL);
  got_length = sizeof(got);
  CHECK_EQ(getsockname(server, (void *)&got, &got_length), 0);
  CHECK_EQ(got_length, length);
  // The accepted socket keeps the name, but a connect does not find it.
  close(fd);
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect(fd, (void *)&name, length), ECONNREFUSED);
  CHECK_EQ(bind(fd, (void *)&name, length), 0);
  close(server);
  int late = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(listen(fd, 2), 0);
  CHECK_EQ(connect(late, (void *)&name, length), 0);
  close(late);
  close(fd);
  close(other);
  close(datagram);
  // A NUL alone is a name.
  memset(&name, 0, sizeof(name));
  name.sun_family = AF_UNIX;
  fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  CHECK_EQ(bind(fd, (void *)&name, sizeof(name)), 0);
  got_length = sizeof(got);
  CHECK_EQ(getsockname(fd, (void *)&got, &got_length), 0);
  CHECK_EQ(got_length, sizeof(name));
  close(fd);
}

static void check_chosen(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX}, got[2];
  int fd[2];
  for (int i = 0; i < 2; i++) {
    socklen_t length = sizeof(got[i]);
    fd[i] = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(bind(fd[i], (void *)&name, 2), 0);
    memset(&got[i], 0, sizeof(got[i]));
    CHECK_EQ(getsockname(fd[i], (void *)&got[i], &length), 0);
    CHECK_EQ(length, 2 + 1 + 5);
    CHECK_EQ(got[i].sun_path[0], 0);
    CHECK_EQ(strspn(got[i].sun_path + 1, "0123456789abcdef"), 5);
    // Binding once more changes nothing.
    CHECK_EQ(bind(fd[i], (void *)&name, 2), 0);
  }
  CHECK(memcmp(&got[0], &got[1], 8) != 0);
  CHECK_EQ(listen(fd[0], 1), 0);
  CHECK_EQ(connect(fd[1], (void *)&got[0], 8), 0);
  close_pair(fd);
}

// A socket is a file in a file system of its own.
static void check_files(void) {
  int s[2];
  char path[64], text[64];
  struct stat status, same;
  struct statfs fs;
  pair(SOCK_STREAM, s);
  CHECK_EQ(fstat(s[0], &status), 0);
  CHECK_EQ(status.st_blksize, 4096);
  CHECK_EQ(status.st_uid, geteuid());
  CHECK_EQ(fstatfs(s[0], &fs), 0);
  CHECK_EQ(fs.f_type, 0x534f434b);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", s[0]);
  ssize_t n = readlink(path, text, sizeof(text) - 1);
  CHECK(n > 0);
  text[n > 0 ? n : 0] = 0;
  char expected[64];
  snprintf(expected, sizeof(expected), "socket:[%lu]", (unsigned long)status.st_ino);
  CHECK(!strcmp(text, expected));
  CHECK_ERRNO(open(path, O_RDWR), ENXIO);
  CHECK_EQ(stat(path, &same), 0);
  CHECK_EQ(same.st_ino, status.st_ino);
  CHECK_ERRNO(connect_to(s[0], path), ECONNREFUSED);
  CHECK_EQ(fcntl(s[0], F_GETFL), O_RDWR);
  CHECK_EQ(fcntl(s[0], F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(read(s[0], text, 1), EAGAIN);
  int off = 0, on = 1;
  CHECK_EQ(ioctl(s[0], FIONBIO, &off), 0);
  CHECK_EQ(fcntl(s[0], F_GETFL), O_RDWR);
  CHECK_EQ(ioctl(s[0], FIONBIO, &on), 0);
  CHECK_EQ(fcntl(s[0], F_GETFL), O_RDWR | O_NONBLOCK);
  // Flags belong to the file: a duplicate has them, the other end does not.
  int copy = dup(s[0]);
  CHECK_EQ(fcntl(copy, F_GETFL), O_RDWR | O_NONBLOCK);
  CHECK_EQ(fcntl(s[1], F_GETFL), O_RDWR);
  close(s[0]);
  CHECK_EQ(write(copy, "x", 1), 1);
  CHECK_EQ(read(s[1], text, 1), 1);
  close(copy);
  CHECK_EQ(read(s[1], text, 1), 0);
  close(s[1]);
  int flagged[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, flagged), 0);
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(fcntl(flagged[i], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(flagged[i], F_GETFL), O_RDWR | O_NONBLOCK);
  }
  close_pair(flagged);
  // SIGIO when bytes come.
  pair(SOCK_STREAM, s);
  catch_signal(SIGIO);
  CHECK_EQ(fcntl(s[1], F_SETOWN, getpid()), 0);
  CHECK_EQ(fcntl(s[1], F_SETFL, O_ASYNC), 0);
  CHECK_EQ(write(s[0], "x", 1), 1);
  CHECK_EQ(signals_seen, 1);
  close_pair(s);
}

// A name of another system's socket is taken, and leads nowhere.
static void check_foreign(const char *path) {
  struct sockaddr_un name;
  socklen_t length = path_name(&name, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect(fd, (void *)&name, length), ECONNREFUSED);
  CHECK_ERRNO(bind(fd, (void *)&name, length), EADDRINUSE);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    check_foreign(argv[1]);
    return finish();
  }
  enter_scratch();
  check_paths();
  check_moves();
  check_mknod();
  check_permissions();
  check_abstract();
  check_chosen();
  check_files();
  return finish();
}
