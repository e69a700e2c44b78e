// netlink-route: sockets of AF_NETLINK, and lo, its addresses and routes by rtnetlink. man 7 netlink, man 7 rtnetlink.
// not in CI's beds: emulation makes it slow
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/wait.h>

#include "netlink.h"

static int seen;

static uint32_t number(void *at) {
  uint32_t value = 0;
  CHECK(at != NULL);
  if (at != NULL) memcpy(&value, at, sizeof(value));
  return value;
}

static void check_sockets(void) {
  struct sockaddr_nl name = {0}, other = {.nl_family = AF_NETLINK}, wrong = {.nl_family = AF_INET};
  socklen_t length = sizeof(name);
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE),
      second = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE), one = 1;
  CHECK_ERRNO(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE), ESOCKTNOSUPPORT);
  CHECK_ERRNO(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT);
  CHECK_EQ(getsockname(fd, (void *)&name, &length), 0);
  CHECK(length == sizeof(name) && name.nl_family == AF_NETLINK && name.nl_pid == 0);
  CHECK_ERRNO(bind(fd, (void *)&wrong, sizeof(wrong)), EINVAL);
  CHECK_ERRNO(bind(fd, (void *)&other, sizeof(other) - 1), EINVAL);
  CHECK_EQ(bind(fd, (void *)&other, sizeof(other)), 0);
  CHECK_EQ(bind(second, (void *)&other, sizeof(other)), 0);
  CHECK_EQ(getsockname(fd, (void *)&name, &length), 0);
  CHECK_EQ(name.nl_pid, getpid());
  CHECK_EQ(getsockname(second, (void *)&name, &length), 0);
  CHECK((int)name.nl_pid < -4096);
  int third = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  name.nl_pid = getpid();
  CHECK_ERRNO(bind(third, (void *)&name, sizeof(name)), EADDRINUSE);
  name.nl_pid = 0x10000000, name.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
  CHECK_EQ(bind(third, (void *)&name, sizeof(name)), 0);
  memset(&name, 0, sizeof(name));
  CHECK_EQ(getsockname(third, (void *)&name, &length), 0);
  CHECK(name.nl_pid == 0x10000000 && name.nl_groups == (RTMGRP_LINK | RTMGRP_IPV4_IFADDR));
  CHECK_EQ(setsockopt(third, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &one, sizeof(one)), 0);
  CHECK_EQ(getsockname(third, (void *)&name, &length), 0);
  CHECK_EQ(name.nl_groups, RTMGRP_IPV4_IFADDR);
  int none = 0;
  CHECK_ERRNO(setsockopt(third, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &none, sizeof(none)), EINVAL);
  CHECK_ERRNO(setsockopt(third, SOL_NETLINK, 99, &one, sizeof(one)), ENOPROTOOPT);
  CHECK_ERRNO(setsockopt(third, IPPROTO_TCP, 1, &one, sizeof(one)), ENOPROTOOPT);
  CHECK_EQ(connect(fd, (void *)&other, sizeof(other)), 0);
  CHECK_EQ(getpeername(fd, (void *)&name, &length), 0);
  CHECK(name.nl_pid == 0 && length == sizeof(name));
  CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
  CHECK_ERRNO(accept(fd, NULL, NULL), EOPNOTSUPP);
  CHECK_ERRNO(shutdown(fd, SHUT_RDWR), EOPNOTSUPP);
  CHECK_ERRNO(send(fd, "", 0, 0), ENODATA);
  CHECK_ERRNO(recv(fd, answer, 1, MSG_DONTWAIT), EAGAIN);
  int events = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
  CHECK(events >= 0);
  close(fd), close(second), close(third), close(events);
  // The port id is free again.
  fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  CHECK_EQ(bind(fd, (void *)&other, sizeof(other)), 0);
  CHECK_EQ(getsockname(fd, (void *)&name, &length), 0);
  CHECK_EQ(name.nl_pid, getpid());
  close(fd);
}

static void see_link(struct nlmsghdr *header) {
  struct ifinfomsg *link = NLMSG_DATA(header);
  CHECK_EQ(header->nlmsg_type, RTM_NEWLINK);
  if (link->ifi_index != 1) return;
  seen++;
  CHECK_EQ(link->ifi_type, ARPHRD_LOOPBACK);
  CHECK_EQ(link->ifi_flags, IFF_UP | IFF_LOOPBACK | IFF_RUNNING | 0x10000);
  CHECK(strcmp(attribute(header, sizeof(*link), IFLA_IFNAME), "lo") == 0);
  CHECK_EQ(number(attribute(header, sizeof(*link), IFLA_MTU)), 65536);
  CHECK_EQ(number(attribute(header, sizeof(*link), IFLA_TXQLEN)), 1000);
  CHECK(memcmp(attribute(header, sizeof(*link), IFLA_ADDRESS), "\0\0\0\0\0", 6) == 0);
  CHECK(strcmp(attribute(header, sizeof(*link), IFLA_QDISC), "noqueue") == 0);
  CHECK(attribute(header, sizeof(*link), IFLA_STATS64) != NULL);
}

static void see_address(struct nlmsghdr *header) {
  static const unsigned char loopback6[16] = {[15] = 1};
  struct ifaddrmsg *address = NLMSG_DATA(header);
  CHECK_EQ(header->nlmsg_type, RTM_NEWADDR);
  if (address->ifa_index != 1) return;
  void *bytes = attribute(header, sizeof(*address), IFA_ADDRESS);
  CHECK(bytes != NULL && address->ifa_scope == RT_SCOPE_HOST);
  CHECK_EQ(number(attribute(header, sizeof(*address), IFA_FLAGS)), IFA_F_PERMANENT);
  if (address->ifa_family == AF_INET && ntohl(number(bytes)) == INADDR_LOOPBACK) {
    seen++;
    CHECK_EQ(address->ifa_prefixlen, 8);
    CHECK(strcmp(attribute(header, sizeof(*address), IFA_LABEL), "lo") == 0);
  }
  if (address->ifa_family == AF_INET6 && memcmp(bytes, loopback6, 16) == 0) {
    seen++;
    CHECK_EQ(address->ifa_prefixlen, 128);
  }
}

static void see_route(struct nlmsghdr *header) {
  struct rtmsg *route = NLMSG_DATA(header);
  CHECK_EQ(header->nlmsg_type, RTM_NEWROUTE);
  void *to = attribute(header, sizeof(*route), RTA_DST);
  if (route->rtm_family != AF_INET || to == NULL || ntohl(number(to)) != INADDR_LOOPBACK) return;
  seen++;
  CHECK(route->rtm_type == RTN_LOCAL && route->rtm_table == RT_TABLE_LOCAL &&
        route->rtm_dst_len == 32);
  CHECK_EQ(number(attribute(header, sizeof(*route), RTA_OIF)), 1);
}

static void see_rule(struct nlmsghdr *header) {
  CHECK_EQ(header->nlmsg_type, RTM_NEWRULE);
  seen++;
}

static void see_queue(struct nlmsghdr *header) {
  struct tcmsg *queue = NLMSG_DATA(header);
  CHECK_EQ(header->nlmsg_type, RTM_NEWQDISC);
  if (queue->tcm_ifindex != 1) return;
  seen++;
  CHECK(queue->tcm_family == AF_UNSPEC && queue->tcm_handle == 0);
  CHECK_EQ(queue->tcm_parent, TC_H_ROOT);
  CHECK_EQ(queue->tcm_info, 2);
  CHECK(strcmp(attribute(header, sizeof(*queue), TCA_KIND), "noqueue") == 0);
  struct tc_stats counts = {.bytes = 1};
  memcpy(&counts, attribute(header, sizeof(*queue), TCA_STATS), sizeof(counts));
  CHECK(counts.bytes == 0 && counts.qlen == 0);
}

static void see_any(struct nlmsghdr *header) { CHECK(header->nlmsg_type >= NLMSG_MIN_TYPE); }

static void check_dumps(int fd) {
  struct rtgenmsg any = {AF_UNSPEC}, four = {AF_INET};
  struct ifinfomsg links = {.ifi_family = AF_UNSPEC};
  dump(fd, RTM_GETLINK, &any, sizeof(any), see_link);
  CHECK_EQ(seen, 1);
  dump(fd, RTM_GETLINK, &links, sizeof(links), see_link);
  CHECK_EQ(seen, 2);
  // lo is no port of a bridge.
  links.ifi_family = AF_BRIDGE;
  dump(fd, RTM_GETLINK, &links, sizeof(links), see_link);
  CHECK_EQ(seen, 2);
  dump(fd, RTM_GETADDR, &any, sizeof(any), see_address);
  CHECK_EQ(seen, 4);
  dump(fd, RTM_GETADDR, &four, sizeof(four), see_address);
  CHECK_EQ(seen, 5);
  struct rtmsg routes = {.rtm_family = AF_INET};
  dump(fd, RTM_GETROUTE, &routes, sizeof(routes), see_route);
  CHECK_EQ(seen, 6);
  struct ndmsg neighbours = {.ndm_family = AF_UNSPEC};
  dump(fd, RTM_GETNEIGH, &neighbours, sizeof(neighbours), see_any);
  dump(fd, RTM_GETRULE, &routes, sizeof(routes), see_rule);
  CHECK(seen >= 9);
  struct tcmsg queues = {.tcm_ifindex = 1};
  seen = 0;
  dump(fd, RTM_GETQDISC, &queues, sizeof(queues), see_queue);
  CHECK_EQ(seen, 1);
  dump(fd, RTM_GETTCLASS, &queues, sizeof(queues), see_any);
  dump(fd, RTM_GETTFILTER, &queues, sizeof(queues), see_any);
}

static void check_gets(int fd) {
  struct {
    struct ifinfomsg link;
    struct nlattr header;
    char name[8];
  } named = {{0}, {NLA_HDRLEN + 3, IFLA_IFNAME}, "lo"},
    absent = {{0}, {NLA_HDRLEN + 6, IFLA_IFNAME}, "none9"};
  struct ifinfomsg first = {.ifi_index = 1}, unnamed = {0}, far = {.ifi_index = 0x7000001};
  CHECK_EQ(error_of(fd, RTM_GETLINK, 0, &first, sizeof(first)), 0);
  see_link((void *)answer);
  CHECK_EQ(((struct nlmsghdr *)answer)->nlmsg_flags, 0);
  CHECK_EQ(((struct nlmsghdr *)answer)->nlmsg_pid, getpid());
  CHECK_EQ(error_of(fd, RTM_GETLINK, NLM_F_ACK, &named, sizeof(named)), 0);
  see_link((void *)answer);
  struct nlmsghdr *ack = receive(fd);
  CHECK_EQ(ack->nlmsg_type, NLMSG_ERROR);
  CHECK_EQ(((struct nlmsgerr *)NLMSG_DATA(ack))->error, 0);
  CHECK_EQ(ack->nlmsg_len, NLMSG_LENGTH(sizeof(struct nlmsgerr)));
  CHECK_EQ(error_of(fd, RTM_GETLINK, 0, &absent, sizeof(absent)), ENODEV);
  CHECK_EQ(((struct nlmsghdr *)answer)->nlmsg_len,
           NLMSG_LENGTH(sizeof(struct nlmsgerr) + sizeof(absent)));
  CHECK_EQ(error_of(fd, RTM_GETLINK, 0, &far, sizeof(far)), ENODEV);
  CHECK_EQ(error_of(fd, RTM_GETLINK, 0, &unnamed, sizeof(unnamed)), EINVAL);
  CHECK_EQ(error_of(fd, RTM_GETLINK, 0, &unnamed, 1), EINVAL);
  CHECK_EQ(error_of(fd, 200, 0, &unnamed, sizeof(unnamed)), EOPNOTSUPP);
  struct {
    struct rtmsg route;
    struct nlattr header;
    unsigned char to[4];
  } to = {{.rtm_family = AF_INET, .rtm_dst_len = 32}, {NLA_HDRLEN + 4, RTA_DST}, {127, 1, 2, 3}};
  CHECK_EQ(error_of(fd, RTM_GETROUTE, 0, &to, sizeof(to)), 0);
  struct rtmsg *route = NLMSG_DATA(answer);
  CHECK(route->rtm_type == RTN_LOCAL && route->rtm_dst_len == 32);
  CHECK_EQ(ntohl(number(attribute((void *)answer, sizeof(*route), RTA_PREFSRC))), INADDR_LOOPBACK);
  CHECK_EQ(number(attribute((void *)answer, sizeof(*route), RTA_OIF)), 1);
}

// A datagram may have several requests, and what is no request has no answer.
static void check_several(int fd) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg body;
  } two[2] = {{{sizeof(two[0]), RTM_GETLINK, NLM_F_REQUEST, 1, 0}, {.ifi_index = 1}},
              {{sizeof(two[0]), RTM_GETLINK, NLM_F_REQUEST, 2, 0}, {.ifi_index = 1}}};
  CHECK_EQ(send(fd, two, sizeof(two), 0), sizeof(two));
  CHECK_EQ(receive(fd)->nlmsg_seq, 1);
  CHECK_EQ(receive(fd)->nlmsg_seq, 2);
  two[0].header.nlmsg_len = 8;
  CHECK_EQ(send(fd, two, sizeof(two), 0), sizeof(two));
  two[0].header.nlmsg_len = 4 * sizeof(two);
  CHECK_EQ(send(fd, two, sizeof(two), 0), sizeof(two));
  two[0].header.nlmsg_len = sizeof(two[0]), two[0].header.nlmsg_flags = 0;
  CHECK_EQ(send(fd, two, sizeof(two[0]), 0), sizeof(two[0]));
  CHECK_ERRNO(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
}

// As iproute2 reads: it first asks how long the message is.
static void check_peek(int fd) {
  struct sockaddr_nl from = {0};
  struct iovec none = {NULL, 0};
  struct msghdr message = {
      .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &none, .msg_iovlen = 1};
  struct ifinfomsg first = {.ifi_index = 1};
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  ask(fd, RTM_GETLINK, 0, &first, sizeof(first));
  CHECK_EQ(poll(&ready, 1, 0), 1);
  ssize_t length = recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC);
  CHECK(length > 100);
  CHECK(message.msg_flags & MSG_TRUNC);
  CHECK(from.nl_family == AF_NETLINK && from.nl_pid == 0 && message.msg_namelen == sizeof(from));
  CHECK_EQ(recv(fd, answer, sizeof(answer), 0), length);
  CHECK_EQ(poll(&ready, 1, 0), 0);
}

static void check_changes(void) {
  pid_t child = fork();
  if (child == 0) {
    CHECK(geteuid() != 0 || setuid(12345) == 0);
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    struct ifinfomsg lo = {.ifi_index = 1, .ifi_change = IFF_UP};
    struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_index = 1};
    struct rtmsg route = {.rtm_family = AF_INET};
    CHECK_EQ(error_of(fd, RTM_NEWLINK, NLM_F_ACK, &lo, sizeof(lo)), EPERM);
    CHECK_EQ(error_of(fd, RTM_DELLINK, NLM_F_ACK, &lo, sizeof(lo)), EPERM);
    CHECK_EQ(error_of(fd, RTM_NEWADDR, NLM_F_ACK, &address, sizeof(address)), EPERM);
    CHECK_EQ(error_of(fd, RTM_DELROUTE, NLM_F_ACK, &route, sizeof(route)), EPERM);
    _exit(finish());
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

static void check_libc(void) {
  struct ifaddrs *all = NULL;
  int found = 0;
  CHECK_EQ(getifaddrs(&all), 0);
  for (struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
    if (strcmp(each->ifa_name, "lo") != 0 || each->ifa_addr == NULL) continue;
    CHECK((each->ifa_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK));
    if (each->ifa_addr->sa_family == AF_PACKET) found |= 1;
    if (each->ifa_addr->sa_family == AF_INET &&
        ntohl(((struct sockaddr_in *)each->ifa_netmask)->sin_addr.s_addr) == 0xff000000)
      found |= 2;
    if (each->ifa_addr->sa_family == AF_INET6 &&
        IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)each->ifa_addr)->sin6_addr))
      found |= 4;
  }
  CHECK_EQ(found, 7);
  freeifaddrs(all);
  struct if_nameindex *names = if_nameindex();
  CHECK(names != NULL && names[0].if_index == 1 && strcmp(names[0].if_name, "lo") == 0);
  if_freenameindex(names);
  CHECK_EQ(if_nametoindex("lo"), 1);
}

int main(void) {
  check_sockets();
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  check_dumps(fd);
  check_gets(fd);
  check_several(fd);
  check_peek(fd);
  close(fd);
  check_changes();
  check_libc();
  return finish();
}
