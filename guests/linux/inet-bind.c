// inet-bind: which addresses and ports internet sockets can have, and which they can share. man 2 bind, man 7 ip, man 7 ipv6, man 7 socket.
// not in CI's beds: emulation makes it slow
#include "udp.h"

static int socket_of(const char *ip, int type) {
  int fd = socket(strchr(ip, ':') ? AF_INET6 : AF_INET, type, 0);
  REQUIRE(fd >= 0);
  return fd;
}

static int bound(const char *ip, int type, int port) {
  int fd = socket_of(ip, type);
  REQUIRE(bind_to(fd, ip, port) == 0);
  return fd;
}

// Binds a second socket to the first one's port: 0, or the errno.
static int second(const char *first, const char *other, int type, int option_of_first, int option_of_other, bool v6only) {
  int a = socket_of(first, type), b = socket_of(other, type), error = 0;
  if (option_of_first) CHECK_EQ(set(a, SOL_SOCKET, option_of_first, 1), 0);
  if (option_of_other) CHECK_EQ(set(b, SOL_SOCKET, option_of_other, 1), 0);
  if (v6only && strchr(first, ':')) CHECK_EQ(set(a, SOL_IPV6, IPV6_V6ONLY, 1), 0);
  if (v6only && strchr(other, ':')) CHECK_EQ(set(b, SOL_IPV6, IPV6_V6ONLY, 1), 0);
  REQUIRE(bind_to(a, first, 0) == 0);
  if (bind_to(b, other, port_of(a)) != 0) error = errno;
  close(a), close(b);
  return error;
}

static void check_sharing(int type) {
  static const struct {
    const char *first, *other;
    int error;
  } rows[] = {
      {"127.0.0.1", "127.0.0.1", EADDRINUSE}, {"127.0.0.1", "127.0.0.2", 0},         {"0.0.0.0", "127.0.0.1", EADDRINUSE},
      {"127.0.0.1", "0.0.0.0", EADDRINUSE},   {"0.0.0.0", "0.0.0.0", EADDRINUSE},    {"::1", "127.0.0.1", 0},
      {"::", "127.0.0.1", EADDRINUSE},        {"127.0.0.1", "::", EADDRINUSE},       {"::", "0.0.0.0", EADDRINUSE},
      {"0.0.0.0", "::", EADDRINUSE},          {"::1", "::", EADDRINUSE},             {"::1", "0.0.0.0", 0},
      {"0.0.0.0", "::1", 0},                  {"::ffff:127.0.0.1", "127.0.0.1", EADDRINUSE},
      {"::ffff:127.0.0.1", "::1", 0},         {"::ffff:0.0.0.0", "127.0.0.2", EADDRINUSE},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    int failures_before = failures;
    CHECK_EQ(second(rows[i].first, rows[i].other, type, 0, 0, false), rows[i].error);
    CHECK_EQ(second(rows[i].first, rows[i].other, type, SO_REUSEADDR, SO_REUSEADDR, false), 0);
    CHECK_EQ(second(rows[i].first, rows[i].other, type, SO_REUSEPORT, SO_REUSEPORT, false), 0);
    CHECK_EQ(second(rows[i].first, rows[i].other, type, SO_REUSEADDR, 0, false), rows[i].error);
    CHECK_EQ(second(rows[i].first, rows[i].other, type, SO_REUSEADDR, SO_REUSEPORT, false), rows[i].error);
    if (failures != failures_before) dprintf(2, "%s, then %s\n", rows[i].first, rows[i].other);
  }
  CHECK_EQ(second("::", "0.0.0.0", type, 0, 0, true), 0);
  CHECK_EQ(second("0.0.0.0", "::", type, 0, 0, true), 0);
  CHECK_EQ(second("::", "::", type, 0, 0, true), EADDRINUSE);
}

static void check_names(int type) {
  int fd = socket_of("127.0.0.1", type), six = socket_of("::1", type);
  address there = ip_address("127.0.0.1", 0), there6 = ip_address("::1", 0);
  CHECK_ERRNO(bind(fd, &there.any, 15), EINVAL);
  CHECK_ERRNO(bind(six, &there6.any, 23), EINVAL);
  CHECK_ERRNO(bind(fd, &there.any, 200), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)8, 16), EFAULT);
  CHECK_ERRNO(bind(fd, &there6.any, sizeof(there6.in6)), EAFNOSUPPORT);
  CHECK_ERRNO(bind(six, &there.any, sizeof(there6.in6)), EAFNOSUPPORT);
  // Nobody here has these (RFC 5737, RFC 3849).
  CHECK_ERRNO(bind_to(fd, "198.51.100.9", 0), EADDRNOTAVAIL);
  CHECK_ERRNO(bind_to(six, "2001:db8::9", 0), EADDRNOTAVAIL);
  CHECK_ERRNO(bind_to(six, "::ffff:198.51.100.9", 0), EADDRNOTAVAIL);
  CHECK_EQ(set(six, SOL_IPV6, IPV6_V6ONLY, 1), 0);
  CHECK_ERRNO(bind_to(six, "::ffff:127.0.0.1", 0), EINVAL);
  // AF_UNSPEC is accepted with INADDR_ANY.
  there.any.sa_family = AF_UNSPEC;
  CHECK_ERRNO(bind(fd, &there.any, 16), EAFNOSUPPORT);
  there.in.sin_addr.s_addr = INADDR_ANY;
  CHECK_EQ(bind(fd, &there.any, 16), 0);
  CHECK_ERRNO(bind_to(fd, "127.0.0.1", 0), EINVAL);
  CHECK(port_of(fd) >= 32768 && port_of(fd) <= 60999);
  close(fd), close(six);
  // All of 127/8 is here. A bound IPv6 address closes a socket to IPv4.
  fd = bound("127.255.1.2", type, 0), six = bound("::1", type, 0);
  CHECK_EQ(get(six, SOL_IPV6, IPV6_V6ONLY), 1);
  close(fd), close(six);
  fd = bound("::", type, 0), six = bound("::ffff:127.0.0.1", type, 0);
  CHECK(get(fd, SOL_IPV6, IPV6_V6ONLY) == 0 && get(six, SOL_IPV6, IPV6_V6ONLY) == 0);
  address name = name_of(six);
  CHECK(is_ip(&name, "::ffff:127.0.0.1"));
  close(fd), close(six);
}

static void check_foreign(int type) {
  int fd = socket_of("127.0.0.1", type), six = socket_of("::1", type);
  CHECK_EQ(set(fd, SOL_IP, IP_FREEBIND, 1), 0);
  CHECK_EQ(bind_to(fd, "198.51.100.9", 0), 0);
  address name = name_of(fd);
  CHECK(is_ip(&name, "198.51.100.9"));
  if (type == SOCK_DGRAM) CHECK_ERRNO(send_to(fd, "x", "127.0.0.1", 9), ENETUNREACH);
  CHECK_EQ(set(six, SOL_IPV6, IPV6_FREEBIND, 1), 0);
  CHECK_EQ(bind_to(six, "2001:db8::9", 0), 0);
  close(fd), close(six);
}

// Groups and broadcasts.
static void check_groups(void) {
  int stream = socket_of("127.0.0.1", SOCK_STREAM), stream6 = socket_of("::1", SOCK_STREAM);
  close(bound("239.1.2.3", SOCK_DGRAM, 0)), close(bound("127.255.255.255", SOCK_DGRAM, 0)), close(bound("255.255.255.255", SOCK_DGRAM, 0));
  CHECK_EQ(bind_to(stream, "239.1.2.3", 0), 0);
  CHECK_ERRNO(bind_to(stream6, "ff0e::1", 0), EINVAL);
  close(bound("ff0e::1", SOCK_DGRAM, 0));
  close(stream), close(stream6);
}

// IP_BIND_ADDRESS_NO_PORT: the port is chosen later.
static void check_late_port(void) {
  int fd = socket_of("127.0.0.1", SOCK_DGRAM), to = udp_at("127.0.0.1");
  CHECK_EQ(set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1), 0);
  CHECK_EQ(bind_to(fd, "127.0.0.4", 0), 0);
  address name = name_of(fd);
  CHECK(is_ip(&name, "127.0.0.4") && port_of(fd) == 0);
  CHECK_EQ(connect_to(fd, "127.0.0.1", port_of(to)), 0);
  name = name_of(fd);
  CHECK(is_ip(&name, "127.0.0.4") && port_of(fd) != 0);
  close(fd), close(to);
}

static void take_privileged_ports(void) {
  int port, fd = -1;
  // Some port below 1024 is free.
  for (port = 1023; port > 900; port--) {
    fd = socket_of("127.0.0.1", SOCK_DGRAM);
    if (bind_to(fd, "127.0.0.1", port) == 0 || errno != EADDRINUSE) break;
    close(fd);
  }
  if (is_root()) CHECK_EQ(port_of(fd), port);
  close(fd);
  if (is_root()) REQUIRE(setuid(65534) == 0);
  const char *ips[] = {"127.0.0.1", "::1", "0.0.0.0"};
  for (size_t i = 0; i < COUNT(ips); i++) {
    fd = socket_of(ips[i], SOCK_STREAM);
    CHECK_ERRNO(bind_to(fd, ips[i], port), EACCES);
    close(fd);
  }
}

// Datagrams and connections of many senders reach each of those who share a port, one sender always the same.
static void check_balance(void) {
  int fds[4], port = 0, counts[4] = {0}, in_use = 0;
  char byte;
  for (size_t i = 0; i < COUNT(fds); i++) {
    fds[i] = udp_socket(AF_INET);
    CHECK_EQ(set(fds[i], SOL_SOCKET, SO_REUSEPORT, 1), 0);
    REQUIRE(bind_to(fds[i], "127.0.0.1", port) == 0);
    port = port_of(fds[i]);
  }
  for (int i = 0; i < 200; i++) {
    int from = udp_at("127.0.0.1"), winner = -1;
    for (int k = 0; k < 2; k++) {
      CHECK_EQ(send_to(from, "x", "127.0.0.1", port), 1);
      for (int n = 0; n < 4; n++) {
        if (recv(fds[n], &byte, 1, MSG_DONTWAIT) != 1) continue;
        counts[n]++;
        CHECK(winner < 0 || winner == n);
        winner = n;
      }
    }
    close(from);
  }
  for (int n = 0; n < 4; n++) in_use += counts[n] > 20;
  CHECK_EQ(counts[0] + counts[1] + counts[2] + counts[3], 400);
  CHECK_EQ(in_use, 4);
  for (int n = 0; n < 4; n++) close(fds[n]);
}

// Whom a datagram is for: the narrowest.
static void check_narrowest(void) {
  char byte;
  int any = udp_socket(AF_INET), one = udp_socket(AF_INET), peer = udp_socket(AF_INET), six = udp_socket(AF_INET6), from = udp_at("127.0.0.1");
  int fds[] = {any, one, peer, six}, port;
  for (size_t i = 0; i < COUNT(fds); i++) CHECK_EQ(set(fds[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
  REQUIRE(bind_to(six, "::", 0) == 0);
  port = port_of(six);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port), 1);
  CHECK_EQ(recv(six, &byte, 1, MSG_DONTWAIT), 1);
  REQUIRE(bind_to(any, "0.0.0.0", port) == 0);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port), 1);
  CHECK_EQ(recv(any, &byte, 1, MSG_DONTWAIT), 1);
  REQUIRE(bind_to(one, "127.0.0.1", port) == 0);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port), 1);
  CHECK_EQ(recv(one, &byte, 1, MSG_DONTWAIT), 1);
  REQUIRE(bind_to(peer, "127.0.0.1", port) == 0);
  REQUIRE(connect_to(peer, "127.0.0.1", port_of(from)) == 0);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port), 1);
  CHECK_EQ(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
  CHECK_EQ(send_to(from, "x", "127.0.0.2", port), 1);
  CHECK_EQ(recv(any, &byte, 1, MSG_DONTWAIT), 1);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(peer)), 1);
  for (size_t i = 0; i < COUNT(fds); i++) close(fds[i]);
  close(from);
}

int main(void) {
  check_sharing(SOCK_DGRAM);
  check_sharing(SOCK_STREAM);
  check_names(SOCK_DGRAM);
  check_names(SOCK_STREAM);
  check_foreign(SOCK_DGRAM);
  check_foreign(SOCK_STREAM);
  check_groups();
  check_late_port();
  check_balance();
  check_narrowest();
  take_privileged_ports();
  return finish();
}
