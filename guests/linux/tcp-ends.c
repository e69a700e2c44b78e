// tcp-ends: the end of a connection as getsockname(2), bind(2), /proc/net/tcp and sock_diag(7) show it. man 2 getsockname, 7 sock_diag.
//
// tcp-ends ADDRESS PORT   of connections out of a sandbox, whose ends show nothing of its host

#include <sys/ioctl.h>

#include "netlink.h"
#include "processes.h"
#include "tcp.h"

static ino_t inode_of(int fd) {
  struct stat about = {0};
  CHECK_EQ(fstat(fd, &about), 0);
  return about.st_ino;
}

static bool is_in_table(int fd, struct address local, struct address remote) {
  char wanted[64], line[512];
  snprintf(wanted, sizeof(wanted), " %08X:%04X %08X:%04X ", local.v4.sin_addr.s_addr,
           port_of(local), remote.v4.sin_addr.s_addr, port_of(remote));
  FILE *table = fopen("/proc/self/net/tcp", "re");
  REQUIRE(table != NULL);
  bool is_found = false;
  unsigned long inode;
  while (!is_found && fgets(line, sizeof(line), table) != NULL)
    is_found = strstr(line, wanted) != NULL &&
               sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &inode) == 1 &&
               inode == inode_of(fd);
  fclose(table);
  return is_found;
}

static void check_diag(int fd, struct address local, struct address remote) {
  int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  REQUIRE(netlink >= 0);
  struct inet_diag_req_v2 one = {
      .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = -1};
  one.id = (struct inet_diag_sockid){.idiag_sport = local.v4.sin_port,
                                     .idiag_dport = remote.v4.sin_port,
                                     .idiag_src = {local.v4.sin_addr.s_addr},
                                     .idiag_dst = {remote.v4.sin_addr.s_addr},
                                     .idiag_cookie = {-1, -1}};
  if (lists_sockets(netlink, AF_INET, IPPROTO_TCP)) {
    CHECK_EQ(error_of(netlink, SOCK_DIAG_BY_FAMILY, 0, &one, sizeof(one)), 0);
    CHECK_EQ(((struct inet_diag_msg *)NLMSG_DATA(answer))->idiag_inode, inode_of(fd));
  }
  close(netlink);
}

static bool is_loopback(struct address address) {
  if (address.any.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr) == INADDR_LOOPBACK;
  const struct in6_addr *ip = &address.v6.sin6_addr;
  return IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127;
}

static void check_ends(int fd, struct address remote) {
  struct address local = name_of(fd);
  CHECK(is_loopback(local));
  CHECK(port_of(local) != 0);
  CHECK(is_same(peer_of(fd), remote));
  if (remote.any.sa_family != AF_INET) return;
  CHECK(is_in_table(fd, local, remote));
  check_diag(fd, local, remote);
  int other = tcp_socket();
  CHECK_ERRNO(bind_at(other, local), EADDRINUSE);
  close(other);
}

// What was sent has gone to the peer.
static void check_sending(int fd) {
  int waiting = -1;
  CHECK_EQ(send(fd, "hello", 5, 0), 5);
  CHECK(EVENTUALLY(ioctl(fd, TIOCOUTQ, &waiting) == 0 && waiting == 0));
}

// The same before it is connected and after.
static void check_later(struct address remote) {
  int fd = tcp_socket();
  set_nonblocking(fd);
  CHECK(connect_at(fd, remote) == 0 || errno == EINPROGRESS);
  struct address before = name_of(fd);
  CHECK(await(fd, POLLOUT) & POLLOUT);
  CHECK(is_same(name_of(fd), before));
  check_ends(fd, remote);
  close(fd);
}

static void check_bound(struct address remote) {
  int fd = tcp_socket();
  REQUIRE(bind_at(fd, ipv4("0.0.0.0", 0)) == 0);
  int port = port_of(name_of(fd));
  CHECK_EQ(connect_at(fd, remote), 0);
  CHECK_EQ(port_of(name_of(fd)), port);
  check_ends(fd, remote);
  close(fd);
}

static void check_mapped(const char *ip, int port) {
  char mapped[64];
  snprintf(mapped, sizeof(mapped), "::ffff:%s", ip);
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  CHECK_EQ(connect_at(fd, ipv6(mapped, port)), 0);
  check_ends(fd, ipv6(mapped, port));
  close(fd);
}

static void check_connections(const char *ip, int port) {
  int fd = tcp_socket();
  CHECK_EQ(connect_at(fd, ipv4(ip, port)), 0);
  check_ends(fd, ipv4(ip, port));
  check_sending(fd);
  close(fd);
  check_later(ipv4(ip, port));
  check_bound(ipv4(ip, port));
  check_mapped(ip, port);
}

int main(int argc, char **argv) {
  limit_time();
  if (argc == 3) {
    check_connections(argv[1], atoi(argv[2]));
    return finish();
  }
  int listener = tcp_listener();
  check_connections("127.0.0.1", port_of(name_of(listener)));
  close(listener);
  return finish();
}
