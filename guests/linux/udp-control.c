// udp-control: control messages of datagrams: addresses, TTL, TOS, time stamps, to recvmsg and from sendmsg. man 7 ip, man 7 ipv6, man 3 cmsg.
#include <time.h>

#include "udp.h"

static void check_ip(void) {
  message in;
  int to = udp_at("0.0.0.0"), from = udp_at("127.0.0.1"), port = port_of(to);
  const int options[] = {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR};
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(in.header.msg_controllen == 0 && in.header.msg_flags == 0);
  for (size_t i = 0; i < COUNT(options); i++) CHECK_EQ(set(to, SOL_IP, options[i], 1), 0);
  CHECK_EQ(set(from, SOL_IP, IP_TTL, 33), 0);
  CHECK_EQ(set(from, SOL_IP, IP_TOS, 0x2e), 0);
  CHECK_EQ(send_to(from, "x", "127.0.0.9", port), 1);
  // A peek shows them, too.
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(receive(to, &in, i == 0 ? MSG_PEEK : 0), 1);
    struct in_pktinfo *info = control_of(&in, SOL_IP, IP_PKTINFO, sizeof(*info));
    REQUIRE(info);
    CHECK_EQ(info->ipi_ifindex, 1);
    CHECK_EQ(ntohl(info->ipi_addr.s_addr), 0x7f000009);
    CHECK_EQ(ntohl(info->ipi_spec_dst.s_addr), 0x7f000009);
    CHECK_EQ(int_in(&in, SOL_IP, IP_TTL), 33);
    uint8_t *tos = control_of(&in, SOL_IP, IP_TOS, 1);
    REQUIRE(tos);
    CHECK_EQ(*tos, 0x2e);
    struct sockaddr_in *original = control_of(&in, SOL_IP, IP_ORIGDSTADDR, sizeof(*original));
    REQUIRE(original);
    CHECK(is_ip((address *)original, "127.0.0.9") && ntohs(original->sin_port) == port);
  }
  // Their order is Linux's.
  struct cmsghdr *each = CMSG_FIRSTHDR(&in.header);
  const int order[] = {IP_PKTINFO, IP_TTL, IP_TOS, IP_ORIGDSTADDR};
  for (size_t i = 0; i < COUNT(order); i++, each = CMSG_NXTHDR(&in.header, each)) CHECK(each && each->cmsg_type == order[i]);
  // One datagram's own: source, TTL, TOS.
  struct in_pktinfo source = {.ipi_spec_dst.s_addr = htonl(0x7f000007)};
  int ttl = 5, tos = 0x10;
  uint8_t byte = 0x20;
  int any = udp_at("0.0.0.0");
  CHECK_EQ(send_with(any, "127.0.0.1", port, SOL_IP, IP_PKTINFO, &source, sizeof(source)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(is_ip(&in.name, "127.0.0.7") && ntohs(in.name.in.sin_port) == port_of(any));
  CHECK_EQ(int_in(&in, SOL_IP, IP_TTL), 64);
  CHECK_EQ(send_with(any, "127.0.0.1", port, SOL_IP, IP_TTL, &ttl, sizeof(ttl)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(int_in(&in, SOL_IP, IP_TTL), 5);
  CHECK_EQ(send_with(any, "127.0.0.1", port, SOL_IP, IP_TOS, &tos, sizeof(tos)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(*(uint8_t *)control_of(&in, SOL_IP, IP_TOS, 1), 0x10);
  CHECK_EQ(send_with(any, "127.0.0.1", port, SOL_IP, IP_TOS, &byte, sizeof(byte)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(*(uint8_t *)control_of(&in, SOL_IP, IP_TOS, 1), 0x20);
  // An answer by the information that came.
  source = (struct in_pktinfo){.ipi_ifindex = 1};
  CHECK_EQ(send_with(any, "127.0.0.1", port, SOL_IP, IP_PKTINFO, &source, sizeof(source)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(is_ip(&in.name, "127.0.0.1"));
  // What is wrong.
  source.ipi_ifindex = 9999;
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, IP_PKTINFO, &source, sizeof(source)), ENODEV);
  source = (struct in_pktinfo){.ipi_spec_dst.s_addr = htonl(0xc6336401)};
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, IP_PKTINFO, &source, sizeof(source)), ENETUNREACH);
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, IP_PKTINFO, &source, 8), EINVAL);
  ttl = 0;
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, IP_TTL, &ttl, sizeof(ttl)), EINVAL);
  ttl = 256;
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, IP_TTL, &ttl, sizeof(ttl)), EINVAL);
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, IP_TTL, &byte, 1), EINVAL);
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_IP, 99, &ttl, sizeof(ttl)), EINVAL);
  CHECK_ERRNO(send_with(any, "127.0.0.1", port, SOL_UDP, 99, &ttl, sizeof(ttl)), EINVAL);
  // Other levels are nobody's.
  CHECK_EQ(send_with(any, "127.0.0.1", port, 9999, 1, &ttl, sizeof(ttl)), 1);
  CHECK_EQ(send_with(any, "127.0.0.1", port, SOL_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl)), 1);
  close(to), close(from), close(any);
}

static void check_ipv6(void) {
  message in;
  int to = udp_at("::"), from = udp_at("::1"), port = port_of(to);
  const int options[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS};
  for (size_t i = 0; i < COUNT(options); i++) CHECK_EQ(set(to, SOL_IPV6, options[i], 1), 0);
  CHECK_EQ(set(to, SOL_IP, IP_RECVTTL, 1), 0);
  CHECK_EQ(set(from, SOL_IPV6, IPV6_UNICAST_HOPS, 7), 0);
  CHECK_EQ(set(from, SOL_IPV6, IPV6_TCLASS, 0x30), 0);
  CHECK_EQ(send_to(from, "x", "::1", port), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  struct in6_pktinfo *info = control_of(&in, SOL_IPV6, IPV6_PKTINFO, sizeof(*info));
  REQUIRE(info);
  CHECK(info->ipi6_ifindex == 1 && IN6_IS_ADDR_LOOPBACK(&info->ipi6_addr));
  CHECK_EQ(int_in(&in, SOL_IPV6, IPV6_HOPLIMIT), 7);
  CHECK_EQ(int_in(&in, SOL_IPV6, IPV6_TCLASS), 0x30);
  CHECK(!control_of(&in, SOL_IP, IP_TTL, sizeof(int)));
  int hops = 9, tclass = 0x44, unset = -1;
  CHECK_EQ(send_with(from, "::1", port, SOL_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(int_in(&in, SOL_IPV6, IPV6_HOPLIMIT), 9);
  CHECK_EQ(send_with(from, "::1", port, SOL_IPV6, IPV6_HOPLIMIT, &unset, sizeof(unset)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(int_in(&in, SOL_IPV6, IPV6_HOPLIMIT), 7);
  CHECK_EQ(send_with(from, "::1", port, SOL_IPV6, IPV6_TCLASS, &tclass, sizeof(tclass)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(int_in(&in, SOL_IPV6, IPV6_TCLASS), 0x44);
  struct in6_pktinfo source = {.ipi6_addr = IN6ADDR_LOOPBACK_INIT, .ipi6_ifindex = 1};
  CHECK_EQ(send_with(to, "::1", port, SOL_IPV6, IPV6_PKTINFO, &source, sizeof(source)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(is_ip(&in.name, "::1"));
  hops = 256;
  CHECK_ERRNO(send_with(from, "::1", port, SOL_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops)), EINVAL);
  hops = -2;
  CHECK_ERRNO(send_with(from, "::1", port, SOL_IPV6, IPV6_TCLASS, &hops, sizeof(hops)), EINVAL);
  CHECK_ERRNO(send_with(from, "::1", port, SOL_IPV6, IPV6_TCLASS, &hops, 2), EINVAL);
  CHECK_ERRNO(send_with(from, "::1", port, SOL_IPV6, 99, &hops, sizeof(hops)), EINVAL);
  source.ipi6_ifindex = 9999;
  CHECK_ERRNO(send_with(from, "::1", port, SOL_IPV6, IPV6_PKTINFO, &source, sizeof(source)), ENODEV);
  source = (struct in6_pktinfo){.ipi6_addr.s6_addr = {0x20, 1, 0xd, 0xb8, [15] = 1}};
  CHECK_ERRNO(send_with(to, "::1", port, SOL_IPV6, IPV6_PKTINFO, &source, sizeof(source)), EINVAL);
  // A datagram of IPv4 at an IPv6 socket has a mapped address, and its TTL by IP_RECVTTL.
  int four = udp_at("127.0.0.1");
  CHECK_EQ(send_to(four, "x", "127.0.0.3", port), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  info = control_of(&in, SOL_IPV6, IPV6_PKTINFO, sizeof(*info));
  REQUIRE(info);
  CHECK(info->ipi6_ifindex == 1 && IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr) && info->ipi6_addr.s6_addr[15] == 3);
  CHECK_EQ(int_in(&in, SOL_IP, IP_TTL), 64);
  CHECK(!control_of(&in, SOL_IPV6, IPV6_HOPLIMIT, sizeof(int)));
  close(to), close(from), close(four);
}

// What has no room is cut, and MSG_CTRUNC says so.
static void check_room(void) {
  char byte, room[64];
  struct iovec part = {&byte, 1};
  int to = udp_at("127.0.0.1"), from = udp_at("127.0.0.1");
  CHECK_EQ(set(to, SOL_IP, IP_RECVTTL, 1), 0);
  const struct {
    size_t room, used;
    int flags;
  } rows[] = {
      {0, 0, MSG_CTRUNC}, {15, 0, MSG_CTRUNC}, {16, 16, MSG_CTRUNC}, {18, 18, MSG_CTRUNC}, {20, 20, 0}, {24, 24, 0}, {64, 24, 0},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct msghdr header = {NULL, 0, &part, 1, room, rows[i].room, 0};
    CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(to)), 1);
    CHECK_EQ(recvmsg(to, &header, MSG_DONTWAIT), 1);
    CHECK_EQ(header.msg_controllen, rows[i].used);
    CHECK_EQ(header.msg_flags, rows[i].flags);
    if (rows[i].used >= 16) CHECK_EQ(((struct cmsghdr *)room)->cmsg_len, rows[i].used < 20 ? rows[i].used : 20);
  }
  struct msghdr none = {NULL, 0, &part, 1, NULL, 64, 0};
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(to)), 1);
  CHECK_EQ(recvmsg(to, &none, MSG_DONTWAIT), 1);
  CHECK(none.msg_controllen == 0 && none.msg_flags == MSG_CTRUNC);
  // Bad lists.
  CHECK_ERRNO(send_with(from, "127.0.0.1", port_of(to), SOL_IP, IP_TTL, room, 0), EINVAL);
  struct cmsghdr wrong = {.cmsg_len = 99, .cmsg_level = SOL_IP, .cmsg_type = IP_TTL};
  address there = name_of(to);
  struct msghdr bad = {&there, sizeof(there.in), &part, 1, &wrong, sizeof(wrong), 0};
  CHECK_ERRNO(sendmsg(from, &bad, 0), EINVAL);
  bad.msg_control = (void *)8;
  CHECK_ERRNO(sendmsg(from, &bad, 0), EFAULT);
  close(to), close(from);
}

static void check_times(void) {
  message in;
  struct timespec now;
  int to = udp_at("127.0.0.1"), from = udp_at("127.0.0.1");
  CHECK_EQ(get(to, SOL_SOCKET, SO_TIMESTAMP), 0);
  CHECK_EQ(set(to, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
  CHECK_EQ(get(to, SOL_SOCKET, SO_TIMESTAMP), 1);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(to)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  clock_gettime(CLOCK_REALTIME, &now);
  struct timeval *micro = control_of(&in, SOL_SOCKET, SCM_TIMESTAMP, sizeof(*micro));
  REQUIRE(micro);
  CHECK(micro->tv_sec <= now.tv_sec + 1 && micro->tv_sec >= now.tv_sec - 60 && micro->tv_usec < 1000000);
  CHECK_EQ(set(to, SOL_SOCKET, SO_TIMESTAMPNS, 1), 0);
  CHECK_EQ(get(to, SOL_SOCKET, SO_TIMESTAMP), 0);
  CHECK_EQ(get(to, SOL_SOCKET, SO_TIMESTAMPNS), 1);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(to)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  struct timespec *nano = control_of(&in, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(*nano));
  REQUIRE(nano);
  CHECK(nano->tv_sec <= now.tv_sec + 60 && nano->tv_sec >= now.tv_sec - 60 && nano->tv_nsec < 1000000000);
  CHECK(!control_of(&in, SOL_SOCKET, SCM_TIMESTAMP, sizeof(*micro)));
  // It is the time of arrival, not that of the call.
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(to)), 1);
  CHECK_EQ(receive(to, &in, MSG_PEEK), 1);
  struct timespec first = *(struct timespec *)control_of(&in, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(first));
  CHECK_EQ(receive(to, &in, 0), 1);
  nano = control_of(&in, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(*nano));
  CHECK(nano && nano->tv_sec == first.tv_sec && nano->tv_nsec == first.tv_nsec);
  CHECK_EQ(set(to, SOL_SOCKET, SO_TIMESTAMPNS, 0), 0);
  CHECK_EQ(send_to(from, "x", "127.0.0.1", port_of(to)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK_EQ(in.header.msg_controllen, 0);
  close(to), close(from);
}

int main(void) {
  check_ip();
  check_ipv6();
  check_room();
  check_times();
  return finish();
}
