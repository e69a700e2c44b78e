// tcp: connections and their ends: connect, accept, backlogs, shutdown, resets, names. man 7 tcp, man 2 connect, listen, accept, shutdown.
#include "tcp.h"

#include "threads.h"

static void check_names(void) {
  int listener = listener_at(ipv4("0.0.0.0", 0), 1), client = tcp_socket();
  struct address peer = {.length = sizeof(struct sockaddr_in6)};
  int port = port_of(name_of(listener));
  CHECK(port >= 1024);
  CHECK(is_same(name_of(client), ipv4("0.0.0.0", 0)));
  CHECK_ERRNO(getpeername(client, &peer.any, &peer.length), ENOTCONN);
  // The unspecified address is this machine.
  CHECK_EQ(connect_at(client, ipv4("0.0.0.0", port)), 0);
  int server = accept(listener, &peer.any, &peer.length);
  REQUIRE(server >= 0);
  CHECK(is_same(peer, name_of(client)));
  CHECK(is_same(peer_of(client), ipv4("127.0.0.1", port)));
  CHECK(is_same(name_of(server), ipv4("127.0.0.1", port)));
  CHECK(is_same(peer_of(server), name_of(client)));
  CHECK_ERRNO(connect_at(client, ipv4("127.0.0.1", port)), EISCONN);
  CHECK_ERRNO(bind_at(client, ipv4("127.0.0.1", 0)), EINVAL);
  CHECK_ERRNO(listen(client, 1), EINVAL);
  CHECK_ERRNO(accept(client, NULL, NULL), EINVAL);
  close(client), close(server);
  // All of 127.0.0.0/8 is this machine, and each address has its ports.
  client = tcp_socket();
  CHECK_EQ(bind_at(client, ipv4("127.1.2.3", 0)), 0);
  CHECK_EQ(connect_at(client, ipv4("127.9.8.7", port)), 0);
  CHECK(is_same(peer_of(client), ipv4("127.9.8.7", port)));
  CHECK_EQ(ntohl(name_of(client).v4.sin_addr.s_addr), 0x7f010203);
  close(client), close(listener);
}

static void check_bind(void) {
  int first = tcp_socket(), second = tcp_socket();
  struct address any = ipv4("127.0.0.1", 0);
  CHECK_ERRNO(bind(first, &any.any, 8), EINVAL);
  any.v4.sin_family = AF_UNIX;
  CHECK_ERRNO(bind_at(first, any), EAFNOSUPPORT);
  CHECK_ERRNO(bind_at(first, ipv4("203.0.113.1", 0)), EADDRNOTAVAIL);
  CHECK_EQ(bind_at(first, ipv4("127.0.0.1", 0)), 0);
  CHECK_ERRNO(bind_at(first, ipv4("127.0.0.1", 0)), EINVAL);
  int port = port_of(name_of(first));
  CHECK_ERRNO(bind_at(second, ipv4("127.0.0.1", port)), EADDRINUSE);
  CHECK_ERRNO(bind_at(second, ipv4("0.0.0.0", port)), EADDRINUSE);
  CHECK_EQ(bind_at(second, ipv4("127.0.0.2", port)), 0);
  close(second), close(first);
  // Two that may share a port, until one of them listens.
  first = tcp_socket(), second = tcp_socket();
  set_number(first, SOL_SOCKET, SO_REUSEADDR, 1), set_number(second, SOL_SOCKET, SO_REUSEADDR, 1);
  CHECK_EQ(bind_at(first, ipv4("127.0.0.1", 0)), 0);
  port = port_of(name_of(first));
  CHECK_EQ(bind_at(second, ipv4("127.0.0.1", port)), 0);
  CHECK_EQ(listen(first, 1), 0);
  CHECK_ERRNO(listen(second, 1), EADDRINUSE);
  close(first);
  CHECK_EQ(listen(second, 1), 0);
  CHECK_EQ(option(second, SO_ACCEPTCONN), 1);
  close(second);
}

static void check_refused(void) {
  int holder, client = tcp_socket();
  struct address nobody = refusing(&holder);
  CHECK_ERRNO(connect_at(client, nobody), ECONNREFUSED);
  CHECK_EQ(option(client, SO_ERROR), 0);
  CHECK_ERRNO(connect_at(client, nobody), ECONNREFUSED);
  CHECK_ERRNO(connect(client, &nobody.any, 1), EINVAL);
  CHECK_ERRNO(connect(client, &nobody.any, 8), EINVAL);
  CHECK_ERRNO(connect(client, (void *)8, sizeof(nobody.v4)), EFAULT);
  // It can still connect to another.
  int listener = tcp_listener();
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  close(client), close(listener), close(holder);
}

static void check_nonblocking(void) {
  int listener = tcp_listener(), holder, client = tcp_socket();
  struct address nobody = refusing(&holder);
  set_nonblocking(listener), set_nonblocking(client);
  CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
  CHECK_ERRNO(connect_at(client, name_of(listener)), EINPROGRESS);
  CHECK_EQ(await(client, POLLOUT), POLLOUT);
  CHECK_EQ(option(client, SO_ERROR), 0);
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  CHECK_ERRNO(connect_at(client, name_of(listener)), EISCONN);
  close(client);

  client = tcp_socket();
  set_nonblocking(client);
  CHECK_ERRNO(connect_at(client, nobody), EINPROGRESS);
  CHECK_EQ(await(client, POLLOUT), POLLOUT | POLLERR | POLLHUP);
  CHECK_EQ(ready(client), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
  CHECK_EQ(option(client, SO_ERROR), ECONNREFUSED);
  CHECK_EQ(option(client, SO_ERROR), 0);
  CHECK_EQ(ready(client), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  // SO_ERROR has taken the reason.
  CHECK_ERRNO(connect_at(client, nobody), ECONNABORTED);
  CHECK_EQ(ready(client), POLLOUT | POLLHUP);
  CHECK_ERRNO(connect_at(client, nobody), EINPROGRESS);
  CHECK_EQ(await(client, POLLOUT) & POLLERR, POLLERR);
  CHECK_ERRNO(connect_at(client, nobody), ECONNREFUSED);
  CHECK_ERRNO(connect_at(client, name_of(listener)), EINPROGRESS);
  CHECK_EQ(await(client, POLLOUT), POLLOUT);
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  close(client), close(listener), close(holder);
}

// A backlog of 0 has room for one.
static void check_backlog(void) {
  int listener = listener_at(ipv4("127.0.0.1", 0), 0), first = tcp_socket(), second = tcp_socket();
  char byte;
  CHECK_EQ(connect_at(first, name_of(listener)), 0);
  // It is connected before anybody accepts it.
  CHECK_EQ(send(first, "early", 5, 0), 5);
  set_timeout(second, SO_SNDTIMEO, 30);
  CHECK_ERRNO(connect_at(second, name_of(listener)), EINPROGRESS);
  set_nonblocking(second);
  CHECK_ERRNO(connect_at(second, name_of(listener)), EALREADY);
  CHECK_EQ(ready(second), 0);
  CHECK_EQ(option(second, SO_ERROR), 0);
  CHECK_ERRNO(send(second, "x", 1, 0), EAGAIN);
  CHECK_ERRNO(recv(second, &byte, 1, 0), EAGAIN);
  CHECK_ERRNO(bind_at(second, ipv4("127.0.0.1", 0)), EINVAL);
  CHECK(port_of(name_of(second)) != 0);
  int server = accept(listener, NULL, NULL);
  CHECK_EQ(recv(server, &byte, 1, 0), 1);
  CHECK_EQ(byte, 'e');
  CHECK_EQ(await(second, POLLOUT), POLLOUT);
  CHECK_EQ(connect_at(second, name_of(listener)), 0);
  close(server), close(first), close(second), close(listener);
}

static void check_half_close(void) {
  int s[2];
  char buffer[8];
  tcp_pair(s);
  CHECK_EQ(send(s[0], "last", 4, 0), 4);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  signals_seen = 0;
  CHECK_ERRNO(send(s[0], "x", 1, 0), EPIPE);
  CHECK_EQ(signals_seen, 1);
  CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(signals_seen, 1);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 4);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
  CHECK_EQ(send(s[1], "answer", 6, 0), 6);
  CHECK_EQ(recv(s[0], buffer, 8, 0), 6);
  CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
  CHECK_EQ(recv(s[0], buffer, 8, 0), 0);
  // Both ways have ended: there is no connection.
  struct address peer = {.length = sizeof(struct sockaddr_in6)};
  CHECK_ERRNO(getpeername(s[0], &peer.any, &peer.length), ENOTCONN);
  CHECK_ERRNO(getpeername(s[1], &peer.any, &peer.length), ENOTCONN);
  CHECK_ERRNO(shutdown(s[0], SHUT_RDWR), ENOTCONN);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
  close_pair(s);

  // Its own reading end: what comes is still received.
  tcp_pair(s);
  CHECK_EQ(shutdown(s[0], SHUT_RD), 0);
  CHECK_EQ(recv(s[0], buffer, 8, 0), 0);
  CHECK_EQ(send(s[1], "more", 4, 0), 4);
  CHECK_EQ(recv(s[0], buffer, 8, 0), 4);
  CHECK_EQ(recv(s[0], buffer, 8, 0), 0);
  close_pair(s);
}

static void check_closed_peer(void) {
  int s[2];
  char buffer[8];
  tcp_pair(s);
  CHECK_EQ(send(s[0], "bye", 3, 0), 3);
  close(s[0]);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 3);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
  // The first bytes come back as a reset.
  signals_seen = 0;
  CHECK_EQ(send(s[1], "x", 1, 0), 1);
  CHECK_ERRNO(send(s[1], "x", 1, 0), EPIPE);
  CHECK_EQ(signals_seen, 1);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
  CHECK_EQ(option(s[1], SO_ERROR), 0);
  close(s[1]);
}

static void check_resets(void) {
  int s[2], by_linger;
  char buffer[8];
  for (by_linger = 0; by_linger <= 1; by_linger++) {
    tcp_pair(s);
    if (by_linger) linger_not(s[0]);
    // Bytes that nobody has read are lost.
    else
      CHECK_EQ(send(s[1], "lost", 4, 0), 4);
    CHECK_EQ(send(s[0], "sent", 4, 0), 4);
    close(s[0]);
    CHECK_EQ(ready(s[1]), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
    CHECK_EQ(recv(s[1], buffer, 2, 0), 2);
    CHECK_EQ(recv(s[1], buffer, 8, 0), 2);
    CHECK_ERRNO(recv(s[1], buffer, 8, 0), ECONNRESET);
    CHECK_EQ(recv(s[1], buffer, 8, 0), 0);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERRNO(shutdown(s[1], SHUT_RD), ENOTCONN);
    close(s[1]);

    tcp_pair(s);
    linger_not(s[0]);
    close(s[0]);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), ECONNRESET);
    CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[1]);
  }
  // A connection that is reset before it is accepted is accepted, and tells.
  int listener = tcp_listener(), client = tcp_socket();
  struct address peer = {.length = sizeof(struct sockaddr_in6)};
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  linger_not(client);
  close(client);
  int server = accept(listener, &peer.any, &peer.length);
  CHECK(server >= 0);
  CHECK_ERRNO(recv(server, buffer, 8, 0), ECONNRESET);
  close(server);
  // What waits in a backlog is reset with its listener.
  client = tcp_socket();
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  close(listener);
  CHECK_ERRNO(recv(client, buffer, 8, 0), ECONNRESET);
  close(client);
}

static void check_disconnect(void) {
  int listener = tcp_listener(), s[2];
  char buffer[8];
  struct sockaddr nothing = {.sa_family = AF_UNSPEC};
  connect_pair(listener, s);
  CHECK_EQ(send(s[1], "lost", 4, 0), 4);
  CHECK_EQ(connect(s[0], &nothing, sizeof(nothing)), 0);
  CHECK_EQ(ready(s[0]), POLLOUT | POLLHUP | POLLERR);
  CHECK_EQ(option(s[0], SO_ERROR), ECONNRESET);
  CHECK_ERRNO(recv(s[0], buffer, 8, 0), ENOTCONN);
  CHECK_ERRNO(recv(s[1], buffer, 8, 0), ECONNRESET);
  CHECK_EQ(name_of(s[0]).v4.sin_addr.s_addr, 0);
  CHECK_EQ(connect_at(s[0], name_of(listener)), 0);
  close(s[1]);
  s[1] = accept(listener, NULL, NULL);
  CHECK_EQ(send(s[1], "new", 3, 0), 3);
  CHECK_EQ(recv(s[0], buffer, 8, 0), 3);
  close_pair(s);
  // A listener no longer listens.
  struct address name = name_of(listener);
  CHECK_EQ(connect(listener, &nothing, sizeof(nothing)), 0);
  CHECK_ERRNO(accept(listener, NULL, NULL), EINVAL);
  s[0] = tcp_socket();
  CHECK_ERRNO(connect_at(s[0], name), ECONNREFUSED);
  close(s[0]), close(listener);
}

static void *accept_one(void *listener) {
  return (void *)(intptr_t)(accept(*(int *)listener, NULL, NULL) < 0 ? errno : 0);
}

static void check_listener_shutdown(void) {
  int listener = tcp_listener(), client = tcp_socket();
  struct address name = name_of(listener);
  CHECK_ERRNO(connect_at(listener, name), EISCONN);
  CHECK_ERRNO(recv(listener, &name, 1, 0), ENOTCONN);
  CHECK_ERRNO(send(listener, "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(shutdown(listener, SHUT_WR), 0);
  CHECK_EQ(option(listener, SO_ACCEPTCONN), 1);
  pthread_t waiter = start(accept_one, &listener);
  sleep_ms(20);
  CHECK_EQ(shutdown(listener, SHUT_RD), 0);
  CHECK_EQ((intptr_t)join(waiter), EINVAL);
  CHECK_ERRNO(connect_at(client, name), ECONNREFUSED);
  // It has given its port back, because the kernel had chosen it.
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  close(client), close(listener);
}

static void check_unconnected(void) {
  int fd = tcp_socket();
  char byte;
  CHECK_EQ(ready(fd), POLLOUT | POLLHUP);
  CHECK_ERRNO(recv(fd, &byte, 1, 0), ENOTCONN);
  CHECK_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_ERRNO(shutdown(fd, SHUT_RDWR), ENOTCONN);
  CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
  // It listens where the kernel chooses.
  CHECK_EQ(listen(fd, 1), 0);
  CHECK(port_of(name_of(fd)) != 0);
  close(fd);
}

// After a refusal that is not told yet, the name stays, and the port is free.
static void check_refused_name(void) {
  int holder, fd = -1, other = tcp_socket(), is_free = 0;
  struct address nobody = refusing(&holder), name;
  // A connection of another program may share the port, and keeps it.
  for (int tries = 0; tries < 100 && !is_free; tries++) {
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERRNO(connect_at(fd, nobody), EINPROGRESS);
    name = name_of(fd);
    CHECK(port_of(name) != 0 && name.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK(await(fd, POLLHUP) & POLLHUP);
    is_free = bind_at(other, name) == 0;
  }
  CHECK(is_free);
  CHECK_ERRNO(connect_at(fd, nobody), ECONNREFUSED);
  CHECK_EQ(port_of(name_of(fd)), port_of(name));
  CHECK_EQ(name_of(fd).v4.sin_addr.s_addr, INADDR_ANY);
  // Who shuts it down before the report can only begin anew.
  CHECK_ERRNO(connect_at(fd, nobody), EINPROGRESS);
  CHECK(await(fd, POLLHUP) & POLLHUP);
  CHECK_ERRNO(shutdown(fd, SHUT_WR), ENOTCONN);
  CHECK_ERRNO(connect_at(fd, nobody), EINVAL);
  struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
  CHECK_EQ(connect(fd, &unspecified, sizeof unspecified), 0);
  CHECK_ERRNO(connect_at(fd, nobody), EINPROGRESS);
  close(fd), close(other), close(holder);
}

// Simultaneous open: the one socket is both ends.
static void check_self(void) {
  int fd = tcp_socket();
  char byte = 0;
  CHECK_EQ(bind_at(fd, ipv4("127.0.0.2", 0)), 0);
  CHECK_EQ(connect_at(fd, ipv4("0.0.0.0", port_of(name_of(fd)))), 0);
  CHECK(is_same(name_of(fd), peer_of(fd)));
  CHECK_EQ(send(fd, "x", 1, 0), 1);
  CHECK_EQ(recv(fd, &byte, 1, 0), 1);
  CHECK_EQ(byte, 'x');
  close(fd);
}

int main(void) {
  limit_time();
  catch_signal(SIGPIPE);
  check_refused_name();
  check_self();
  check_names();
  check_bind();
  check_refused();
  check_nonblocking();
  check_backlog();
  check_half_close();
  check_closed_peer();
  check_resets();
  check_disconnect();
  check_listener_shutdown();
  check_unconnected();
  return finish();
}
