// udp-connected: connected UDP sockets: whom they hear, refused ports, the error queue, disconnecting. man 7 udp, man 7 ip, man 2 connect.
#include <time.h>

#include <linux/errqueue.h>

#include "udp.h"

static void check_peer(const char *ip) {
  char buffer[16];
  address name;
  socklen_t length = sizeof(name);
  int a = udp_at(ip), b = udp_at(ip), stranger = udp_at(ip);
  CHECK_ERRNO(getpeername(a, &name.any, &length), ENOTCONN);
  CHECK_EQ(send_to(stranger, "before", ip, port_of(a)), 6);
  CHECK_EQ(connect_to(a, ip, port_of(b)), 0);
  // What came before stays; what a stranger sends later is for nobody.
  CHECK_EQ(recv(a, buffer, 16, MSG_DONTWAIT), 6);
  CHECK_EQ(send_to(stranger, "after", ip, port_of(a)), 5);
  CHECK_ERRNO(recv(a, buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send_to(b, "peer", ip, port_of(a)), 4);
  CHECK_EQ(recv(a, buffer, 16, MSG_DONTWAIT), 4);
  CHECK_EQ(send(a, "to b", 4, 0), 4);
  CHECK_EQ(write(a, "too", 3), 3);
  CHECK_EQ(recv(b, buffer, 16, MSG_DONTWAIT), 4);
  CHECK_EQ(read(b, buffer, 16), 3);
  // It may send to others, too.
  CHECK_EQ(send_to(a, "hello", ip, port_of(stranger)), 5);
  CHECK_EQ(recv(stranger, buffer, 16, MSG_DONTWAIT), 5);
  length = sizeof(name);
  CHECK_EQ(getpeername(a, &name.any, &length), 0);
  CHECK(is_ip(&name, ip) && ntohs(name.in.sin_port) == port_of(b));
  // To another peer.
  CHECK_EQ(connect_to(a, ip, port_of(stranger)), 0);
  CHECK_EQ(send_to(stranger, "now", ip, port_of(a)), 3);
  CHECK_EQ(recv(a, buffer, 16, MSG_DONTWAIT), 3);
  close(a), close(b), close(stranger);
}

// What connect(2) chose goes when the connection ends; what bind(2) chose stays.
static void check_disconnect(void) {
  address none = {.any.sa_family = AF_UNSPEC}, name;
  int fd = udp_socket(AF_INET), port = free_port();
  CHECK_EQ(connect_to(fd, "127.0.0.1", port), 0);
  name = name_of(fd);
  CHECK(is_ip(&name, "127.0.0.1") && port_of(fd) != 0);
  CHECK_EQ(connect(fd, &none.any, sizeof(none.in)), 0);
  name = name_of(fd);
  CHECK(is_ip(&name, "0.0.0.0") && port_of(fd) == 0);
  CHECK_ERRNO(send(fd, "x", 1, 0), EDESTADDRREQ);
  close(fd);
  fd = udp_at("0.0.0.0");
  int bound = port_of(fd);
  CHECK_EQ(connect_to(fd, "127.0.0.1", port), 0);
  CHECK_EQ(connect(fd, &none.any, sizeof(none.any.sa_family)), 0);
  name = name_of(fd);
  CHECK(is_ip(&name, "0.0.0.0") && port_of(fd) == 0);
  (void)bound;
  close(fd);
  fd = udp_at("127.0.0.1");
  CHECK_EQ(connect_to(fd, "127.0.0.1", port), 0);
  CHECK_ERRNO(bind_to(fd, "127.0.0.1", 0), EINVAL);
  CHECK_EQ(connect(fd, &none.any, sizeof(none.in)), 0);
  name = name_of(fd);
  CHECK(is_ip(&name, "127.0.0.1"));
  CHECK_ERRNO(connect(fd, &none.any, 1), EINVAL);
  address there = ip_address("127.0.0.1", port);
  CHECK_ERRNO(connect(fd, &there.any, 15), EINVAL);
  there.any.sa_family = AF_UNIX;
  CHECK_ERRNO(connect(fd, &there.any, 16), EAFNOSUPPORT);
  CHECK_EQ(connect_to(fd, "127.0.0.1", 0), 0);
  CHECK_EQ(connect(fd, &none.any, sizeof(none.in)), 0);
  close(fd);
  int six = udp_socket(AF_INET6);
  CHECK_EQ(connect_to(six, "::1", port), 0);
  name = name_of(six);
  CHECK(is_ip(&name, "::1"));
  CHECK_EQ(connect(six, &none.any, sizeof(none.in6)), 0);
  CHECK_EQ(connect_to(six, "::ffff:127.0.0.1", port), 0);
  name = name_of(six);
  CHECK(is_ip(&name, "::ffff:127.0.0.1"));
  close(six);
}

// An ICMP message comes back from a port that nobody has.
static void check_refused(const char *ip) {
  char buffer[16];
  int fd = udp_at(ip), other = udp_at(ip), port = free_port();
  CHECK_EQ(connect_to(fd, ip, port), 0);
  CHECK_EQ(send(fd, "x", 1, 0), 1);
  CHECK_EQ(ready(fd), POLLOUT | POLLERR);
  CHECK_ERRNO(send(fd, "y", 1, 0), ECONNREFUSED);
  CHECK_EQ(ready(fd), POLLOUT);
  CHECK_EQ(send(fd, "x", 1, 0), 1);
  CHECK_ERRNO(recv(fd, buffer, 16, 0), ECONNREFUSED);
  CHECK_ERRNO(recv(fd, buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send(fd, "x", 1, 0), 1);
  CHECK_EQ(pending_error(fd), ECONNREFUSED);
  CHECK_EQ(pending_error(fd), 0);
  // Of what went elsewhere it hears nothing; nor does a socket that is not connected.
  CHECK_EQ(send_to(fd, "x", ip, free_port()), 1);
  CHECK_EQ(pending_error(fd), 0);
  CHECK_EQ(send_to(other, "x", ip, port), 1);
  CHECK_EQ(pending_error(other), 0);
  CHECK_ERRNO(recv(fd, buffer, 16, MSG_ERRQUEUE), EAGAIN);
  close(fd), close(other);
}

// IP_RECVERR: also without a connection, and with the datagram that was refused.
static void check_error_queue(const char *ip) {
  bool is_ipv6 = strchr(ip, ':');
  int level = is_ipv6 ? SOL_IPV6 : SOL_IP, option = is_ipv6 ? IPV6_RECVERR : IP_RECVERR;
  size_t length = sizeof(struct sock_extended_err) + (is_ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
  message in;
  int fd = udp_at(ip), port = free_port();
  CHECK_EQ(set(fd, level, option, 1), 0);
  CHECK_EQ(send_to(fd, "one", ip, port), 3);
  CHECK_EQ(send_to(fd, "two", ip, port), -1);
  CHECK_EQ(send_to(fd, "three", ip, port), 5);
  CHECK_EQ(ready(fd), POLLOUT | POLLERR);
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(receive(fd, &in, MSG_ERRQUEUE), i == 0 ? 3 : 5);
    CHECK_EQ(in.header.msg_flags, MSG_ERRQUEUE);
    CHECK(!memcmp(in.bytes, i == 0 ? "one" : "three", 3));
    CHECK(is_ip(&in.name, ip) && ntohs(in.name.in.sin_port) == port);
    struct sock_extended_err *error = control_of(&in, level, option, length);
    REQUIRE(error);
    CHECK_EQ(error->ee_errno, ECONNREFUSED);
    CHECK_EQ(error->ee_origin, is_ipv6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP);
    CHECK_EQ(error->ee_type, is_ipv6 ? 1 : 3);
    CHECK_EQ(error->ee_code, is_ipv6 ? 4 : 3);
    CHECK(error->ee_info == 0 && error->ee_data == 0);
    CHECK(is_ip((address *)SO_EE_OFFENDER(error), ip));
  }
  CHECK_EQ(ready(fd), POLLOUT);
  CHECK_ERRNO(receive(fd, &in, MSG_ERRQUEUE), EAGAIN);
  // Without the option, what waits is gone.
  CHECK_EQ(send_to(fd, "four", ip, port), 4);
  CHECK_EQ(set(fd, level, option, 0), 0);
  CHECK_ERRNO(receive(fd, &in, MSG_ERRQUEUE), EAGAIN);
  CHECK_EQ(pending_error(fd), ECONNREFUSED);
  // The queue is bounded by SO_RCVBUF.
  CHECK_EQ(set(fd, level, option, 1), 0);
  CHECK_EQ(set(fd, SOL_SOCKET, SO_RCVBUF, 0), 0);
  int errors = 0;
  for (int i = 0; i < 200; i++) send_to(fd, "x", ip, port);
  while (receive(fd, &in, MSG_ERRQUEUE) == 1) errors++;
  CHECK(errors >= 1 && errors < 50);
  close(fd);
}

// Port 0: all ports of the peer's address are heard, and the peer has no name.
static void check_port_zero(void) {
  char byte;
  address name;
  socklen_t length = sizeof(name);
  int fd = udp_at("127.0.0.1"), from = udp_at("127.0.0.1"), six = udp_socket(AF_INET6);
  CHECK_EQ(connect_to(fd, "127.0.0.1", 0), 0);
  CHECK_ERRNO(getpeername(fd, &name.any, &length), ENOTCONN);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(fd)), 1);
  CHECK_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
  CHECK_EQ(connect_to(six, "::ffff:127.0.0.1", 0), 0);
  CHECK_ERRNO(send(six, "x", 1, 0), EINVAL);
  close(fd), close(from), close(six);
}

// An IPv6 socket connects to a struct sockaddr_in, too; what is connected to IPv4 is for no IPv6.
static void check_families(void) {
  int fd = udp_socket(AF_INET6), only = udp_socket(AF_INET6), port = free_port();
  CHECK_EQ(connect_to(fd, "127.0.0.1", port), 0);
  address name = name_of(fd);
  CHECK(is_ip(&name, "::ffff:127.0.0.1"));
  CHECK_ERRNO(connect_to(fd, "::1", port), EAFNOSUPPORT);
  CHECK_ERRNO(send_to(fd, "x", "::1", port), EAFNOSUPPORT);
  CHECK_EQ(set(only, SOL_IPV6, IPV6_V6ONLY, 1), 0);
  CHECK_ERRNO(connect_to(only, "127.0.0.1", port), EAFNOSUPPORT);
  CHECK_ERRNO(connect_to(only, "::ffff:127.0.0.1", port), ENETUNREACH);
  CHECK_ERRNO(send_to(only, "x", "127.0.0.1", port), ENETUNREACH);
  // The family comes before the length.
  struct sockaddr_in cut = {.sin_family = AF_INET};
  CHECK_ERRNO(sendto(only, "x", 1, 0, (struct sockaddr *)&cut, sizeof(cut) - 1), ENETUNREACH);
  close(fd), close(only);
}

int main(void) {
  check_port_zero();
  check_families();
  check_peer("127.0.0.1");
  check_peer("::1");
  check_disconnect();
  check_refused("127.0.0.1");
  check_refused("::1");
  check_error_queue("127.0.0.1");
  check_error_queue("::1");
  return finish();
}
