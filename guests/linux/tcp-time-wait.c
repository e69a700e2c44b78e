// tcp-time-wait: who closes a TCP connection first holds its port for a while, and how that is shown. man 7 tcp, socket; RFC 9293, 3.6.
//
//   tcp-time-wait [COUNT]    with so many connections in the end; 30,000 are more than there are ports
// not in CI's beds: emulation makes it slow
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "netlink.h"
#include "own-network.h"
#include "processes.h"
#include "tcp.h"

// Of the connections of all programs that Linux keeps in TIME_WAIT, all.
static char text[32 << 20];

// The last words of the row of a connection, after its addresses; empty: there is none.
static const char *row_of(struct address local, struct address remote) {
  static char row[256];
  char both[160], *end = both;
  struct address ends[] = {local, remote};
  bool is6 = local.any.sa_family == AF_INET6;
  for (int i = 0; i < 2; i++) {
    const uint32_t *words = is6 ? ends[i].v6.sin6_addr.s6_addr32 : &ends[i].v4.sin_addr.s_addr;
    for (int word = 0; word < (is6 ? 4 : 1); word++) end += sprintf(end, "%08X", words[word]);
    end += sprintf(end, ":%04X ", port_of(ends[i]));
  }
  ssize_t length = read_file(is6 ? "/proc/net/tcp6" : "/proc/net/tcp", text, sizeof(text) - 1);
  CHECK(length > 0);
  text[length > 0 ? length : 0] = row[0] = 0;
  const char *found = strstr(text, both);
  if (found != NULL) snprintf(row, sizeof(row), "%.*s", (int)strcspn(found + strlen(both), "\n"), found + strlen(both));
  return row;
}

// TCP_*, or 0: there is no such connection.
static int tcp_state(struct address local, struct address remote) {
  return (int)strtol(row_of(local, remote), NULL, 16);
}

static int bound(struct address address, bool reuses) {
  int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
  REQUIRE(fd >= 0);
  if (reuses) CHECK_EQ(set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  if (bind_at(fd, address) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static bool can_bind(struct address address, bool reuses) {
  int fd = bound(address, reuses);
  if (fd < 0) CHECK(errno == EADDRINUSE);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// Closes one end first, then the other, when it knows.
static void close_first(int first, int second) {
  char byte;
  close(first);
  CHECK_EQ(read(second, &byte, 1), 0);
  close(second);
}

static void check_client(bool reuses) {
  int listener = tcp_listener(), client = tcp_socket();
  if (reuses) CHECK_EQ(set_number(client, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  int server = accept(listener, NULL, NULL);
  struct address local = name_of(client), remote = name_of(server);
  close_first(client, server);
  CHECK_EQ(tcp_state(local, remote), TCP_TIME_WAIT);
  CHECK_EQ(tcp_state(remote, local), 0);
  CHECK(!can_bind(local, false));
  // Both have to say so.
  CHECK(can_bind(local, true) == reuses);
  CHECK(!can_bind(ipv4("0.0.0.0", port_of(local)), false));
  CHECK(can_bind(ipv4("127.0.0.2", port_of(local)), false));
  // The other end's port has its listener alone.
  close(listener);
  CHECK(can_bind(remote, false));
}

static void check_server(bool reuses) {
  int listener = tcp_socket();
  if (reuses) CHECK_EQ(set_number(listener, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  CHECK_EQ(bind_at(listener, ipv4("127.0.0.1", 0)), 0);
  CHECK_EQ(listen(listener, 4), 0);
  int s[2];
  connect_pair(listener, s);
  struct address server = name_of(listener), client = name_of(s[0]);
  close(listener);
  close_first(s[1], s[0]);
  CHECK_EQ(tcp_state(server, client), TCP_TIME_WAIT);
  CHECK(!can_bind(server, false));
  CHECK(can_bind(server, true) == reuses);
  // The client's port is free, and a new connection from there takes the place of the old one.
  listener = bound(server, true);
  int again = bound(client, false);
  CHECK(again >= 0 && (listener >= 0) == reuses);
  if (listener >= 0) {
    CHECK_EQ(listen(listener, 4), 0);
    CHECK_EQ(connect_at(again, server), 0);
    CHECK_EQ(tcp_state(server, client), TCP_ESTABLISHED);
    close(listener);
  }
  close(again);
}

// The same two ends can be connected anew by a socket that has chosen its port.
static void check_same_ends(void) {
  int listener = tcp_listener(), client = bound(ipv4("127.0.0.1", 0), true);
  struct address local = name_of(client);
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(connect_at(client, name_of(listener)), 0);
    close_first(client, accept(listener, NULL, NULL));
    CHECK_EQ(tcp_state(local, name_of(listener)), TCP_TIME_WAIT);
    client = bound(local, true);
    CHECK(client >= 0);
  }
  close(client), close(listener);
}

static void check_reuse_port(void) {
  int listener = tcp_listener(), client = tcp_socket();
  CHECK_EQ(set_number(client, SOL_SOCKET, SO_REUSEPORT, 1), 0);
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  struct address local = name_of(client);
  close_first(client, accept(listener, NULL, NULL));
  CHECK(!can_bind(local, false) && !can_bind(local, true));
  // Of another user, too.
  CHECK_IN_CHILD {
    if (geteuid() == 0) become_lone_user();
    int fd = tcp_socket();
    CHECK_EQ(set_number(fd, SOL_SOCKET, SO_REUSEPORT, 1), 0);
    CHECK_EQ(bind_at(fd, local), 0);
  }
  close(listener);
}

// The socket is open still, and has no connection.
static void check_open_socket(void) {
  int listener = tcp_listener(), s[2];
  char byte;
  connect_pair(listener, s);
  struct address local = name_of(s[0]), remote = name_of(s[1]);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK(EVENTUALLY(tcp_state(local, remote) == TCP_FIN_WAIT2));
  CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
  CHECK_EQ(read(s[0], &byte, 1), 0);
  CHECK_EQ(tcp_state(local, remote), TCP_TIME_WAIT);
  CHECK_EQ(tcp_state(remote, local), 0);
  CHECK_ERRNO(getpeername(s[0], &(struct sockaddr){0}, &(socklen_t){0}), ENOTCONN);
  CHECK(!can_bind(local, false));
  close_pair(s);
  CHECK_EQ(tcp_state(local, remote), TCP_TIME_WAIT);
  close(listener);
}

static void check_resets(void) {
  int listener = tcp_listener(), s[2];
  struct address local;
  // At once, or when the other end has ended: no trace is left.
  for (int has_ended = 0; has_ended <= 1; has_ended++) {
    connect_pair(listener, s);
    local = name_of(s[0]);
    if (has_ended) CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
    linger_not(s[0]);
    close(s[0]);
    CHECK_EQ(tcp_state(local, name_of(listener)), 0);
    CHECK(can_bind(local, false));
    close(s[1]);
  }
  // The closed end learns that the other one was reset.
  connect_pair(listener, s);
  local = name_of(s[0]);
  close(s[0]);
  CHECK(EVENTUALLY(tcp_state(local, name_of(listener)) == TCP_FIN_WAIT2));
  CHECK(!can_bind(local, false));
  linger_not(s[1]);
  close(s[1]);
  CHECK_EQ(tcp_state(local, name_of(listener)), 0);
  CHECK(can_bind(local, false));
  // Bytes for an end that is closed come back as a reset.
  connect_pair(listener, s);
  local = name_of(s[0]);
  close(s[0]);
  CHECK_EQ(send(s[1], "x", 1, 0), 1);
  CHECK(EVENTUALLY(tcp_state(local, name_of(listener)) == 0));
  CHECK(can_bind(local, false));
  CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  close(s[1]);
  // TCP_LINGER2 below 0: it does not wait for the other end.
  connect_pair(listener, s);
  local = name_of(s[0]);
  CHECK_EQ(set_number(s[0], SOL_TCP, TCP_LINGER2, -1), 0);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK(EVENTUALLY(tcp_state(local, name_of(listener)) == TCP_FIN_WAIT2));
  close(s[0]);
  CHECK_EQ(tcp_state(local, name_of(listener)), 0);
  CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  close(s[1]), close(listener);
}

static void check_row(struct address listening) {
  int listener = listener_at(listening, 4), s[2];
  char row[256], copy[256];
  unsigned state, sent, received, timer, retransmits, uid, timeout, references;
  unsigned long when, inode;
  connect_pair(listener, s);
  struct address local = name_of(s[0]), remote = name_of(s[1]);
  for (int other_ended = 0; other_ended <= 1; other_ended++) {
    close(s[other_ended]);
    CHECK(EVENTUALLY(tcp_state(local, remote) == (other_ended ? TCP_TIME_WAIT : TCP_FIN_WAIT2)));
    strcpy(row, row_of(local, remote));
    CHECK_EQ(sscanf(row, "%X %X:%X %X:%lX %X %u %u %lu %u", &state, &sent, &received, &timer, &when, &retransmits,
                    &uid, &timeout, &inode, &references),
             10);
    CHECK(timer == 3 && when > 0 && when <= 6001 && sent == 0 && received == 0 && inode == 0 && references == 3);
    int length = snprintf(copy, sizeof(copy), "%02X 00000000:00000000 03:%08lX 00000000     0        0 0 3 ", state, when);
    CHECK(strncmp(row, copy, length) == 0);
    CHECK_EQ(strspn(row + length, "0123456789abcdef"), 16);
    // Lines of IPv4 are as long as all others.
    CHECK(listening.any.sa_family == AF_INET6 ? row[length + 16] == 0 : strlen(row) == 149 - 34);
  }
  close(listener);
}

static struct inet_diag_msg shown;
static int count;

static void see(struct nlmsghdr *header) {
  shown = *(struct inet_diag_msg *)NLMSG_DATA(header);
  count++;
  CHECK(attribute(header, sizeof(shown), INET_DIAG_SHUTDOWN) == NULL);
}

static void check_diag(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), s[2];
  if (!lists_sockets(fd, AF_INET, IPPROTO_TCP)) return;
  int listener = tcp_listener();
  connect_pair(listener, s);
  struct address local = name_of(s[0]), remote = name_of(s[1]);
  close(s[0]);
  for (int other_ended = 0; other_ended <= 1; other_ended++) {
    int state = other_ended ? TCP_TIME_WAIT : TCP_FIN_WAIT2;
    if (other_ended) close(s[1]);
    CHECK(EVENTUALLY(tcp_state(local, remote) == state));
    struct inet_diag_req_v2 request = {
        .sdiag_family = AF_INET,
        .sdiag_protocol = IPPROTO_TCP,
        .idiag_states = 1u << state,
        .id = {.idiag_sport = htons(port_of(local)), .idiag_dport = htons(port_of(remote))}};
    count = 0;
    dump(fd, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), see);
    CHECK_EQ(count, 1);
    CHECK(shown.idiag_family == AF_INET && shown.idiag_state == state && shown.idiag_timer == 3);
    CHECK(shown.idiag_expires > 0 && shown.idiag_expires <= 60010 && shown.idiag_retrans == 0);
    CHECK(shown.idiag_inode == 0 && shown.idiag_uid == 0 && shown.idiag_rqueue == 0 && shown.idiag_wqueue == 0);
    CHECK(shown.id.idiag_src[0] == htonl(INADDR_LOOPBACK) && shown.id.idiag_dst[0] == htonl(INADDR_LOOPBACK));
    request.idiag_states = ~(1u << state);
    count = 0;
    dump(fd, SOCK_DIAG_BY_FAMILY, &request, sizeof(request), see);
    CHECK_EQ(count, 0);
  }
  close(fd), close(listener);
}

static int waiting_ends(void) {
  int waits = -1;
  CHECK(read_file("/proc/net/sockstat", text, sizeof(text)) > 0);
  CHECK_EQ(sscanf(strstr(text, "TCP:"), "TCP: inuse %*d orphan %*d tw %d", &waits), 1);
  return waits;
}

// One after the other, to one server. Of more than there are ports, a port that was used a second ago can be used again.
static void check_many(int most) {
  int listener = tcp_listener(), made;
  for (made = 0; made < 100 || (made < most && !is_late()); made++) {
    int client = tcp_socket(), server;
    // All ports have been used within the last second.
    CHECK(EVENTUALLY(connect_at(client, name_of(listener)) == 0 || errno != EADDRNOTAVAIL));
    CHECK((server = accept(listener, NULL, NULL)) >= 0);
    close(client), close(server);
    if (server < 0) break;
  }
  CHECK(waiting_ends() > 0);
  close(listener);
}

int main(int argc, char **argv) {
  limit_time();
  enter_own_network();
  for (int reuses = 0; reuses <= 1; reuses++) check_client(reuses), check_server(reuses);
  check_same_ends();
  check_reuse_port();
  check_open_socket();
  check_resets();
  check_row(ipv4("127.0.0.1", 0));
  check_row(ipv6("::1", 0));
  check_diag();
  check_many(argc > 1 ? atoi(argv[1]) : 3000);
  return finish();
}
