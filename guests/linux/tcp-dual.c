// tcp-dual: TCP over IPv6, and IPv4 through IPv6 sockets: mapped addresses, IPV6_V6ONLY, who gets a connection. man 7 ipv6.
#include "processes.h"
#include "tcp.h"

static int ipv6_socket(bool is_only) {
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  REQUIRE(set_number(fd, SOL_IPV6, IPV6_V6ONLY, is_only) == 0);
  return fd;
}

static void check_ipv6(void) {
  int listener = listener_at(ipv6("::1", 0), 4), s[2];
  char buffer[8];
  connect_pair(listener, s);
  CHECK(is_same(peer_of(s[0]), name_of(listener)));
  CHECK(is_same(peer_of(s[1]), name_of(s[0])));
  CHECK(is_same(name_of(s[0]), ipv6("::1", port_of(name_of(s[0])))));
  CHECK_EQ(send(s[0], "six", 3, 0), 3);
  CHECK_EQ(recv(s[1], buffer, 8, 0), 3);
  // An IPv6 address of its own excludes IPv4.
  CHECK_EQ(number_option(listener, SOL_IPV6, IPV6_V6ONLY), 1);
  CHECK_EQ(number_option(s[1], SOL_IPV6, IPV6_V6ONLY), 1);
  CHECK_EQ(number_option(s[0], SOL_IPV6, IPV6_V6ONLY), 0);
  close_pair(s);
  // The unspecified address is this machine.
  s[0] = ipv6_socket(false);
  CHECK_EQ(connect_at(s[0], ipv6("::", port_of(name_of(listener)))), 0);
  CHECK(is_same(peer_of(s[0]), name_of(listener)));
  close(s[0]);
  struct address short_one = name_of(listener);
  s[0] = ipv6_socket(false);
  CHECK_ERRNO(connect(s[0], &short_one.any, 20), EINVAL);
  CHECK_EQ(connect(s[0], &short_one.any, 24), 0);
  close(s[0]), close(listener);
}

static void check_mapped(void) {
  int listener = ipv6_socket(false), client = tcp_socket();
  CHECK_EQ(bind_at(listener, ipv6("::", 0)), 0);
  CHECK_ERRNO(setsockopt(listener, SOL_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)), EINVAL);
  CHECK_EQ(listen(listener, 4), 0);
  int port = port_of(name_of(listener));
  CHECK_EQ(connect_at(client, ipv4("127.0.0.1", port)), 0);
  struct address peer = {.length = sizeof(struct sockaddr_in6)};
  int server = accept(listener, &peer.any, &peer.length);
  REQUIRE(server >= 0);
  CHECK_EQ(peer.any.sa_family, AF_INET6);
  CHECK(is_same(peer, ipv6("::ffff:127.0.0.1", port_of(name_of(client)))));
  CHECK(is_same(name_of(server), ipv6("::ffff:127.0.0.1", port)));
  close(client), close(server);
  client = ipv6_socket(false);
  CHECK_EQ(connect_at(client, ipv6("::ffff:127.0.0.1", port)), 0);
  CHECK_EQ(peer_of(client).any.sa_family, AF_INET6);
  close(client), close(listener);
  // A mapped address is an IPv4 one, for those who listen there, too.
  listener = ipv6_socket(false);
  CHECK_EQ(bind_at(listener, ipv6("::ffff:127.0.0.1", 0)), 0);
  CHECK_EQ(listen(listener, 4), 0);
  client = tcp_socket();
  CHECK_EQ(connect_at(client, ipv4("127.0.0.1", port_of(name_of(listener)))), 0);
  close(client);
  client = ipv6_socket(false);
  CHECK_ERRNO(connect_at(client, ipv6("::1", port_of(name_of(listener)))), ECONNREFUSED);
  close(client), close(listener);
}

static void check_only(void) {
  int listener = ipv6_socket(true), other = tcp_socket(), client = tcp_socket();
  CHECK_EQ(bind_at(listener, ipv6("::", 0)), 0);
  CHECK_EQ(listen(listener, 4), 0);
  int port = port_of(name_of(listener));
  CHECK_ERRNO(connect_at(client, ipv4("127.0.0.1", port)), ECONNREFUSED);
  // The port is free for IPv4.
  CHECK_EQ(bind_at(other, ipv4("0.0.0.0", port)), 0);
  CHECK_EQ(listen(other, 4), 0);
  CHECK_EQ(connect_at(client, ipv4("127.0.0.1", port)), 0);
  CHECK_EQ(ready(other), POLLIN);
  CHECK_EQ(ready(listener), 0);
  close(client);
  client = ipv6_socket(true);
  CHECK_ERRNO(connect_at(client, ipv6("::ffff:127.0.0.1", port)), ENETUNREACH);
  CHECK_ERRNO(bind_at(client, ipv6("::ffff:127.0.0.1", 0)), EINVAL);
  CHECK_EQ(connect_at(client, ipv6("::1", port)), 0);
  close(client), close(other), close(listener);
}

// Who listens to both families is in the way of IPv4, and the narrowest gets the connection.
static void check_choice(void) {
  int wide = ipv6_socket(false), narrow = tcp_socket(), client = tcp_socket();
  set_number(wide, SOL_SOCKET, SO_REUSEADDR, 1), set_number(narrow, SOL_SOCKET, SO_REUSEADDR, 1);
  CHECK_EQ(bind_at(wide, ipv6("::", 0)), 0);
  int port = port_of(name_of(wide));
  CHECK_EQ(bind_at(narrow, ipv4("127.0.0.1", port)), 0);
  CHECK_EQ(listen(wide, 4), 0);
  CHECK_ERRNO(listen(narrow, 4), EADDRINUSE);
  close(narrow);
  narrow = tcp_socket();
  CHECK_ERRNO(bind_at(narrow, ipv4("127.0.0.1", port)), EADDRINUSE);
  CHECK_EQ(connect_at(client, ipv4("127.0.0.1", port)), 0);
  CHECK_EQ(ready(wide), POLLIN);
  close(client), close(narrow), close(wide);

  int first = tcp_socket(), second = tcp_socket();
  set_number(first, SOL_SOCKET, SO_REUSEPORT, 1), set_number(second, SOL_SOCKET, SO_REUSEPORT, 1);
  CHECK_EQ(bind_at(first, ipv4("0.0.0.0", 0)), 0);
  CHECK_EQ(bind_at(second, ipv4("127.0.0.1", port_of(name_of(first)))), 0);
  CHECK_EQ(listen(first, 4), 0);
  CHECK_EQ(listen(second, 4), 0);
  client = tcp_socket();
  CHECK_EQ(connect_at(client, name_of(second)), 0);
  CHECK_EQ(ready(second), POLLIN);
  CHECK_EQ(ready(first), 0);
  close(client), close(first), close(second);
}

int main(void) {
  limit_time();
  check_ipv6();
  check_mapped();
  check_only();
  check_choice();
  return finish();
}
