// scm-rights: descriptors and credentials in messages: man 7 unix, "Ancillary messages"; man 3 cmsg.
// not in CI's beds: emulation makes it slow
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "unix.h"

static void check_one(int type) {
  int s[2], p[2], got[8], flags;
  size_t count = 8;
  char buffer[8];
  int free_before = lowest_fd();
  pair(type, s);
  REQUIRE(pipe(p) == 0);
  CHECK_EQ(send_fds(s[0], "a", 1, p, 2), 1);
  close_pair(p);
  CHECK_EQ(waiting(s[1]), 1);
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, &flags), 1);
  CHECK_EQ(count, 2);
  CHECK_EQ(flags, 0);
  // The same files under other numbers.
  CHECK_EQ(got[0], p[0]);
  CHECK_EQ(write(got[1], "hi", 2), 2);
  CHECK_EQ(read(got[0], buffer, 8), 2);
  CHECK_EQ(fcntl(got[0], F_GETFD), 0);
  // The file's offset is shared; MSG_CMSG_CLOEXEC.
  write_file("file", "0123456789", 10);
  int file = open("file", O_RDONLY);
  CHECK_EQ(send_fds(s[0], "b", 1, &file, 1), 1);
  count = 1;
  CHECK_EQ(receive_fds(s[1], buffer, 8, got + 2, &count, MSG_CMSG_CLOEXEC, &flags), 1);
  CHECK_EQ(flags, MSG_CMSG_CLOEXEC);
  CHECK_EQ(fcntl(got[2], F_GETFD), FD_CLOEXEC);
  CHECK_EQ(read(file, buffer, 4), 4);
  CHECK_EQ(read(got[2], buffer, 1), 1);
  CHECK_EQ(buffer[0], '4');
  // A descriptor that was opened with O_PATH, a directory, a socket; read(2) throws them away.
  int three[3] = {open("file", O_PATH), open(".", O_RDONLY), s[1]};
  CHECK_EQ(send_fds(s[0], "c", 1, three, 3), 1);
  count = 3;
  CHECK_EQ(receive_fds(s[1], buffer, 8, got + 3, &count, 0, &flags), 1);
  CHECK_EQ(count, 3);
  CHECK_EQ(fcntl(got[3], F_GETFL) & O_PATH, O_PATH);
  for (int i = 3; i < 6; i++) close(got[i]);
  CHECK_EQ(send_fds(s[0], "d", 1, three, 3), 1);
  CHECK_EQ(read(s[1], buffer, 8), 1);
  CHECK_EQ(send_fds(s[0], "e", 1, three, 3), 1);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 1);
  for (int i = 0; i < 2; i++) close(three[i]);
  for (int i = 0; i < 3; i++) close(got[i]);
  close(file);
  close_pair(s);
  CHECK_EQ(lowest_fd(), free_before);
}

// Too little room: the rest is closed.
static void check_room(void) {
  int s[2], p[2], got[8], flags;
  char buffer[8];
  size_t count = 1;
  pair(SOCK_DGRAM, s);
  REQUIRE(pipe(p) == 0);
  CHECK_EQ(send_fds(s[0], "a", 1, p, 2), 1);
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, &flags), 1);
  CHECK_EQ(count, 1);
  CHECK_EQ(flags, MSG_CTRUNC);
  close(got[0]);
  // No room at all.
  CHECK_EQ(send_fds(s[0], "a", 1, p, 2), 1);
  count = 0;
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, &flags), 1);
  CHECK_EQ(count, 0);
  CHECK_EQ(flags, MSG_CTRUNC);
  struct iovec part = {buffer, 8};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  CHECK_EQ(send_fds(s[0], "a", 1, p, 2), 1);
  CHECK_EQ(recvmsg(s[1], &message, 0), 1);
  CHECK_EQ(message.msg_flags, MSG_CTRUNC);
  // A length of one descriptor includes its padding, where there is room for that.
  union {
    struct cmsghdr header;
    char room[64];
  } control;
  message.msg_control = &control;
  message.msg_controllen = 64;
  CHECK_EQ(send_fds(s[0], "a", 1, p, 1), 1);
  CHECK_EQ(recvmsg(s[1], &message, 0), 1);
  CHECK_EQ(message.msg_flags, 0);
  CHECK_EQ(message.msg_controllen, CMSG_SPACE(sizeof(int)));
  CHECK_EQ(control.header.cmsg_len, CMSG_LEN(sizeof(int)));
  memcpy(got, CMSG_DATA(&control.header), sizeof(int));
  close(got[0]);
  // No more descriptors may be opened.
  struct rlimit limit, small;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_EQ(send_fds(s[0], "a", 1, p, 2), 1);
  small = (struct rlimit){(rlim_t)lowest_fd() + 1, limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &small) == 0);
  count = 2;
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, &flags), 1);
  CHECK_EQ(count, 1);
  CHECK_EQ(flags, MSG_CTRUNC);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  close(got[0]);
  close_pair(p);
  close_pair(s);
}

// In a stream, descriptors come with their byte, and bytes of another message do not join them.
static void check_stream(void) {
  int s[2], p[2], got[8], flags;
  char buffer[16];
  size_t count = 8;
  pair(SOCK_STREAM, s);
  REQUIRE(pipe(p) == 0);
  CHECK_EQ(write(s[0], "before", 6), 6);
  CHECK_EQ(send_fds(s[0], "with", 4, p, 1), 4);
  CHECK_EQ(write(s[0], "after", 5), 5);
  CHECK_EQ(receive_fds(s[1], buffer, 16, got, &count, 0, &flags), 10);
  CHECK_EQ(count, 1);
  CHECK(!memcmp(buffer, "beforewith", 10));
  close(got[0]);
  CHECK_EQ(read(s[1], buffer, 16), 5);
  // Receiving a part of the bytes brings all descriptors.
  CHECK_EQ(send_fds(s[0], "with", 4, p, 2), 4);
  count = 8;
  CHECK_EQ(receive_fds(s[1], buffer, 1, got, &count, 0, &flags), 1);
  CHECK_EQ(count, 2);
  close_pair(got);
  count = 8;
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, &flags), 3);
  CHECK_EQ(count, 0);
  // Each MSG_PEEK gives descriptors.
  CHECK_EQ(send_fds(s[0], "look", 4, p, 1), 4);
  for (int i = 0; i < 2; i++) {
    count = 8;
    CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, MSG_PEEK, &flags), 4);
    CHECK_EQ(count, 1);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(read(got[0], buffer, 1), 1);
    close(got[0]);
  }
  CHECK_EQ(recv(s[1], buffer, 16, 0), 4);
  // Without a byte there is no message.
  CHECK_EQ(send_fds(s[0], "", 0, p, 1), 0);
  CHECK_ERRNO(recv(s[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
  // What is never received is closed with the socket.
  CHECK_EQ(send_fds(s[0], "x", 1, p + 1, 1), 1);
  close(p[1]);
  CHECK_EQ(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(read(p[0], buffer, 1), EAGAIN);
  close_pair(s);
  CHECK_EQ(read(p[0], buffer, 1), 0);
  close(p[0]);
}

static ssize_t send_control(int fd, void *control, size_t length) {
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = length};
  return sendmsg(fd, &message, MSG_DONTWAIT);
}

static void check_wrong(void) {
  int s[2], many[254];
  struct {
    struct cmsghdr header;
    int data[20];
  } control = {.header = {.cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}, .data = {-1}};
  char buffer[8];
  pair(SOCK_DGRAM, s);
  for (int i = 0; i < 254; i++) many[i] = s[0];
  CHECK_ERRNO(send_control(s[0], &control, CMSG_SPACE(4)), EBADF);
  control.data[0] = 999;
  CHECK_ERRNO(send_control(s[0], &control, CMSG_SPACE(4)), EBADF);
  control.header.cmsg_len = 15;
  CHECK_ERRNO(send_control(s[0], &control, CMSG_SPACE(4)), EINVAL);
  control.header.cmsg_len = 100;
  CHECK_ERRNO(send_control(s[0], &control, CMSG_SPACE(4)), EINVAL);
  control.header.cmsg_len = (size_t)-1;
  CHECK_ERRNO(send_control(s[0], &control, CMSG_SPACE(4)), EINVAL);
  control.header.cmsg_len = CMSG_LEN(4);
  control.header.cmsg_type = 77;
  CHECK_ERRNO(send_control(s[0], &control, CMSG_SPACE(4)), EINVAL);
  // Other levels are ignored; a length shorter than a header counts as nothing.
  control.header.cmsg_level = 77;
  CHECK_EQ(send_control(s[0], &control, CMSG_SPACE(4)), 1);
  CHECK_EQ(send_control(s[0], &control, 15), 1);
  CHECK_ERRNO(send_control(s[0], (void *)8, 16), EFAULT);
  CHECK_ERRNO(send_control(s[0], &control, 0x80000000ul), ENOBUFS);
  CHECK_ERRNO(send_control(s[0], &control, 1 << 24), ENOBUFS);
  // An empty list passes no descriptors.
  control.header = (struct cmsghdr){CMSG_LEN(0), SOL_SOCKET, SCM_RIGHTS};
  CHECK_EQ(send_control(s[0], &control, CMSG_SPACE(0)), 1);
  for (int i = 0; i < 3; i++) CHECK_EQ(recv(s[1], buffer, 8, 0), 1);
  CHECK_ERRNO(send_fds(s[0], "x", 1, many, 254), EINVAL);
  CHECK_EQ(send_fds(s[0], "x", 1, many, 253), 1);
  size_t count = 253;
  int flags;
  CHECK_EQ(receive_fds(s[1], buffer, 8, many, &count, 0, &flags), 1);
  CHECK_EQ(count, 253);
  for (int i = 0; i < 253; i++) CHECK_EQ(close(many[i]), 0);
  struct iovec part = {buffer, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1025};
  CHECK_ERRNO(sendmsg(s[0], &message, 0), EMSGSIZE);
  CHECK_ERRNO(recvmsg(s[0], &message, 0), EMSGSIZE);
  message.msg_iovlen = 1;
  message.msg_name = buffer;
  message.msg_namelen = (socklen_t)-1;
  CHECK_ERRNO(sendmsg(s[0], &message, 0), EINVAL);
  CHECK_ERRNO(recvmsg(s[0], &message, 0), EINVAL);
  close_pair(s);
}

// Receives a byte and the credentials with it; pid -1: there were none.
static ssize_t receive_credentials(int fd, struct ucred *who, int *flags) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(struct ucred))];
  } control;
  char byte[8];
  struct iovec part = {byte, 8};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  ssize_t received = recvmsg(fd, &message, MSG_DONTWAIT);
  who->pid = -1;
  *flags = message.msg_flags;
  if (received > 0 && message.msg_controllen > 0) {
    CHECK_EQ(control.header.cmsg_type, SCM_CREDENTIALS);
    memcpy(who, CMSG_DATA(&control.header), sizeof(*who));
  }
  return received;
}

static ssize_t send_credentials(int fd, struct ucred who) {
  struct {
    struct cmsghdr header;
    struct ucred data;
    int padding;
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(who)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS}, .data = who};
  return send_control(fd, &control, sizeof(control));
}

static void check_credentials(int type) {
  int s[2], one = 1, flags;
  struct ucred who, me = {getpid(), getuid(), getgid()};
  socklen_t length = sizeof(who);
  pair(type, s);
  CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
  CHECK_EQ(length, sizeof(who));
  CHECK(who.pid == me.pid && who.uid == geteuid() && who.gid == getegid());
  CHECK_EQ(send(s[0], "a", 1, 0), 1);
  CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
  CHECK_EQ(option(s[1], SO_PASSCRED), 1);
  CHECK_EQ(send(s[0], "b", 1, 0), 1);
  CHECK_EQ(send_credentials(s[0], me), 1);
  // Sent before credentials were asked for: nobody's.
  CHECK_EQ(receive_credentials(s[1], &who, &flags), 1);
  CHECK(who.pid == 0 && who.uid == 65534 && who.gid == 65534);
  // In a stream, bytes from the same writer come together.
  CHECK_EQ(receive_credentials(s[1], &who, &flags), type == SOCK_STREAM ? 2 : 1);
  CHECK(who.pid == me.pid && who.uid == me.uid && who.gid == me.gid);
  if (type != SOCK_STREAM) CHECK_EQ(receive_credentials(s[1], &who, &flags), 1);
  // Claiming to be another process or user needs a capability.
  struct ucred other = {me.pid, me.uid + 1, me.gid};
  if (is_root()) CHECK_EQ(send_credentials(s[0], other), 1);
  else CHECK_ERRNO(send_credentials(s[0], other), EPERM);
  if (is_root()) {
    CHECK_EQ(send(s[0], "c", 1, 0), 1);
    CHECK_EQ(receive_credentials(s[1], &who, &flags), 1);
    CHECK_EQ(who.uid, me.uid + 1);
    CHECK_EQ(receive_credentials(s[1], &who, &flags), 1);
    CHECK_EQ(who.uid, me.uid);
    CHECK_ERRNO(send_credentials(s[0], (struct ucred){0x3ffffff0, 0, 0}), ESRCH);
  } else {
    CHECK_ERRNO(send_credentials(s[0], (struct ucred){1, me.uid, me.gid}), EPERM);
  }
  // A receiver that does not ask gets none, even if they were sent with SCM_CREDENTIALS.
  one = 0;
  CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
  CHECK_EQ(send_credentials(s[0], me), 1);
  CHECK_EQ(receive_credentials(s[1], &who, &flags), 1);
  CHECK_EQ(who.pid, -1);
  close_pair(s);
}

static void check_peers(void) {
  struct ucred who;
  struct sockaddr_un name;
  socklen_t length = sizeof(who), name_length = sizeof(name);
  int one = 1, flags;
  int listener = bound_at("peers", SOCK_STREAM), client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
  CHECK(who.pid == 0 && who.uid == (uid_t)-1 && who.gid == (gid_t)-1);
  length = 5;
  CHECK_EQ(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
  CHECK_EQ(length, 5);
  CHECK_EQ(setsockopt(listener, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
  CHECK_EQ(listen(listener, 1), 0);
  // A client with SO_PASSCRED gets a name when it connects.
  CHECK_EQ(setsockopt(client, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
  CHECK_EQ(connect_to(client, "peers"), 0);
  CHECK_EQ(getsockname(client, (void *)&name, &name_length), 0);
  CHECK_EQ(name_length, 2 + 1 + 5);
  CHECK_EQ(name.sun_path[0], 0);
  CHECK_EQ(send(client, "x", 1, 0), 1);
  int server = accept(listener, NULL, NULL);
  // The connection has the listener's option.
  CHECK_EQ(option(server, SO_PASSCRED), 1);
  CHECK_EQ(receive_credentials(server, &who, &flags), 1);
  CHECK_EQ(who.pid, getpid());
  for (int i = 0; i < 2; i++) {
    length = sizeof(who);
    CHECK_EQ(getsockopt(i ? client : server, SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
    CHECK(who.pid == getpid() && who.uid == geteuid());
  }
  gid_t groups[64];
  length = sizeof(groups);
  CHECK_EQ(getsockopt(server, SOL_SOCKET, SO_PEERGROUPS, groups, &length), 0);
  CHECK_EQ(length / sizeof(gid_t), getgroups(0, NULL));
  close(listener);
  close(server);
  close(client);
}

// A received socket works; a connection not yet accepted is received with its listener.
static void check_sockets(void) {
  int s[2], t[2], got[2];
  char buffer[8];
  size_t count = 1;
  pair(SOCK_STREAM, s);
  pair(SOCK_STREAM, t);
  CHECK_EQ(write(t[0], "inside", 6), 6);
  CHECK_EQ(send_fds(s[0], "x", 1, &t[1], 1), 1);
  close(t[1]);
  CHECK_EQ(write(t[0], "!", 1), 1);
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, NULL), 1);
  CHECK_EQ(read(got[0], buffer, 8), 7);
  close(got[0]);
  CHECK_EQ(read(t[0], buffer, 1), 0);
  close(t[0]);
  int listener = bound_at("sent", SOCK_STREAM), client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(listen(listener, 4), 0);
  CHECK_EQ(connect_to(client, "sent"), 0);
  CHECK_EQ(send_fds(client, "w", 1, &client, 1), 1);
  CHECK_EQ(send_fds(s[0], "x", 1, &listener, 1), 1);
  close(listener);
  close(client);
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, NULL), 1);
  int server = accept(got[0], NULL, NULL);
  CHECK(server >= 0);
  count = 1;
  CHECK_EQ(receive_fds(server, buffer, 8, &client, &count, 0, NULL), 1);
  CHECK_EQ(count, 1);
  CHECK_EQ(write(client, "back", 4), 4);
  CHECK_EQ(read(server, buffer, 8), 4);
  close(client);
  close(server);
  close(got[0]);
  // An epoll keeps watching its files while it is in flight.
  int epoll = epoll_create1(0), event = eventfd(0, 0);
  struct epoll_event watch = {.events = EPOLLIN, .data.fd = 1}, seen;
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &watch), 0);
  CHECK_EQ(send_fds(s[0], "x", 1, &event, 1), 1);
  close(event);
  CHECK_EQ(epoll_wait(epoll, &seen, 1, 0), 0);
  count = 1;
  CHECK_EQ(receive_fds(s[1], buffer, 8, got, &count, 0, NULL), 1);
  CHECK_EQ(eventfd_write(got[0], 1), 0);
  CHECK_EQ(epoll_wait(epoll, &seen, 1, 0), 1);
  close(got[0]);
  close(epoll);
  close_pair(s);
}

int main(void) {
  enter_scratch();
  int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for (size_t i = 0; i < COUNT(types); i++) {
    check_one(types[i]);
    check_credentials(types[i]);
  }
  check_room();
  check_stream();
  check_wrong();
  check_peers();
  check_sockets();
  return finish();
}
