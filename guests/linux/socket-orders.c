// socket-orders: calls of sockets in orders that few programs use, each of which has one answer. man 7 socket.
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

int main(void) {
  limit_time();
  check_shutdown_first();
  check_shutdown_both();
  check_closed_peer();
  check_refused_peer();
  check_kept_address();
  check_corked();
  check_unread_records();
  return finish();
}
