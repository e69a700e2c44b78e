// socket-orders: calls of sockets in orders that few programs use, each of which has one answer. man 7 socket.
#include "own-network.h"
#include "processes.h"
#include "tcp.h"

// shutdown(2) of a socket without a peer fails, and holds for its next connection. A second one tells the peer.
static void check_shutdown_first(void) {
  int listener = tcp_listener(), fd = tcp_socket();
  CHECK_ERRNO(shutdown(fd, SHUT_RDWR), ENOTCONN);
  CHECK_EQ(connect_at(fd, name_of(listener)), 0);
  int accepted = accept(listener, NULL, NULL);
  REQUIRE(accepted >= 0);
  CHECK_EQ(ready(accepted), POLLOUT);
  CHECK_EQ(port_of(peer_of(fd)), port_of(name_of(listener)));
  CHECK_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(shutdown(fd, SHUT_WR), 0);
  CHECK_EQ(await(accepted, POLLRDHUP), POLLRDHUP);
  close(fd), close(accepted), close(listener);
}

// Both ends begin with one: the listener's holds for what it accepts, whose end has then come.
static void check_shutdown_both(void) {
  int listener = tcp_socket(), fd = tcp_socket();
  CHECK_ERRNO(shutdown(listener, SHUT_WR), ENOTCONN);
  CHECK_ERRNO(shutdown(fd, SHUT_RDWR), ENOTCONN);
  REQUIRE(bind_at(listener, ipv4("127.0.0.1", 0)) == 0 && listen(listener, 4) == 0);
  CHECK_EQ(connect_at(fd, name_of(listener)), 0);
  CHECK_EQ(port_of(peer_of(fd)), port_of(name_of(listener)));
  close(fd), close(listener);
}

// Who closed it first is no longer there when the other end ends, and has no name then.
static void check_closed_peer(void) {
  int s[2];
  struct address peer = {.length = sizeof(struct sockaddr_in)};
  tcp_pair(s);
  close(s[0]);
  CHECK(await(s[1], POLLRDHUP) & POLLRDHUP);
  CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
  bool is_over = EVENTUALLY(getpeername(s[1], &peer.any, &peer.length) < 0);
  CHECK(is_over);
  close(s[1]);
}

// A socket whose connection both have ended can be bound. shutdown(2) does not give that port back.
static void check_bound_after(void) {
  int s[2];
  tcp_pair(s);
  CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
  CHECK(await(s[0], POLLRDHUP) & POLLRDHUP);
  CHECK_EQ(shutdown(s[0], SHUT_RDWR), 0);
  bool is_over = EVENTUALLY(bind_at(s[0], ipv4("127.0.0.1", 0)) == 0);
  CHECK(is_over);
  CHECK_ERRNO(shutdown(s[0], SHUT_RDWR), ENOTCONN);
  CHECK_ERRNO(bind_at(s[0], ipv4("127.0.0.1", 0)), EINVAL);
  close_pair(s);
}

// Who receives no more answers with a reset, but learns of an urgent byte.
static void check_urgent_reset(void) {
  int s[2];
  char byte;
  tcp_pair(s);
  CHECK_EQ(shutdown(s[1], SHUT_RDWR), 0);
  CHECK(await(s[0], POLLRDHUP) & POLLRDHUP);
  CHECK_EQ(send(s[0], "abc", 3, MSG_OOB), 3);
  bool is_told = EVENTUALLY(ready(s[1]) & POLLPRI);
  CHECK(is_told);
  CHECK_ERRNO(recv(s[1], &byte, 1, MSG_OOB), ENOTCONN);
  CHECK_EQ(recv(s[1], &byte, 1, 0), -1);
  close_pair(s);
}

// A refused connection shows its peer to SO_PEERNAME alone, until somebody has asked for its result.
static void check_refused_peer(void) {
  int holder, fd = tcp_socket();
  struct address to = refusing(&holder), peer = {.length = sizeof(struct sockaddr_in)};
  set_nonblocking(fd);
  CHECK_ERRNO(connect_at(fd, to), EINPROGRESS);
  CHECK(await(fd, POLLERR) & POLLERR);
  CHECK_ERRNO(getpeername(fd, &peer.any, &peer.length), ENOTCONN);
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &peer.any, &peer.length), 0);
  CHECK(is_same(peer, to));
  CHECK_ERRNO(connect_at(fd, to), ECONNREFUSED);
  CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &peer.any, &peer.length), ENOTCONN);
  close(fd), close(holder);
}

// connect(2) to AF_UNSPEC forgets the address, unless bind(2) has chosen it: for a listener's connection, too.
static void check_kept_address(void) {
  struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
  int s[2], fd = socket(AF_INET6, SOCK_STREAM, 0);
  tcp_pair(s);
  CHECK_EQ(connect(s[1], &nowhere, sizeof(nowhere)), 0);
  CHECK_EQ(name_of(s[1]).v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  CHECK_EQ(connect(s[0], &nowhere, sizeof(nowhere)), 0);
  CHECK_EQ(name_of(s[0]).v4.sin_addr.s_addr, 0);
  close_pair(s);
  // All addresses of IPv4 are one that was chosen.
  CHECK_EQ(bind_at(fd, ipv6("::ffff:0.0.0.0", 0)), 0);
  CHECK_EQ(connect(fd, &nowhere, sizeof(nowhere)), 0);
  struct address name = name_of(fd);
  CHECK(IN6_IS_ADDR_V4MAPPED(&name.v6.sin6_addr));
  close(fd);
  // An address that it had before still counts.
  int holder, again = tcp_socket();
  struct address to = refusing(&holder);
  CHECK_EQ(bind_at(again, ipv4("127.0.0.1", 0)), 0);
  CHECK_ERRNO(connect_at(again, to), ECONNREFUSED);
  CHECK_EQ(bind_at(again, ipv4("0.0.0.0", 0)), 0);
  CHECK_ERRNO(connect_at(again, to), ECONNREFUSED);
  CHECK_EQ(name_of(again).v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  close(again), close(holder);
}

// The port of a connection by IPv6 is not free for all of IPv4, but for one address of it.
static void check_port_of_ipv6(void) {
  int listener = listener_at(ipv6("::1", 0), 8), s[2], any = tcp_socket(), one = tcp_socket(),
      other = tcp_socket();
  connect_pair(listener, s);
  int port = port_of(name_of(s[0]));
  CHECK_ERRNO(bind_at(any, ipv4("0.0.0.0", port)), EADDRINUSE);
  CHECK_EQ(bind_at(one, ipv4("127.0.0.1", port)), 0);
  // Who has named an IPv6 address does not take IPv4.
  CHECK_EQ(bind_at(other, ipv4("0.0.0.0", port_of(name_of(listener)))), 0);
  close_pair(s), close(any), close(one), close(other), close(listener);
}

// The same where only an accepted connection is left.
static void check_port_of_accepted(void) {
  int listener = listener_at(ipv6("::", 0), 8), s[2], any = tcp_socket();
  struct address to = ipv6("::1", port_of(name_of(listener)));
  s[0] = socket(AF_INET6, SOCK_STREAM, 0);
  REQUIRE(connect_at(s[0], to) == 0);
  s[1] = accept(listener, NULL, NULL);
  close(listener);
  CHECK_ERRNO(bind_at(any, ipv4("0.0.0.0", port_of(to))), EADDRINUSE);
  CHECK_EQ(bind_at(any, ipv4("127.0.0.1", port_of(to))), 0);
  close_pair(s), close(any);
}

// Linux before 6.18.44 takes it.
static bool is_refused(int result) { return result < 0 ? errno == EINVAL : !is_hv(); }

// What has been a connection never listens, but keeps the port that listen(2) chose. What has listened never connects, and loses
// a port that bind(2) chose.
static void check_roles(void) {
  struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
  int holder, s[2], fd = tcp_socket(), refused = tcp_socket(), listener = tcp_listener();
  struct address none = refusing(&holder);
  CHECK_EQ(listen(fd, 4), 0);
  CHECK_EQ(shutdown(fd, SHUT_RDWR), 0);
  CHECK_EQ(bind_at(fd, ipv4("127.0.0.1", 0)), 0);
  int result = connect_at(fd, name_of(listener));
  CHECK(is_refused(result));
  if (result < 0) CHECK_EQ(bind_at(fd, ipv4("127.0.0.1", 0)), 0);
  close(fd);
  CHECK_ERRNO(connect_at(refused, none), ECONNREFUSED);
  CHECK(is_refused(listen(refused, 4)));
  CHECK(port_of(name_of(refused)) != 0);
  CHECK_ERRNO(bind_at(refused, ipv4("127.0.0.1", 0)), EINVAL);
  connect_pair(listener, s);
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(connect(s[i], &nowhere, sizeof(nowhere)), 0);
    CHECK(is_refused(listen(s[i], 4)));
  }
  close_pair(s), close(refused), close(holder), close(listener);
}

// An address of IPv4 that a socket has kept is none where it takes IPv6 alone.
static void check_kept_mapped(void) {
  int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1, other = socket(AF_INET6, SOCK_STREAM, 0);
  CHECK_EQ(bind_at(fd, ipv6("::ffff:127.0.0.1", 0)), 0);
  CHECK_EQ(listen(fd, 4), 0);
  CHECK_EQ(shutdown(fd, SHUT_RDWR), 0);
  CHECK_EQ(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
  CHECK_EQ(listen(fd, 4), 0);
  CHECK_ERRNO(connect_at(other, name_of(fd)), ECONNREFUSED);
  close(fd), close(other);
}

// The parts of a datagram go where the socket is connected when the last of them comes.
static void check_corked(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), receivers[2];
  char bytes[8];
  for (int i = 0; i < 2; i++) {
    receivers[i] = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(bind_at(receivers[i], ipv4("127.0.0.1", 0)) == 0);
  }
  CHECK_EQ(connect_at(fd, name_of(receivers[0])), 0);
  CHECK_EQ(send(fd, "ab", 2, MSG_MORE), 2);
  CHECK_EQ(connect_at(fd, name_of(receivers[1])), 0);
  CHECK_EQ(send(fd, "c", 1, 0), 1);
  CHECK_EQ(recv(receivers[1], bytes, sizeof(bytes), 0), 3);
  CHECK_ERRNO(recv(receivers[0], bytes, sizeof(bytes), MSG_DONTWAIT), EAGAIN);
  close(fd), close_pair(receivers);
}

// Another name for a part of a datagram is looked at by IPv6 sockets, and changes nothing; one of IPv4 is refused.
static void check_corked_name(void) {
  int receiver = socket(AF_INET6, SOCK_DGRAM, 0), fd = socket(AF_INET6, SOCK_DGRAM, 0);
  char bytes[8];
  REQUIRE(bind_at(receiver, ipv6("::1", 0)) == 0);
  int port = port_of(name_of(receiver));
  struct address mapped = ipv6("::ffff:127.0.0.1", port), other = ipv6("::1", port == 9 ? 10 : 9),
                 of_ipv4 = ipv4("127.0.0.1", port);
  CHECK_EQ(connect_at(fd, name_of(receiver)), 0);
  CHECK_EQ(send(fd, "ab", 2, MSG_MORE), 2);
  CHECK_ERRNO(sendto(fd, "x", 1, 0, &mapped.any, mapped.length), EINVAL);
  CHECK_ERRNO(sendto(fd, "x", 1, 0, &of_ipv4.any, of_ipv4.length), EINVAL);
  CHECK_ERRNO(sendto(fd, "x", 1, MSG_OOB, &mapped.any, mapped.length), EOPNOTSUPP);
  CHECK_ERRNO(sendto(fd, "x", 1, 0, &other.any, 20), EINVAL);
  CHECK_EQ(sendto(fd, "c", 1, 0, &other.any, other.length), 1);
  CHECK_EQ(recv(receiver, bytes, sizeof(bytes), 0), 3);
  close(fd), close(receiver);
  // To a socket with a mapped address, all addresses of IPv6 are this machine's of IPv4.
  struct address any = ipv6("::", port);
  fd = socket(AF_INET6, SOCK_DGRAM, 0);
  REQUIRE(bind_at(fd, ipv6("::ffff:127.0.0.1", 0)) == 0);
  CHECK_ERRNO(sendto(fd, "x", 1, MSG_OOB, &any.any, any.length), EOPNOTSUPP);
  close(fd);
}

// A record that nobody received resets the connection; one empty record does not.
static void check_unread_records(void) {
  int s[2];
  pair(SOCK_SEQPACKET, s);
  CHECK_EQ(send(s[0], "", 0, 0), 0);
  close(s[1]);
  if (is_hv() || is_since(6, 17)) CHECK_EQ(option(s[0], SO_ERROR), 0);
  close(s[0]);
  pair(SOCK_SEQPACKET, s);
  CHECK_EQ(send(s[0], "", 0, 0), 0);
  CHECK_EQ(send(s[0], "", 0, 0), 0);
  close(s[1]);
  CHECK_EQ(option(s[0], SO_ERROR), ECONNRESET);
  close(s[0]);
}

// A socket that connects to itself is both ends: after shutdown(2), the connection ends at once.
static void check_connected_to_itself(void) {
  int fd = tcp_socket(), again = tcp_socket();
  char byte;
  CHECK_EQ(bind_at(fd, ipv4("127.0.0.1", 0)), 0);
  CHECK_EQ(connect_at(fd, name_of(fd)), 0);
  CHECK(is_same(name_of(fd), peer_of(fd)));
  CHECK_ERRNO(recv(fd, &byte, 0, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send(fd, "x", 1, 0), 1);
  CHECK_EQ(recv(fd, &byte, 0, MSG_DONTWAIT), 0);
  CHECK_EQ(recv(fd, &byte, 1, 0), 1);
  CHECK_EQ(shutdown(fd, SHUT_WR), 0);
  CHECK_EQ(await(fd, POLLRDHUP), POLLRDHUP | POLLHUP);
  CHECK_EQ(recv(fd, &byte, 1, 0), 0);
  close(fd);
  CHECK_EQ(bind_at(again, ipv4("127.0.0.1", 0)), 0);
  CHECK_ERRNO(shutdown(again, SHUT_WR), ENOTCONN);
  if (is_hv() || is_since(6, 12)) {
    CHECK_ERRNO(connect_at(again, name_of(again)), ECONNABORTED);
    CHECK_EQ(ready(again), POLLOUT | POLLHUP);
  }
  close(again);
}

// Binds two sockets to one port, which `option` allows. Returns their name.
static struct address two_at_one_port(int fds[2], int option) {
  int one = 1;
  struct address at = ipv4("127.0.0.1", 0);
  for (int i = 0; i < 2; i++) {
    fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(setsockopt(fds[i], SOL_SOCKET, option, &one, sizeof(one)), 0);
    CHECK_EQ(bind_at(fds[i], at), 0);
    at = name_of(fds[i]);
  }
  return at;
}

// Of two sockets with the same ends, one whose first connection led there receives, and of two such the younger connection.
static void check_same_ends(int option, bool leads_elsewhere) {
  int fds[2], peer = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
  struct address any = ipv4("127.0.0.1", 0), at = two_at_one_port(fds, option);
  char byte;
  CHECK_EQ(bind_at(peer, any), 0);
  CHECK_EQ(bind_at(other, any), 0);
  CHECK_EQ(connect_at(fds[1], name_of(leads_elsewhere ? other : peer)), 0);
  CHECK_EQ(connect_at(fds[0], name_of(peer)), 0);
  CHECK_EQ(connect_at(fds[1], name_of(peer)), 0);
  CHECK_EQ(sendto(peer, "x", 1, 0, &at.any, at.length), 1);
  if (is_hv() || is_since(6, 13)) CHECK_EQ(recv(fds[0], &byte, 1, MSG_DONTWAIT), 1);
  close_pair(fds), close(peer), close(other);
}

// Who is connected to port 0 hears all ports of the peer, but for those to which another is connected.
static void check_connected_to_port_0(void) {
  int fds[2], peer = socket(AF_INET, SOCK_DGRAM, 0);
  struct address any = ipv4("127.0.0.1", 0), at = two_at_one_port(fds, SO_REUSEADDR);
  char byte;
  CHECK_EQ(bind_at(peer, any), 0);
  CHECK_EQ(connect_at(fds[0], name_of(peer)), 0);
  CHECK_EQ(connect_at(fds[1], any), 0);
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(sendto(peer, "x", 1, 0, &at.any, at.length), 1);
    CHECK_EQ(recv(fds[i], &byte, 1, MSG_DONTWAIT), 1);
    close(fds[i]);
  }
  close(peer);
}

// What it sends goes to port 0, and of those that are connected there the youngest connection hears that nobody has it.
static void check_refused_at_port_0(void) {
  int fds[2];
  struct address any = ipv4("127.0.0.1", 0);
  char byte;
  two_at_one_port(fds, SO_REUSEADDR);
  CHECK_EQ(connect_at(fds[1], any), 0);
  CHECK_EQ(connect_at(fds[0], any), 0);
  CHECK_EQ(send(fds[1], "x", 1, 0), 1);
  if (is_hv() || is_since(6, 13)) CHECK_ERRNO(recv(fds[0], &byte, 1, MSG_DONTWAIT), ECONNREFUSED);
  close_pair(fds);
}

// recvmmsg(2) reports an error before it looks at what it was given.
static void check_error_first(void) {
  int holder = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
  REQUIRE(bind_at(holder, ipv4("127.0.0.1", 0)) == 0 && connect_at(fd, name_of(holder)) == 0);
  close(holder);
  CHECK_EQ(send(fd, "x", 1, 0), 1);
  CHECK(await(fd, POLLERR) & POLLERR);
  CHECK_ERRNO(recvmmsg(fd, NULL, 0, 0, NULL), ECONNREFUSED);
  CHECK_EQ(recvmmsg(fd, NULL, 0, 0, NULL), 0);
  close(fd);
}

static ssize_t send_descriptor(int fd, int sent) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {{CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec byte = {"x", 1};
  struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = sizeof(control);
  memcpy(CMSG_DATA(&control.header), &sent, sizeof(sent));
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

// Sockets of the internet do not look at the descriptors of a message, and a SOCK_SEQPACKET looks first at its connection.
static void check_descriptors_last(void) {
  int s[2], udp = socket(AF_INET, SOCK_DGRAM, 0), alone = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  tcp_pair(s);
  CHECK_EQ(send_descriptor(s[0], -1), 1);
  CHECK_ERRNO(send_descriptor(udp, -1), EDESTADDRREQ);
  CHECK_ERRNO(send_descriptor(alone, -1), ENOTCONN);
  close_pair(s), close(udp), close(alone);
  pair(SOCK_SEQPACKET, s);
  CHECK_ERRNO(send_descriptor(s[0], -1), EBADF);
  close_pair(s);
  // Who peeks learns of descriptors that come behind the bytes that there is room for.
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  pair(SOCK_STREAM, s);
  CHECK_EQ(send(s[0], "ab", 2, 0), 2);
  CHECK_EQ(send_descriptor(s[0], s[0]), 1);
  CHECK_EQ(recvmsg(s[1], &message, MSG_PEEK), 1);
  CHECK_EQ(message.msg_flags, MSG_CTRUNC);
  close_pair(s);
}

// The end of a stream has a sender for who asks for credentials, nobody; the end of records has none.
static void check_credentials_at_end(int type, int flags) {
  int s[2], one = 1;
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  pair(type, s);
  CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
  close(s[0]);
  CHECK_EQ(recvmsg(s[1], &message, 0), 0);
  CHECK_EQ(message.msg_flags, flags);
  close(s[1]);
}

int main(void) {
  limit_time();
  enter_own_network();
  check_shutdown_first();
  check_shutdown_both();
  check_closed_peer();
  check_bound_after();
  check_urgent_reset();
  check_refused_peer();
  check_kept_address();
  check_roles();
  check_kept_mapped();
  check_port_of_ipv6();
  check_port_of_accepted();
  check_corked();
  check_corked_name();
  check_unread_records();
  check_connected_to_itself();
  // Of those that are not connected, the sender's port chooses.
  for (int i = 0; i < 8; i++) check_same_ends(i % 2 ? SO_REUSEPORT : SO_REUSEADDR, i % 4 > 1);
  check_connected_to_port_0();
  check_refused_at_port_0();
  check_error_first();
  check_descriptors_last();
  check_credentials_at_end(SOCK_STREAM, MSG_CTRUNC);
  check_credentials_at_end(SOCK_SEQPACKET, 0);
  return finish();
}
