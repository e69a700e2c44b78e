// udp-multicast: groups and broadcasts on lo: joining, leaving, who receives, what a sender needs. man 7 ip, man 7 ipv6, man 7 udp.
#include "udp.h"

#define GROUP "239.255.77.1"
#define OTHER "239.255.77.2"

static int member(int fd, int option, const char *group, const char *local) {
  struct ip_mreq request = {.imr_multiaddr.s_addr = inet_addr(group), .imr_interface.s_addr = inet_addr(local)};
  return setsockopt(fd, SOL_IP, option, &request, sizeof(request));
}

static int member_by_index(int fd, int option, const char *group, int index) {
  struct ip_mreqn request = {.imr_multiaddr.s_addr = inet_addr(group), .imr_ifindex = index};
  return setsockopt(fd, SOL_IP, option, &request, sizeof(request));
}

static int member6(int fd, int option, const char *group, unsigned index) {
  struct ipv6_mreq request = {.ipv6mr_interface = index};
  REQUIRE(inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr) == 1);
  return setsockopt(fd, SOL_IPV6, option, &request, sizeof(request));
}

// Bound to that port with others.
static int sharer(const char *ip, int port) {
  int fd = udp_socket(AF_INET);
  CHECK_EQ(set(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  REQUIRE(bind_to(fd, ip, port) == 0);
  return fd;
}

static int sender(void) {
  int fd = udp_at("127.0.0.1");
  struct in_addr lo = {htonl(INADDR_LOOPBACK)};
  CHECK_EQ(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &lo, sizeof(lo)), 0);
  return fd;
}

static int received(int fd) {
  char byte;
  int count = 0;
  while (recv(fd, &byte, 1, MSG_DONTWAIT) == 1) count++;
  CHECK(errno == EAGAIN);
  return count;
}

static void check_joining(void) {
  int fd = udp_at("0.0.0.0");
  CHECK_EQ(member(fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"), 0);
  CHECK_ERRNO(member(fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"), EADDRINUSE);
  CHECK_ERRNO(member_by_index(fd, IP_ADD_MEMBERSHIP, GROUP, 1), EADDRINUSE);
  CHECK_EQ(member_by_index(fd, IP_ADD_MEMBERSHIP, OTHER, 1), 0);
  CHECK_ERRNO(member(fd, IP_ADD_MEMBERSHIP, "127.0.0.1", "127.0.0.1"), EINVAL);
  CHECK_ERRNO(member(fd, IP_ADD_MEMBERSHIP, "239.255.77.3", "198.51.100.9"), ENODEV);
  CHECK_ERRNO(member_by_index(fd, IP_ADD_MEMBERSHIP, "239.255.77.3", 9999), ENODEV);
  CHECK_ERRNO(member(fd, IP_DROP_MEMBERSHIP, "239.255.77.3", "127.0.0.1"), EADDRNOTAVAIL);
  struct ip_mreq short_one = {.imr_multiaddr.s_addr = inet_addr(GROUP)};
  CHECK_ERRNO(setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &short_one, 7), EINVAL);
  CHECK_EQ(member(fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1"), 0);
  CHECK_ERRNO(member(fd, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1"), EADDRNOTAVAIL);
  CHECK_EQ(member_by_index(fd, IP_DROP_MEMBERSHIP, OTHER, 1), 0);
  // The same by RFC 3678.
  struct group_req request = {.gr_interface = 1};
  *(struct sockaddr_in *)&request.gr_group = ip_address(GROUP, 0).in;
  CHECK_EQ(setsockopt(fd, SOL_IP, MCAST_JOIN_GROUP, &request, sizeof(request)), 0);
  CHECK_ERRNO(setsockopt(fd, SOL_IP, MCAST_JOIN_GROUP, &request, sizeof(request)), EADDRINUSE);
  CHECK_ERRNO(setsockopt(fd, SOL_IP, MCAST_JOIN_GROUP, &request, sizeof(request) - 1), EINVAL);
  CHECK_EQ(setsockopt(fd, SOL_IP, MCAST_LEAVE_GROUP, &request, sizeof(request)), 0);
  // There is a limit.
  char group[INET_ADDRSTRLEN];
  int joined = 0;
  for (; joined < 1000; joined++) {
    snprintf(group, sizeof(group), "239.255.%d.%d", 78 + joined / 250, joined % 250);
    if (member(fd, IP_ADD_MEMBERSHIP, group, "127.0.0.1") != 0) break;
  }
  CHECK(joined >= 20 && (joined == 1000 || errno == ENOBUFS));
  close(fd);
}

static void check_receiving(void) {
  int one = sharer("0.0.0.0", 0), port = port_of(one), two = sharer("0.0.0.0", port), from = sender();
  int only = sharer(GROUP, port), stranger = sharer("127.0.0.1", port);
  // Nobody on lo is a member.
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK(received(one) == 0 && received(two) == 0 && received(only) == 0);
  CHECK_EQ(member(one, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"), 0);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  // All who are bound to the port receive it, by IP_MULTICAST_ALL also those who have not joined.
  CHECK(received(one) == 1 && received(two) == 1 && received(only) == 1 && received(stranger) == 0);
  CHECK_EQ(set(two, SOL_IP, IP_MULTICAST_ALL, 0), 0);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK(received(one) == 1 && received(two) == 0);
  CHECK_EQ(member(two, IP_ADD_MEMBERSHIP, OTHER, "127.0.0.1"), 0);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK(received(one) == 1 && received(two) == 0);
  CHECK_EQ(send_to(from, "x", OTHER, port), 1);
  CHECK(received(one) == 1 && received(two) == 1);
  // What comes says for whom it was, and its TTL is a group's.
  message in;
  CHECK_EQ(set(one, SOL_IP, IP_PKTINFO, 1), 0);
  CHECK_EQ(set(one, SOL_IP, IP_RECVTTL, 1), 0);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK_EQ(receive(one, &in, 0), 1);
  CHECK(is_ip(&in.name, "127.0.0.1") && ntohs(in.name.in.sin_port) == port_of(from));
  CHECK_EQ(int_in(&in, SOL_IP, IP_TTL), 1);
  struct in_pktinfo *info = control_of(&in, SOL_IP, IP_PKTINFO, sizeof(*info));
  CHECK(info && info->ipi_ifindex == 1 && info->ipi_addr.s_addr == inet_addr(GROUP));
  // On lo all comes back, whatever IP_MULTICAST_LOOP says.
  CHECK_EQ(set(from, SOL_IP, IP_MULTICAST_LOOP, 0), 0);
  CHECK_EQ(set(from, SOL_IP, IP_MULTICAST_TTL, 9), 0);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK_EQ(receive(one, &in, 0), 1);
  CHECK_EQ(int_in(&in, SOL_IP, IP_TTL), 9);
  // Who leaves, or is closed, is no member.
  CHECK_EQ(member(one, IP_DROP_MEMBERSHIP, GROUP, "127.0.0.1"), 0);
  received(only);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK(received(one) == 0 && received(only) == 0);
  CHECK_EQ(member(one, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"), 0);
  close(one);
  CHECK_EQ(send_to(from, "x", GROUP, port), 1);
  CHECK_EQ(received(only), 0);
  // To nobody's port: no error.
  CHECK_EQ(connect_to(from, GROUP, port), 0);
  close(two), close(only), close(stranger);
  CHECK_EQ(send(from, "x", 1, 0), 1);
  CHECK_EQ(pending_error(from), 0);
  close(from);
}

static void check_broadcast(void) {
  int from = udp_at("127.0.0.1"), one = sharer("0.0.0.0", 0), port = port_of(one), two = sharer("127.255.255.255", port);
  int stranger = sharer("127.0.0.1", port);
  CHECK_ERRNO(send_to(from, "x", "127.255.255.255", port), EACCES);
  CHECK_ERRNO(connect_to(from, "127.255.255.255", port), EACCES);
  CHECK_EQ(set(from, SOL_SOCKET, SO_BROADCAST, 1), 0);
  CHECK_EQ(send_to(from, "x", "127.255.255.255", port), 1);
  CHECK(received(one) == 1 && received(two) == 1 && received(stranger) == 0);
  CHECK_EQ(connect_to(from, "127.255.255.255", port), 0);
  CHECK_EQ(send(from, "x", 1, 0), 1);
  CHECK(received(one) == 1 && received(two) == 1);
  // An answer comes from the interface's address.
  CHECK_EQ(send_to(two, "y", "127.0.0.1", port_of(from)), 1);
  close(from), close(one), close(two), close(stranger);
}

static void check_ipv6(void) {
  int fd = udp_at("::");
  CHECK_EQ(member6(fd, IPV6_JOIN_GROUP, "ff02::7777", 1), 0);
  CHECK_ERRNO(member6(fd, IPV6_JOIN_GROUP, "ff02::7777", 1), EADDRINUSE);
  CHECK_ERRNO(member6(fd, IPV6_JOIN_GROUP, "::1", 1), EINVAL);
  CHECK_ERRNO(member6(fd, IPV6_JOIN_GROUP, "ff02::7778", 9999), ENODEV);
  CHECK_ERRNO(member6(fd, IPV6_LEAVE_GROUP, "ff02::7778", 1), EADDRNOTAVAIL);
  CHECK_EQ(member6(fd, IPV6_LEAVE_GROUP, "ff02::7777", 1), 0);
  CHECK_ERRNO(setsockopt(fd, SOL_IPV6, IPV6_JOIN_GROUP, "short", 5), EINVAL);
  struct group_req request = {.gr_interface = 1};
  *(struct sockaddr_in6 *)&request.gr_group = ip_address("ff02::7777", 0).in6;
  CHECK_EQ(setsockopt(fd, SOL_IPV6, MCAST_JOIN_GROUP, &request, sizeof(request)), 0);
  CHECK_EQ(setsockopt(fd, SOL_IPV6, MCAST_LEAVE_GROUP, &request, sizeof(request)), 0);
  // An IPv6 socket joins a group of IPv4, too, and receives no other.
  CHECK_EQ(member(fd, IP_ADD_MEMBERSHIP, GROUP, "127.0.0.1"), 0);
  int from = sender(), other = udp_at("127.0.0.1");
  CHECK_EQ(member(other, IP_ADD_MEMBERSHIP, OTHER, "127.0.0.1"), 0);
  CHECK_EQ(send_to(from, "x", GROUP, port_of(fd)), 1);
  CHECK_EQ(send_to(from, "x", OTHER, port_of(fd)), 1);
  CHECK_EQ(received(fd), 1);
  close(fd), close(from), close(other);
}

int main(void) {
  check_joining();
  check_receiving();
  check_broadcast();
  check_ipv6();
  return finish();
}
