// ip-options: options of SOL_IP, SOL_IPV6, SOL_UDP and of interfaces: defaults, bounds, sizes. man 7 ip, man 7 ipv6, man 7 udp, man 7 socket.
#include <linux/in6.h>
#include <net/if.h>

#include "udp.h"

#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif
#define NO 0x7fffffff

// What it is at first, a value and what is shown for it, and two that are refused.
static const struct row {
  int level, name, initial, value, shown, refused, other;
} rows[] = {
    {SOL_IP, IP_TOS, 0, 0x111, 0x11, NO, NO},
    {SOL_IP, IP_TTL, 64, 255, 255, 0, 256},
    {SOL_IP, IP_TTL, 64, -1, 64, -2, 256},
    {SOL_IP, IP_RECVOPTS, 0, 7, 1, NO, NO},
    {SOL_IP, IP_RETOPTS, 0, 7, 1, NO, NO},
    {SOL_IP, IP_PKTINFO, 0, 7, 1, NO, NO},
    {SOL_IP, IP_MTU_DISCOVER, 1, 5, 5, -1, 6},
    {SOL_IP, IP_RECVERR, 0, -1, 1, NO, NO},
    {SOL_IP, IP_RECVTTL, 0, 2, 1, NO, NO},
    {SOL_IP, IP_RECVTOS, 0, 2, 1, NO, NO},
    {SOL_IP, IP_FREEBIND, 0, 2, 1, NO, NO},
    {SOL_IP, IP_RECVORIGDSTADDR, 0, 2, 1, NO, NO},
    {SOL_IP, IP_MINTTL, 0, 255, 255, -1, 256},
    {SOL_IP, IP_BIND_ADDRESS_NO_PORT, 0, 2, 1, NO, NO},
    {SOL_IP, IP_MULTICAST_TTL, 1, 0, 0, -2, 256},
    {SOL_IP, IP_MULTICAST_TTL, 1, -1, 1, -2, 256},
    {SOL_IP, IP_MULTICAST_LOOP, 1, 0, 0, NO, NO},
    {SOL_IP, IP_MULTICAST_ALL, 1, 0, 0, 2, -1},
    {SOL_IP, IP_UNICAST_IF, 0, 0x1000000, 0x1000000, NO, NO},
    {SOL_IPV6, IPV6_UNICAST_HOPS, 64, 0, 0, -2, 256},
    {SOL_IPV6, IPV6_UNICAST_HOPS, 64, -1, 64, -2, 256},
    {SOL_IPV6, IPV6_MULTICAST_HOPS, 1, 255, 255, -2, 256},
    {SOL_IPV6, IPV6_MULTICAST_HOPS, 1, -1, 1, -2, 256},
    {SOL_IPV6, IPV6_MULTICAST_LOOP, 1, 0, 0, 2, -1},
    {SOL_IPV6, IPV6_MULTICAST_ALL, 1, 0, 0, NO, NO},
    {SOL_IPV6, IPV6_MULTICAST_IF, 0, 1, 1, NO, NO},
    {SOL_IPV6, IPV6_MTU_DISCOVER, 1, 5, 5, -1, 6},
    {SOL_IPV6, IPV6_RECVERR, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_V6ONLY, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_RECVPKTINFO, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_RECVHOPLIMIT, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_RECVTCLASS, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_TCLASS, 0, 255, 255, -2, 256},
    {SOL_IPV6, IPV6_TCLASS, 0, -1, 0, -2, 256},
    {SOL_IPV6, IPV6_DONTFRAG, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_MINHOPCOUNT, 0, 255, 255, -1, 256},
    {SOL_IPV6, IPV6_FREEBIND, 0, 7, 1, NO, NO},
    {SOL_IPV6, IPV6_RECVORIGDSTADDR, 0, 7, 1, NO, NO},
    {SOL_UDP, UDP_CORK, 0, 7, 1, NO, NO},
    {SOL_UDP, UDP_NO_CHECK6_TX, 0, 7, 1, NO, NO},
    {SOL_UDP, UDP_NO_CHECK6_RX, 0, 7, 1, NO, NO},
    {SOL_UDP, UDP_SEGMENT, 0, 65535, 65535, -1, 65536},
    {SOL_UDP, UDP_GRO, 0, 7, 1, NO, NO},
    {SOL_SOCKET, SO_TIMESTAMP, 0, 7, 1, NO, NO},
    {SOL_SOCKET, SO_TIMESTAMPNS, 0, 7, 1, NO, NO},
    {SOL_SOCKET, SO_RXQ_OVFL, 0, 7, 1, NO, NO},
    {SOL_SOCKET, SO_REUSEPORT, 0, 7, 1, NO, NO},
    {SOL_SOCKET, SO_BINDTOIFINDEX, 0, 1, 1, NO, NO},
};

static void check_rows(int family) {
  for (size_t i = 0; i < COUNT(rows); i++) {
    const struct row *row = &rows[i];
    if (row->level == SOL_IPV6 && family == AF_INET) continue;
    int fd = udp_socket(family), failures_before = failures, nothing;
    // An IPv6 socket receives no group of IPv4 that it has not joined.
    bool is_off = family == AF_INET6 && row->level == SOL_IP && row->name == IP_MULTICAST_ALL;
    CHECK_EQ(get(fd, row->level, row->name), is_off ? 0 : row->initial);
    CHECK_EQ(set(fd, row->level, row->name, row->value), 0);
    CHECK_EQ(get(fd, row->level, row->name), row->shown);
    if (row->refused != NO) CHECK_ERRNO(set(fd, row->level, row->name, row->refused), EINVAL);
    if (row->other != NO) CHECK_ERRNO(set(fd, row->level, row->name, row->other), EINVAL);
    CHECK_EQ(get(fd, row->level, row->name), row->shown);
    bool takes_less =
        row->level == SOL_IP || (row->level == SOL_IPV6 && row->name == IPV6_DONTFRAG);
    if (!takes_less) CHECK_ERRNO(setsockopt(fd, row->level, row->name, &nothing, 3), EINVAL);
    if (failures != failures_before)
      dprintf(2, "option %d of level %d, family %d\n", row->name, row->level, family);
    close(fd);
  }
}

// SOL_IP takes and gives single bytes.
static void check_sizes(void) {
  int fd = udp_socket(AF_INET);
  unsigned char bytes[8] = {9, 1, 1, 1, 1, 1, 1, 1}, got[8];
  socklen_t length;
  for (socklen_t size = 1; size < 4; size++) {
    bytes[0] = (unsigned char)(8 + size);
    CHECK_EQ(setsockopt(fd, SOL_IP, IP_TTL, bytes, size), 0);
    CHECK_EQ(get(fd, SOL_IP, IP_TTL), 8 + (int)size);
    memset(got, 'z', sizeof(got));
    length = size;
    CHECK_EQ(getsockopt(fd, SOL_IP, IP_TTL, got, &length), 0);
    CHECK(length == 1 && got[0] == 8 + size && got[1] == 'z');
  }
  length = 8;
  CHECK_EQ(getsockopt(fd, SOL_IP, IP_TTL, got, &length), 0);
  CHECK(length == 4 && got[4] == 'z');
  length = 0;
  CHECK_EQ(getsockopt(fd, SOL_IP, IP_TTL, got, &length), 0);
  CHECK_EQ(length, 0);
  length = (socklen_t)-1;
  CHECK_ERRNO(getsockopt(fd, SOL_IP, IP_TTL, got, &length), EINVAL);
  CHECK_ERRNO(getsockopt(fd, SOL_IP, IP_TTL, got, (void *)8), EFAULT);
  CHECK_ERRNO(setsockopt(fd, SOL_IP, IP_TTL, (void *)8, 4), EFAULT);
  const int need_a_byte[] = {IP_TTL,           IP_MINTTL,         IP_FREEBIND,     IP_TRANSPARENT,
                             IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_ALL};
  for (size_t i = 0; i < COUNT(need_a_byte); i++)
    CHECK_ERRNO(setsockopt(fd, SOL_IP, need_a_byte[i], bytes, 0), EINVAL);
  CHECK_EQ(set(fd, SOL_IP, IP_RECVTTL, 1), 0);
  CHECK_EQ(setsockopt(fd, SOL_IP, IP_RECVTTL, bytes, 0), 0);
  CHECK_EQ(get(fd, SOL_IP, IP_RECVTTL), 0);
  close(fd);
  int six = udp_socket(AF_INET6);
  length = 2;
  memset(got, 'z', sizeof(got));
  CHECK_EQ(getsockopt(six, SOL_IPV6, IPV6_UNICAST_HOPS, got, &length), 0);
  CHECK(length == 2 && got[0] == 64 && got[1] == 0 && got[2] == 'z');
  close(six);
}

static void check_special(void) {
  char bytes[48] = {0};
  socklen_t length = sizeof(bytes);
  int fd = udp_socket(AF_INET), six = udp_socket(AF_INET6),
      stream = socket(AF_INET, SOCK_STREAM, 0);
  // Options of IP: none.
  CHECK_EQ(getsockopt(fd, SOL_IP, IP_OPTIONS, bytes, &length), 0);
  CHECK_EQ(length, 0);
  CHECK_EQ(setsockopt(fd, SOL_IP, IP_OPTIONS, bytes, 0), 0);
  CHECK_ERRNO(setsockopt(fd, SOL_IP, IP_OPTIONS, bytes, 41), EINVAL);
  // An MTU is a route's.
  CHECK_EQ(get(fd, SOL_IP, IP_MTU), -ENOTCONN - 1000);
  CHECK_EQ(get(six, SOL_IPV6, IPV6_MTU), -ENOTCONN - 1000);
  CHECK_EQ(connect_to(fd, "127.0.0.1", 9), 0);
  CHECK_EQ(connect_to(six, "::1", 9), 0);
  CHECK(get(fd, SOL_IP, IP_MTU) >= 65535 && get(six, SOL_IPV6, IPV6_MTU) >= 65535);
  CHECK_ERRNO(set(six, SOL_IPV6, IPV6_MTU, 1279), EINVAL);
  CHECK_ERRNO(set(six, SOL_IPV6, IPV6_V6ONLY, 1), EINVAL);
  // Two bits of the traffic class are TCP's own.
  int tcp = socket(AF_INET6, SOCK_STREAM, 0);
  CHECK_EQ(set(tcp, SOL_IPV6, IPV6_TCLASS, 0x13), 0);
  CHECK_EQ(get(tcp, SOL_IPV6, IPV6_TCLASS), 0x10);
  CHECK_EQ(set(tcp, SOL_IP, IP_TOS, 0x13), 0);
  CHECK_EQ(get(tcp, SOL_IP, IP_TOS), 0x10);
  close(tcp);
  // Unknown ones, and other levels.
  CHECK_ERRNO(set(fd, SOL_IP, 9999, 1), ENOPROTOOPT);
  CHECK_ERRNO(setsockopt(fd, SOL_IP, 9999, bytes, 0), ENOPROTOOPT);
  CHECK_ERRNO(set(six, SOL_IPV6, 9999, 1), ENOPROTOOPT);
  CHECK_ERRNO(set(fd, SOL_UDP, 9999, 1), ENOPROTOOPT);
  CHECK_EQ(get(fd, SOL_IP, 9999), -ENOPROTOOPT - 1000);
  CHECK_EQ(get(six, SOL_IPV6, 9999), -ENOPROTOOPT - 1000);
  CHECK_EQ(get(fd, SOL_UDP, 9999), -ENOPROTOOPT - 1000);
  CHECK_ERRNO(set(fd, SOL_IP, IP_HDRINCL, 1), ENOPROTOOPT);
  CHECK_ERRNO(set(fd, SOL_IPV6, IPV6_TCLASS, 1), ENOPROTOOPT);
  CHECK_ERRNO(set(fd, 9999, 1, 1), ENOPROTOOPT);
  CHECK_EQ(get(fd, SOL_IPV6, IPV6_TCLASS), -EOPNOTSUPP - 1000);
  CHECK_EQ(get(fd, 9999, 1), -EOPNOTSUPP - 1000);
  CHECK_EQ(get(six, 9999, 1), -ENOPROTOOPT - 1000);
  CHECK_EQ(set(six, SOL_IP, IP_TTL, 9), 0);
  CHECK_EQ(get(six, SOL_IP, IP_TTL), 9);
  // Streams have no groups.
  CHECK_ERRNO(set(stream, SOL_IP, IP_MULTICAST_TTL, 1), EINVAL);
  struct ip_mreq group = {.imr_multiaddr.s_addr = htonl(0xe0000109),
                          .imr_interface.s_addr = htonl(INADDR_LOOPBACK)};
  CHECK_ERRNO(setsockopt(stream, SOL_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), EPROTO);
  // Another's addresses.
  if (!is_root()) {
    CHECK_ERRNO(set(fd, SOL_IP, IP_TRANSPARENT, 1), EPERM);
    CHECK_ERRNO(set(six, SOL_IPV6, IPV6_TRANSPARENT, 1), EPERM);
  }
  CHECK_EQ(set(fd, SOL_IP, IP_TRANSPARENT, 0), 0);
  CHECK_ERRNO(set(fd, SOL_IP, IP_UNICAST_IF, 1), EADDRNOTAVAIL);
  CHECK_ERRNO(set(six, SOL_IPV6, IPV6_MULTICAST_IF, 9999), ENODEV);
  close(fd), close(six), close(stream);
}

// IP_TOS chooses SO_PRIORITY, by four of its bits, when it changes. IPV6_TCLASS does not.
static void check_priority(void) {
  static const int of_tos[] = {0, 0, 2, 2, 6, 6, 4, 4};
  const int families[] = {AF_INET, AF_INET6}, types[] = {SOCK_DGRAM, SOCK_STREAM};
  for (int i = 0; i < 4; i++) {
    bool is_stream = types[i / 2] == SOCK_STREAM;
    for (int tos = 0; tos < 256; tos += i == 0 ? 1 : 7) {
      int fd = socket(families[i % 2], types[i / 2], 0),
          expected = (is_stream ? tos & ~3 : tos) == 0 ? 5 : of_tos[(tos & 0x1e) >> 2];
      CHECK_EQ(set(fd, SOL_SOCKET, SO_PRIORITY, 5), 0);
      CHECK_EQ(set(fd, SOL_IP, IP_TOS, tos), 0);
      CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), expected);
      CHECK_EQ(set(fd, SOL_SOCKET, SO_PRIORITY, 3), 0);
      CHECK_EQ(set(fd, SOL_IP, IP_TOS, tos), 0);
      CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), 3);
      close(fd);
    }
  }
  // The value is compared, not the byte that is kept of it. One byte is a value, and so is none.
  int fd = udp_socket(AF_INET), six = udp_socket(AF_INET6);
  CHECK_EQ(set(fd, SOL_SOCKET, SO_PRIORITY, 3), 0);
  CHECK_EQ(set(fd, SOL_IP, IP_TOS, 0x100), 0);
  CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), 0);
  CHECK_EQ(setsockopt(fd, SOL_IP, IP_TOS, "\x10", 1), 0);
  CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), 6);
  CHECK_EQ(setsockopt(fd, SOL_IP, IP_TOS, "\x10", 0), 0);
  CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), 0);
  CHECK_EQ(set(fd, SOL_IP, IP_TOS, -1), 0);
  CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), 4);
  // Of one datagram.
  CHECK_EQ(send_with(fd, "127.0.0.1", 9, SOL_IP, IP_TOS, &(int){0x10}, sizeof(int)), 1);
  CHECK_EQ(get(fd, SOL_SOCKET, SO_PRIORITY), 4);
  CHECK_EQ(set(six, SOL_SOCKET, SO_PRIORITY, 3), 0);
  CHECK_EQ(set(six, SOL_IPV6, IPV6_TCLASS, 0x10), 0);
  CHECK_EQ(get(six, SOL_SOCKET, SO_PRIORITY), 3);
  close(fd), close(six);
}

// What is accepted has its listener's type of service, and no priority.
static void check_accepted(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(bind_to(listener, "127.0.0.1", 0) == 0 && listen(listener, 4) == 0);
  CHECK_EQ(set(listener, SOL_IP, IP_TOS, 0x10), 0);
  CHECK_EQ(get(listener, SOL_SOCKET, SO_PRIORITY), 6);
  CHECK_EQ(connect_to(fd, "127.0.0.1", port_of(listener)), 0);
  int accepted = accept(listener, NULL, NULL);
  CHECK_EQ(get(accepted, SOL_IP, IP_TOS), 0x10);
  CHECK_EQ(get(accepted, SOL_SOCKET, SO_PRIORITY), 0);
  close(fd), close(accepted), close(listener);
}

static void check_interface(void) {
  char name[IFNAMSIZ] = "zzz";
  socklen_t length = sizeof(name);
  int fd = udp_at("127.0.0.1"), from = udp_at("127.0.0.1");
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
  CHECK(length == 0 && name[0] == 'z');
  CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none9", 6), ENODEV);
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
  length = sizeof(name);
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
  CHECK(length == 3 && strcmp(name, "lo") == 0);
  CHECK_EQ(get(fd, SOL_SOCKET, SO_BINDTOIFINDEX), 1);
  length = 3;
  CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), EINVAL);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(fd)), 1);
  CHECK_EQ(recv(fd, name, 1, MSG_DONTWAIT), 1);
  if (is_root())
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), 0);
  else
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), EPERM);
  close(fd), close(from);
}

int main(void) {
  check_rows(AF_INET);
  check_rows(AF_INET6);
  check_sizes();
  check_special();
  check_priority();
  check_accepted();
  check_interface();
  return finish();
}
