// unix-dgram: datagrams of UNIX sockets: names, connections, full receivers, records of SOCK_SEQPACKET. man 7 unix, man 2 send, recv, recvmmsg.
// not in CI's beds: emulation makes it slow
#include <time.h>

#include "unix.h"

static long queue_length(void) {
  char text[32];
  if (read_file("/proc/sys/net/unix/max_dgram_qlen", text, sizeof(text)) <= 0) return 10;
  return atol(text);
}

static ssize_t send_to(int fd, const char *path, const char *text) {
  struct sockaddr_un name;
  socklen_t length = path_name(&name, path);
  return sendto(fd, text, strlen(text), MSG_DONTWAIT, (void *)&name, length);
}

static void check_records(int type) {
  int s[2];
  char buffer[16];
  pair(type, s);
  CHECK_EQ(option(s[0], SO_TYPE), type);
  CHECK_EQ(ready(s[0]), POLLOUT);
  CHECK_EQ(send(s[0], "first", 5, 0), 5);
  CHECK_EQ(write(s[0], "second one", 10), 10);
  CHECK_EQ(waiting(s[1]), type == SOCK_DGRAM ? 5 : 15);
  CHECK_EQ(recv(s[1], buffer, 16, MSG_PEEK), 5);
  CHECK_EQ(recv(s[1], buffer, 2, MSG_PEEK | MSG_TRUNC), 5);
  // What does not fit is lost.
  CHECK_EQ(recv(s[1], buffer, 2, 0), 2);
  CHECK(!memcmp(buffer, "fi", 2));
  CHECK_EQ(recv(s[1], buffer, 4, MSG_TRUNC), 10);
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_DONTWAIT), EAGAIN);
  // An empty datagram counts as one.
  CHECK_EQ(send(s[0], "", 0, 0), 0);
  CHECK_EQ(write(s[0], "", 0), 0);
  struct iovec none = {buffer, 0}, parts[2] = {{"ab", 2}, {"cd", 2}};
  CHECK_EQ(writev(s[0], &none, 1), 0);
  CHECK_EQ(writev(s[0], parts, 2), 4);
  CHECK_EQ(ready(s[1]), POLLIN | POLLOUT);
  CHECK_EQ(recv(s[1], buffer, 16, MSG_DONTWAIT), 0);
  CHECK_EQ(read(s[1], buffer, 16), 0);
  CHECK_EQ(read(s[1], buffer, 16), 4);
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_DONTWAIT), EAGAIN);
  // A fault while sending sends nothing; one while receiving loses the record.
  CHECK_ERRNO(send(s[0], at_page_end(4, 2), 4, 0), EFAULT);
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send(s[0], "gone", 4, 0), 4);
  CHECK_ERRNO(recv(s[1], (void *)8, 4, MSG_DONTWAIT), EFAULT);
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_DONTWAIT), EAGAIN);
  // recvmsg reports what was cut.
  struct iovec part = {buffer, 3};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  CHECK_EQ(send(s[0], "longer", 6, MSG_EOR), 6);
  CHECK_EQ(recvmsg(s[1], &message, 0), 3);
  CHECK_EQ(message.msg_flags, MSG_TRUNC);
  // Up to the buffer's size.
  static char large[1 << 20];
  int size = option(s[0], SO_SNDBUF);
  CHECK_ERRNO(send(s[0], large, (size_t)size - 31, MSG_DONTWAIT), EMSGSIZE);
  CHECK_EQ(send(s[0], large, 100000, MSG_DONTWAIT), 100000);
  CHECK_EQ(read(s[1], large, sizeof(large)), 100000);
  CHECK_ERRNO(send(s[0], "x", 1, MSG_OOB), EOPNOTSUPP);
  CHECK_ERRNO(recv(s[0], buffer, 1, MSG_OOB), EOPNOTSUPP);
  close_pair(s);
}

static void check_names(void) {
  struct sockaddr_un from;
  socklen_t length;
  char buffer[16];
  int receiver = bound_at("receiver", SOCK_DGRAM), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK_ERRNO(send(sender, "x", 1, 0), ENOTCONN);
  CHECK_ERRNO(send_to(sender, "none", "x"), ENOENT);
  CHECK_EQ(send_to(sender, "receiver", "from nobody"), 11);
  length = sizeof(from);
  CHECK_EQ(recvfrom(receiver, buffer, 16, 0, (void *)&from, &length), 11);
  CHECK_EQ(length, 0);
  // The name is the one that the sender has when the datagram is received.
  CHECK_EQ(send_to(sender, "receiver", "later"), 5);
  struct sockaddr_un name;
  socklen_t name_length = path_name(&name, "sender");
  CHECK_EQ(bind(sender, (void *)&name, name_length), 0);
  length = sizeof(from);
  CHECK_EQ(recvfrom(receiver, buffer, 16, 0, (void *)&from, &length), 5);
  CHECK_EQ(length, name_length);
  CHECK(!strcmp(from.sun_path, "sender"));
  // An answer.
  CHECK_EQ(sendto(receiver, "back", 4, 0, (void *)&from, length), 4);
  CHECK_EQ(recv(sender, buffer, 16, 0), 4);
  // To itself.
  CHECK_EQ(send_to(sender, "sender", "me"), 2);
  CHECK_EQ(recv(sender, buffer, 16, 0), 2);
  // A socket of another type, and a file.
  int stream = bound_at("stream", SOCK_STREAM);
  CHECK_ERRNO(send_to(sender, "stream", "x"), EPROTOTYPE);
  CHECK_ERRNO(connect_to(sender, "stream"), EPROTOTYPE);
  write_file("file", "x", 1);
  CHECK_ERRNO(send_to(sender, "file", "x"), ECONNREFUSED);
  close(receiver);
  CHECK_ERRNO(send_to(sender, "receiver", "x"), ECONNREFUSED);
  CHECK_ERRNO(accept(sender, NULL, NULL), EOPNOTSUPP);
  CHECK_ERRNO(listen(sender, 1), EOPNOTSUPP);
  close(stream);
  close(sender);
}

static void check_connected(void) {
  char buffer[16];
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  int a = bound_at("a", SOCK_DGRAM), b = bound_at("b", SOCK_DGRAM), c = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK_EQ(connect_to(a, "b"), 0);
  CHECK_EQ(send(a, "to b", 4, 0), 4);
  CHECK_EQ(recv(b, buffer, 16, 0), 4);
  // b accepts datagrams from anybody until it is connected itself.
  CHECK_EQ(send_to(c, "b", "from c"), 6);
  CHECK_EQ(recv(b, buffer, 16, 0), 6);
  CHECK_EQ(connect_to(b, "a"), 0);
  CHECK_ERRNO(send_to(c, "b", "from c"), EPERM);
  CHECK_ERRNO(connect_to(c, "b"), EPERM);
  CHECK_EQ(send(b, "back", 4, 0), 4);
  CHECK_EQ(recv(a, buffer, 16, 0), 4);
  // Connected to another; disconnected; connected again.
  CHECK_EQ(connect_to(a, "b"), 0);
  CHECK_EQ(connect(a, &none, sizeof(none)), 0);
  CHECK_ERRNO(send(a, "x", 1, 0), ENOTCONN);
  struct sockaddr_un name;
  socklen_t length = sizeof(name);
  CHECK_ERRNO(getpeername(a, (void *)&name, &length), ENOTCONN);
  CHECK_EQ(connect(a, &none, sizeof(none)), 0);
  CHECK_ERRNO(connect(a, &none, 1), EINVAL);
  // What waits is lost with the connection, and the other side learns of it.
  CHECK_EQ(connect_to(a, "b"), 0);
  CHECK_EQ(send(b, "unread", 6, 0), 6);
  CHECK_EQ(connect(a, &none, sizeof(none)), 0);
  CHECK_ERRNO(recv(a, buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(ready(b) & POLLERR, POLLERR);
  CHECK_ERRNO(send(b, "x", 1, 0), ECONNRESET);
  CHECK_EQ(send(b, "x", 1, 0), 1);
  // The peer is gone.
  close(a);
  signals_seen = 0;
  CHECK_ERRNO(send(b, "x", 1, 0), ECONNREFUSED);
  CHECK_ERRNO(send(b, "x", 1, 0), ENOTCONN);
  CHECK_EQ(signals_seen, 0);
  close(b);
  close(c);
}

static void check_shutdown(void) {
  int s[2];
  char buffer[16];
  pair(SOCK_DGRAM, s);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  signals_seen = 0;
  CHECK_ERRNO(send(s[0], "x", 1, 0), EPIPE);
  CHECK_ERRNO(write(s[0], "x", 1), EPIPE);
  CHECK_EQ(signals_seen, 0);
  CHECK_ERRNO(recv(s[1], buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send(s[1], "in", 2, 0), 2);
  CHECK_EQ(shutdown(s[0], SHUT_RD), 0);
  CHECK_EQ(ready(s[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  CHECK_ERRNO(send(s[1], "x", 1, 0), EPIPE);
  CHECK_EQ(recv(s[0], buffer, 16, 0), 2);
  CHECK_EQ(recv(s[0], buffer, 16, 0), 0);
  CHECK_ERRNO(recv(s[0], buffer, 16, MSG_DONTWAIT), EAGAIN);
  close(s[1]);
  close(s[0]);
}

// A receiver that nobody empties: unconnected senders wait.
static void check_full(void) {
  long most = queue_length() + 1, sent = 0;
  char buffer[16];
  int receiver = bound_at("full", SOCK_DGRAM), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK_EQ(connect_to(sender, "full"), 0);
  if (most > 200) {
    // The sender's buffer fills first.
    close(receiver);
    close(sender);
    return;
  }
  while (send(sender, "x", 1, MSG_DONTWAIT) == 1) sent++;
  CHECK(errno == EAGAIN);
  CHECK_EQ(sent, most);
  CHECK_EQ(ready(sender), 0);
  CHECK_EQ(ready(receiver), POLLIN | POLLOUT);
  struct timeval limit = {0, 20000};
  CHECK_EQ(setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
  CHECK_ERRNO(send(sender, "x", 1, 0), EAGAIN);
  catch_signal(SIGALRM);
  limit.tv_usec = 0;
  CHECK_EQ(setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
  alarm_every(20);
  CHECK_ERRNO(send(sender, "x", 1, 0), EINTR);
  alarm_every(0);
  // To itself there is always room.
  for (long i = 0; i < 3; i++) CHECK_EQ(send_to(receiver, "full", "x"), 1);
  CHECK_EQ(recv(receiver, buffer, 1, 0), 1);
  for (long i = 0; i < 3; i++) CHECK_EQ(recv(receiver, buffer, 1, 0), 1);
  CHECK_EQ(ready(sender), POLLOUT);
  CHECK_EQ(send(sender, "x", 1, 0), 1);
  close(receiver);
  CHECK_EQ(ready(sender), POLLOUT);
  CHECK_ERRNO(send(sender, "x", 1, 0), ECONNREFUSED);
  close(sender);
}

static void check_seqpacket(void) {
  int s[2];
  char buffer[16];
  int listener = bound_at("packets", SOCK_SEQPACKET), client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  CHECK_EQ(ready(client), POLLOUT | POLLHUP);
  CHECK_ERRNO(send(client, "x", 1, 0), ENOTCONN);
  CHECK_ERRNO(recv(client, buffer, 1, 0), ENOTCONN);
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(connect_to(client, "packets"), 0);
  CHECK_EQ(send(client, "one", 3, MSG_EOR), 3);
  CHECK_EQ(send(client, "two", 3, 0), 3);
  int server = accept(listener, NULL, NULL);
  struct iovec part = {buffer, 16};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  CHECK_EQ(recvmsg(server, &message, 0), 3);
  CHECK_EQ(message.msg_flags, 0);
  // A destination name is ignored.
  CHECK_EQ(send_to(server, "anything", "back"), 4);
  CHECK_EQ(recv(client, buffer, 16, MSG_WAITALL), 4);
  signals_seen = 0;
  close(client);
  CHECK_EQ(ready(server), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  CHECK_EQ(recv(server, buffer, 16, 0), 3);
  CHECK_EQ(recv(server, buffer, 16, 0), 0);
  CHECK_EQ(recv(server, buffer, 16, MSG_DONTWAIT), 0);
  CHECK_ERRNO(send(server, "x", 1, 0), EPIPE);
  CHECK_EQ(signals_seen, 0);
  close(server);
  close(listener);
  pair(SOCK_SEQPACKET, s);
  CHECK_EQ(send(s[0], "lost", 4, 0), 4);
  close(s[1]);
  CHECK_ERRNO(recv(s[0], buffer, 16, 0), ECONNRESET);
  CHECK_EQ(recv(s[0], buffer, 16, 0), 0);
  close(s[0]);
}

static void check_many(void) {
  int s[2];
  char out[4][4] = {"a", "bc", "def", ""}, in[4][4];
  struct iovec parts[4], rooms[4];
  struct mmsghdr sent[4] = {0}, got[4] = {0};
  struct timespec limit = {0, 50000000};
  pair(SOCK_DGRAM, s);
  for (int i = 0; i < 4; i++) {
    parts[i] = (struct iovec){out[i], strlen(out[i])};
    rooms[i] = (struct iovec){in[i], 4};
    sent[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    got[i].msg_hdr = (struct msghdr){.msg_iov = &rooms[i], .msg_iovlen = 1};
  }
  CHECK_EQ(sendmmsg(s[0], sent, 4, 0), 4);
  for (unsigned i = 0; i < 4; i++) CHECK_EQ(sent[i].msg_len, (i + 1) % 4);
  CHECK_EQ(recvmmsg(s[1], got, 3, 0, NULL), 3);
  for (unsigned i = 0; i < 3; i++) CHECK_EQ(got[i].msg_len, i + 1);
  CHECK(!memcmp(in[2], "def", 3));
  // The last one, and then there is nothing more to wait for.
  CHECK_EQ(recvmmsg(s[1], got, 4, MSG_WAITFORONE, NULL), 1);
  CHECK_ERRNO(recvmmsg(s[1], got, 4, MSG_DONTWAIT, NULL), EAGAIN);
  CHECK_EQ(recvmmsg(s[1], got, 0, 0, NULL), 0);
  CHECK_EQ(sendmmsg(s[0], sent, 0, 0), 0);
  // One bad message ends the call after the good ones.
  sent[2].msg_hdr.msg_iov = (void *)8;
  CHECK_EQ(sendmmsg(s[0], sent, 4, 0), 2);
  CHECK_ERRNO(sendmmsg(s[0], sent + 2, 1, 0), EFAULT);
  CHECK_EQ(recvmmsg(s[1], got, 2, 0, &limit), 2);
  CHECK(limit.tv_nsec < 50000000);
  // The time-out is checked when a message has come; it does not end a wait, but a signal does.
  catch_signal(SIGALRM);
  alarm_every(30);
  CHECK_ERRNO(recvmmsg(s[1], got, 2, 0, NULL), EINTR);
  CHECK_EQ(sendmmsg(s[0], sent, 1, 0), 1);
  CHECK_EQ(recvmmsg(s[1], got, 2, 0, NULL), 1);
  alarm_every(0);
  close_pair(s);
}

int main(void) {
  enter_scratch();
  catch_signal(SIGPIPE);
  check_records(SOCK_DGRAM);
  check_records(SOCK_SEQPACKET);
  check_names();
  check_connected();
  check_shutdown();
  check_full();
  check_seqpacket();
  check_many();
  return finish();
}
