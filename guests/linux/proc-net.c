// proc-net: how /proc/net shows the program's own sockets, and what /proc/sys/net says. man 5 proc_pid_net, man 7 ip, man 7 unix.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "processes.h"

#define TCP_LINE 150
#define UDP_LINE 128

// Of the 65,536 connections that Linux keeps in TIME_WAIT, all.
static char text[16 << 20];

static const char *read_net(const char *name) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/net/%s", name);
  ssize_t length = read_file(path, text, sizeof(text) - 1);
  CHECK(length > 0);
  text[length > 0 ? length : 0] = 0;
  return text;
}

// The line that contains a word, without its end; empty if there is none: a table that changes meanwhile may lose a line.
static const char *line_with(const char *name, const char *word) {
  static char line[512];
  read_net(name);
  line[0] = 0;
  char *found = strstr(text, word);
  if (found == NULL) return line;
  while (found > text && found[-1] != '\n') found--;
  snprintf(line, sizeof(line), "%.*s", (int)strcspn(found, "\n"), found);
  return line;
}

static unsigned long inode_of(int fd) {
  struct stat status;
  REQUIRE(fstat(fd, &status) == 0);
  return status.st_ino;
}

typedef struct {
  unsigned state, sent, received, uid;
  unsigned long inode;
} Row;

// The row of the socket whose addresses are these, in a table of internet sockets.
static Row row_of(const char *name, const char *addresses) {
  Row row = {0};
  const char *line = line_with(name, addresses);
  if (*line == 0) return row;
  const char *rest = strstr(line, addresses) + strlen(addresses);
  unsigned timer, retransmits, timeout;
  unsigned long when;
  CHECK_EQ(sscanf(rest, " %X %X:%X %X:%lX %X %u %u %lu", &row.state, &row.sent, &row.received,
                  &timer, &when, &retransmits, &row.uid, &timeout, &row.inode),
           9);
  return row;
}

static int port_of(int fd) {
  struct sockaddr_in6 address;
  socklen_t length = sizeof(address);
  REQUIRE(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
  return ntohs(address.sin6_port);
}

static int bound(int type) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, type, 0);
  REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
  return fd;
}

static int connected_to(int other, int type) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr = {htonl(INADDR_LOOPBACK)},
                                .sin_port = htons(port_of(other))};
  int fd = socket(AF_INET, type, 0);
  REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
  return fd;
}

// The addresses of a socket and its peer as IPv4 tables have them; port 0: none.
static const char *addresses(int port, int peer) {
  static char both[64];
  snprintf(both, sizeof(both), "0100007F:%04X %s:%04X", port, peer ? "0100007F" : "00000000", peer);
  return both;
}

static void check_tcp(void) {
  int listener = bound(SOCK_STREAM), port = port_of(listener);
  CHECK(EVENTUALLY(*line_with("tcp", addresses(port, 0)) == 0));
  REQUIRE(listen(listener, 4) == 0);
  Row row = row_of("tcp", addresses(port, 0));
  CHECK_EQ(row.state, 0x0a);
  CHECK_EQ(row.inode, inode_of(listener));
  CHECK_EQ(row.uid, geteuid());
  CHECK_EQ(row.received, 0);
  CHECK_EQ(strlen(line_with("tcp", addresses(port, 0))), TCP_LINE - 1);

  int client = connected_to(listener, SOCK_STREAM), client_port = port_of(client);
  CHECK(EVENTUALLY(row_of("tcp", addresses(port, 0)).received == 1));
  row = row_of("tcp", addresses(port, client_port));
  CHECK_EQ(row.state, 1);
  CHECK_EQ(row.inode, 0);
  int server = accept(listener, NULL, NULL);
  REQUIRE(server >= 0);
  CHECK(EVENTUALLY(row_of("tcp", addresses(port, 0)).received == 0));
  CHECK(EVENTUALLY(row_of("tcp", addresses(port, client_port)).inode == inode_of(server)));
  CHECK_EQ(send(client, "hello", 5, 0), 5);
  CHECK(EVENTUALLY(row_of("tcp", addresses(port, client_port)).received == 5));
  CHECK(EVENTUALLY((row = row_of("tcp", addresses(client_port, port))).state == 1 && row.sent == 0));
  CHECK_EQ(row.inode, inode_of(client));

  CHECK_EQ(shutdown(client, SHUT_WR), 0);
  // Until the other side has acknowledged it, FIN_WAIT1.
  unsigned ended = row_of("tcp", addresses(client_port, port)).state;
  CHECK(ended == 4 || ended == 5);
  CHECK(EVENTUALLY(row_of("tcp", addresses(port, client_port)).state == 8));
  close(server);
  close(client);
  close(listener);
  CHECK(EVENTUALLY(*line_with("tcp", addresses(port, 0)) == 0));
}

static void check_tcp6(void) {
  char both[128];
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
          listen(fd, 1) == 0);
  snprintf(both, sizeof(both),
           "00000000000000000000000001000000:%04X 00000000000000000000000000000000:0000",
           port_of(fd));
  Row row = row_of("tcp6", both);
  CHECK_EQ(row.state, 0x0a);
  CHECK_EQ(row.inode, inode_of(fd));
  CHECK_EQ(*line_with("tcp", both), 0);
  close(fd);
}

static void check_udp(void) {
  int receiver = bound(SOCK_DGRAM), port = port_of(receiver);
  int sender = connected_to(receiver, SOCK_DGRAM), sender_port = port_of(sender);
  Row row = row_of("udp", addresses(port, 0));
  CHECK_EQ(row.state, 7);
  CHECK_EQ(row.inode, inode_of(receiver));
  CHECK_EQ(row.received, 0);
  CHECK_EQ(strlen(line_with("udp", addresses(port, 0))), UDP_LINE - 1);
  CHECK_EQ(row_of("udp", addresses(sender_port, port)).state, 1);
  CHECK_EQ(send(sender, "hello", 5, 0), 5);
  CHECK(EVENTUALLY(row_of("udp", addresses(port, 0)).received >= 5));
  close(sender);
  close(receiver);
  CHECK(EVENTUALLY(*line_with("udp", addresses(port, 0)) == 0));
}

// The numbers before a UNIX socket's inode, and its name.
static void check_unix_row(int fd, unsigned expected_flags, unsigned expected_type,
                           unsigned expected_state, const char *name) {
  char inode[32];
  unsigned references, protocol, flags, type, state;
  unsigned long shown;
  snprintf(inode, sizeof(inode), " %lu", inode_of(fd));
  const char *line = line_with("unix", inode);
  int end = 0;
  CHECK_EQ(sscanf(line, "%*x: %X %X %X %X %X %lu%n", &references, &protocol, &flags, &type, &state,
                  &shown, &end),
           6);
  CHECK_EQ(shown, inode_of(fd));
  CHECK_EQ(flags, expected_flags);
  CHECK_EQ(type, expected_type);
  CHECK_EQ(state, expected_state);
  CHECK(strcmp(line + end, name) == 0);
}

static void check_unix(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "path"};
  int fds[2], fd = socket(AF_UNIX, SOCK_STREAM, 0);
  enter_scratch();
  CHECK(strncmp(read_net("unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n",
                56) == 0);
  REQUIRE(fd >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0);
  check_unix_row(fd, 0, SOCK_STREAM, 1, "");
  check_unix_row(fds[1], 0, SOCK_SEQPACKET, 3, "");
  REQUIRE(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
  check_unix_row(fd, 0x10000, SOCK_STREAM, 1, " path");
  int named = socket(AF_UNIX, SOCK_DGRAM, 0);
  memcpy(address.sun_path, "\0a\0b", 4);
  char name[32];
  int length = snprintf(name, sizeof(name), " @a@b%d", getpid());
  snprintf(address.sun_path + 4, 32, "%d", getpid());
  REQUIRE(bind(named, (struct sockaddr *)&address,
               offsetof(struct sockaddr_un, sun_path) + length - 1) == 0);
  check_unix_row(named, 0, SOCK_DGRAM, 1, name);
  close(named);
  close(fds[0]);
  close(fds[1]);
  close(fd);
}

static void check_headers(void) {
  char target[32] = "";
  CHECK_EQ(readlink("/proc/net", target, sizeof(target) - 1), 8);
  CHECK(strcmp(target, "self/net") == 0);
  static const char *const headers[][2] = {
      {"tcp",
       "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
       "inode   "},
      {"tcp6",
       "  sl  local_address                         remote_address                        st "
       "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"},
      {"udp",
       "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
       "timeout inode ref pointer drops            \n"},
      {"udp6",
       "  sl  local_address                         remote_address                        st "
       "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"},
      {"raw",
       "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
       "inode ref pointer drops\n"},
      {"route",
       "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT       "
       " "},
      {"sockstat", "sockets: used "},
      {"netlink",
       "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    "
       "Inode\n"},
      {"arp", "IP address       HW type     Flags       HW address            Mask     Device\n"},
      {"dev",
       "Inter-|   Receive                                                |  Transmit\n face |bytes "
       "   packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
       "carrier compressed\n"},
  };
  for (size_t i = 0; i < COUNT(headers); i++)
    if (strncmp(read_net(headers[i][0]), headers[i][1], strlen(headers[i][1])) != 0)
      fail(__FILE__, __LINE__, headers[i][0], 0, 0);
  CHECK(strncmp(line_with("dev", " lo:"), "    lo:", 7) == 0);
  CHECK(strstr(read_net("if_inet6"), "00000000000000000000000000000001 01 80 10 80       lo\n") !=
        NULL);
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/net/tcp", getpid());
  CHECK(read_file(path, text, sizeof(text)) > 0);
}

// A counter of /proc/net/snmp or netstat: a line of names, a line of values.
static long counter(const char *file, const char *group, const char *wanted) {
  char *names = (char *)read_net(file), *values;
  size_t length = strlen(group);
  while (names != NULL && strncmp(names, group, length) != 0)
    names = (names = strchr(names, '\n')) ? names + 1 : NULL;
  if (names == NULL || (values = strchr(names, '\n')) == NULL ||
      strncmp(++values, group, length) != 0)
    return -2;
  values[strcspn(values, "\n")] = 0;
  values[-1] = 0;
  char *name_rest, *value_rest;
  char *name = strtok_r(names, " ", &name_rest), *value = strtok_r(values, " ", &value_rest);
  while (name != NULL && value != NULL && strcmp(name, wanted) != 0) {
    name = strtok_r(NULL, " ", &name_rest);
    value = strtok_r(NULL, " ", &value_rest);
  }
  return name == NULL || value == NULL ? -3 : atol(value);
}

static void check_counters(void) {
  long opened = counter("snmp", "Tcp:", "ActiveOpens"),
       received = counter("snmp", "Udp:", "InDatagrams");
  long failed = counter("snmp", "Tcp:", "AttemptFails"),
       octets = counter("netstat", "IpExt:", "InOctets");
  int listener = bound(SOCK_STREAM);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr = {htonl(INADDR_LOOPBACK)},
                                .sin_port = htons(port_of(listener))};
  int refused = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_ERRNO(connect(refused, (struct sockaddr *)&address, sizeof(address)), ECONNREFUSED);
  REQUIRE(listen(listener, 1) == 0);
  int client = connected_to(listener, SOCK_STREAM);
  CHECK_EQ(send(client, text, 10000, 0), 10000);
  int receiver = bound(SOCK_DGRAM), sender = connected_to(receiver, SOCK_DGRAM);
  CHECK_EQ(send(sender, "x", 1, 0), 1);
  CHECK_EQ(recv(receiver, text, 1, 0), 1);
  CHECK(counter("snmp", "Tcp:", "ActiveOpens") > opened);
  CHECK(counter("snmp", "Tcp:", "AttemptFails") > failed);
  CHECK(counter("snmp", "Udp:", "InDatagrams") > received);
  CHECK(EVENTUALLY(counter("netstat", "IpExt:", "InOctets") >= octets + 10000));
  CHECK_EQ(counter("snmp", "Ip:", "DefaultTTL"), 64);

  close(refused);
  close(sender);
  close(receiver);
  close(client);
  close(listener);
}

static void check_settings(void) {
  static const char *const numbers[] = {"core/somaxconn",
                                        "core/rmem_default",
                                        "core/rmem_max",
                                        "core/wmem_default",
                                        "core/wmem_max",
                                        "core/optmem_max",
                                        "ipv4/ip_unprivileged_port_start",
                                        "ipv4/ip_forward",
                                        "ipv4/tcp_fin_timeout",
                                        "ipv4/tcp_keepalive_time",
                                        "ipv4/tcp_keepalive_intvl",
                                        "ipv4/tcp_keepalive_probes",
                                        "ipv4/tcp_syncookies",
                                        "ipv4/tcp_rmem",
                                        "ipv4/tcp_wmem",
                                        "ipv6/conf/all/disable_ipv6",
                                        "ipv6/conf/default/disable_ipv6",
                                        "ipv6/conf/lo/disable_ipv6",
                                        "ipv6/bindv6only"};
  char path[96];
  for (size_t i = 0; i < COUNT(numbers); i++) {
    snprintf(path, sizeof(path), "/proc/sys/net/%s", numbers[i]);
    if (read_file(path, text, 4096) <= 0 || text[0] < '0' || text[0] > '9')
      fail(__FILE__, __LINE__, path, 0, errno);
  }
  int first = 0, last = 0, fd = bound(SOCK_STREAM);
  REQUIRE(read_file("/proc/sys/net/ipv4/ip_local_port_range", text, 4096) > 0);
  CHECK_EQ(sscanf(text, "%d\t%d\n", &first, &last), 2);
  CHECK(port_of(fd) >= first && port_of(fd) <= last);
  close(fd);
}

int main(void) {
  check_headers();
  check_tcp();
  check_tcp6();
  check_udp();
  check_unix();
  check_counters();
  check_settings();
  return finish();
}
