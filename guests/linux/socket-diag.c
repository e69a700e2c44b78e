// socket-diag: sockets of this program, with the inodes that its descriptors have, as ss(8) asks for them. man 7 sock_diag.
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "netlink.h"
#include "processes.h"

enum { MOST = 64 };

// What a dump has told of this program's sockets.
static struct {
  ino_t inode;
  int state, receive, send, type, peer;
  uint16_t from, to;
  char name[16];
} shown[MOST];
static int count;

static ino_t inode_of(int fd) {
  struct stat about = {0};
  CHECK_EQ(fstat(fd, &about), 0);
  return about.st_ino;
}

static int place_of(int fd) {
  for (int i = 0; i < count; i++)
    if (shown[i].inode == inode_of(fd)) return i;
  return -1;
}

static int has_nobodys(void) {
  for (int i = 0; i < count; i++)
    if (shown[i].inode == 0) return 1;
  return 0;
}

static void see_inet(struct nlmsghdr *header) {
  struct inet_diag_msg *socket = NLMSG_DATA(header);
  CHECK_EQ(header->nlmsg_type, SOCK_DIAG_BY_FAMILY);
  if (count == MOST) return;
  shown[count].inode = socket->idiag_inode;
  shown[count].state = socket->idiag_state;
  shown[count].receive = socket->idiag_rqueue;
  shown[count].send = socket->idiag_wqueue;
  shown[count].from = ntohs(socket->id.idiag_sport);
  shown[count++].to = ntohs(socket->id.idiag_dport);
}

static void see_unix(struct nlmsghdr *header) {
  struct unix_diag_msg *socket = NLMSG_DATA(header);
  CHECK_EQ(header->nlmsg_type, SOCK_DIAG_BY_FAMILY);
  uint32_t *peer = attribute(header, sizeof(*socket), UNIX_DIAG_PEER),
           *queue = attribute(header, sizeof(*socket), UNIX_DIAG_RQLEN);
  char *name = attribute(header, sizeof(*socket), UNIX_DIAG_NAME);
  if (count == MOST) return;
  memset(&shown[count], 0, sizeof(shown[count]));
  shown[count].inode = socket->udiag_ino;
  shown[count].state = socket->udiag_state;
  shown[count].type = socket->udiag_type;
  shown[count].peer = peer == NULL ? 0 : *peer;
  shown[count].receive = queue == NULL ? -1 : (int)queue[0];
  shown[count].send = queue == NULL ? -1 : (int)queue[1];
  if (name != NULL) memcpy(shown[count].name, name, 4);
  count++;
}

static uint16_t port_of(int fd) {
  struct sockaddr_in name = {0};
  socklen_t length = sizeof(name);
  CHECK_EQ(getsockname(fd, (void *)&name, &length), 0);
  return ntohs(name.sin_port);
}

// Only sockets of that port: other programs may have many.
static void dump_port(int fd, int protocol, uint32_t states, uint16_t port) {
  struct inet_diag_req_v2 request = {.sdiag_family = AF_INET,
                                     .sdiag_protocol = protocol,
                                     .idiag_states = states,
                                     .id = {.idiag_sport = htons(port)}};
  count = 0;
  dump(fd, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), see_inet);
}

static void check_tcp(int fd) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0),
      waiting = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_EQ(bind(listener, (void *)&address, sizeof(address)), 0);
  CHECK_EQ(listen(listener, 5), 0);
  uint16_t port = port_of(listener);
  address.sin_port = htons(port);
  CHECK_EQ(connect(client, (void *)&address, sizeof(address)), 0);
  int server = accept(listener, NULL, NULL);
  CHECK_EQ(connect(waiting, (void *)&address, sizeof(address)), 0);
  CHECK_EQ(send(client, "hello", 5, 0), 5);
  // Linux may deliver later; and a connection of another program may come from the same port.
  CHECK(EVENTUALLY((dump_port(fd, IPPROTO_TCP, -1, port), place_of(server) >= 0) &&
                   shown[place_of(server)].receive == 5 && place_of(listener) >= 0 &&
                   shown[place_of(listener)].receive == 1));
  CHECK(count >= 3);
  int at = place_of(listener);
  CHECK(at >= 0 && shown[at].state == TCP_LISTEN && shown[at].receive == 1 && shown[at].send == 5 &&
        shown[at].to == 0);
  at = place_of(server);
  CHECK(at >= 0 && shown[at].state == TCP_ESTABLISHED && shown[at].receive == 5 &&
        shown[at].to == port_of(client));
  dump_port(fd, IPPROTO_TCP, 1 << TCP_LISTEN, port);
  CHECK(count == 1 && shown[0].inode == inode_of(listener));
  // Nobody has accepted it: it has no inode.
  dump_port(fd, IPPROTO_TCP, 1 << TCP_ESTABLISHED, port);
  CHECK(count >= 2);
  CHECK(has_nobodys());
  dump_port(fd, IPPROTO_TCP, -1, port_of(client));
  at = place_of(client);
  CHECK(at >= 0 && shown[at].state == TCP_ESTABLISHED && shown[at].to == port);

  // One socket, by its endpoints.
  struct inet_diag_req_v2 one = {
      .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = -1};
  one.id = (struct inet_diag_sockid){
      .idiag_sport = htons(port), .idiag_src = {htonl(INADDR_LOOPBACK)}, .idiag_cookie = {-1, -1}};
  CHECK_EQ(error_of(fd, SOCK_DIAG_BY_FAMILY, 0, &one, sizeof(one)), 0);
  CHECK_EQ(((struct inet_diag_msg *)NLMSG_DATA(answer))->idiag_inode, inode_of(listener));

  // `sport >= PORT`, as ss compiles it.
  struct {
    struct inet_diag_req_v2 request;
    struct nlattr header;
    struct inet_diag_bc_op code[2];
  } filtered = {{.sdiag_family = AF_INET,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = 1 << TCP_LISTEN,
                 .id = {.idiag_sport = htons(port)}},
                {NLA_HDRLEN + 8, INET_DIAG_REQ_BYTECODE},
                {{INET_DIAG_BC_S_GE, 8, 12}, {0, 0, port}}};
  count = 0;
  dump(fd, SOCK_DIAG_BY_FAMILY, &filtered, sizeof(filtered), see_inet);
  CHECK_EQ(count, 1);
  filtered.code[1].no = port + 1, count = 0;
  dump(fd, SOCK_DIAG_BY_FAMILY, &filtered, sizeof(filtered), see_inet);
  CHECK_EQ(count, 0);
  close(listener), close(client), close(waiting), close(server);
  dump_port(fd, IPPROTO_TCP, 1 << TCP_LISTEN, port);
  CHECK_EQ(count, 0);
  CHECK_EQ(error_of(fd, SOCK_DIAG_BY_FAMILY, 0, &one, sizeof(one)), ENOENT);
}

static void check_udp(int fd) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK_EQ(bind(socket_fd, (void *)&address, sizeof(address)), 0);
  uint16_t port = port_of(socket_fd);
  dump_port(fd, IPPROTO_UDP, -1, port);
  CHECK(count == 1 && shown[0].inode == inode_of(socket_fd) && shown[0].state == TCP_CLOSE &&
        shown[0].to == 0);
  address.sin_port = htons(port);
  CHECK_EQ(connect(socket_fd, (void *)&address, sizeof(address)), 0);
  dump_port(fd, IPPROTO_UDP, 1 << TCP_ESTABLISHED, port);
  CHECK(count == 1 && shown[0].to == port);
  close(socket_fd);
}

static struct unix_diag_req unix_request(int fd) {
  return (struct unix_diag_req){.sdiag_family = AF_UNIX,
                                .udiag_states = -1,
                                .udiag_ino = fd < 0 ? 0 : inode_of(fd),
                                .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN,
                                .udiag_cookie = {-1, -1}};
}

static int look_up(int fd, int socket_fd) {
  struct unix_diag_req request = unix_request(socket_fd);
  count = 0;
  int error = error_of(fd, SOCK_DIAG_BY_FAMILY, 0, &request, sizeof(request));
  if (error == 0) see_unix((void *)answer);
  return error;
}

static void check_unix(int fd) {
  struct sockaddr_un any = {.sun_family = AF_UNIX}, name = {0};
  socklen_t length = sizeof(name);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), pair[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  CHECK_EQ(bind(listener, (void *)&any, sizeof(any.sun_family)), 0);
  CHECK_EQ(listen(listener, 3), 0);
  CHECK_EQ(getsockname(listener, (void *)&name, &length), 0);
  CHECK_EQ(connect(client, (void *)&name, length), 0);
  CHECK_EQ(look_up(fd, listener), 0);
  CHECK(shown[0].state == TCP_LISTEN && shown[0].receive == 1 && shown[0].send == 3);
  CHECK(memcmp(shown[0].name, name.sun_path, 4) == 0);
  CHECK_EQ(look_up(fd, pair[0]), 0);
  CHECK(shown[0].state == TCP_ESTABLISHED && shown[0].type == SOCK_SEQPACKET &&
        shown[0].peer == (int)inode_of(pair[1]));
  CHECK_EQ(look_up(fd, -1), EINVAL);
  close(pair[1]);
  CHECK_EQ(look_up(fd, pair[0]), 0);
  close(pair[0]), close(client), close(listener);
}

static void check_errors(int fd) {
  struct inet_diag_req_v2 request = {.sdiag_family = 5};
  CHECK_EQ(error_of(fd, SOCK_DIAG_BY_FAMILY, 0, &request, sizeof(request)), ENOENT);
  CHECK_EQ(error_of(fd, SOCK_DIAG_BY_FAMILY, 0, &request, 1), EINVAL);
  CHECK_EQ(error_of(fd, 99, 0, &request, sizeof(request)), EINVAL);
}

int main(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  CHECK(fd >= 0);
  if (!lists_sockets(fd, AF_INET, IPPROTO_TCP) || !lists_sockets(fd, AF_INET, IPPROTO_UDP) ||
      !lists_sockets(fd, AF_UNIX, 0))
    return finish();
  check_tcp(fd);
  check_udp(fd);
  check_unix(fd);
  check_errors(fd);
  return finish();
}
