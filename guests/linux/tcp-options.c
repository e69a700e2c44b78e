// tcp-options: the options of a TCP socket: defaults, bounds, what a connection has from its listener. man 7 tcp, man 7 socket.
#include "processes.h"
#include "tcp.h"

static int tcp_option(int fd, int name) { return number_option(fd, SOL_TCP, name); }
static int set_tcp(int fd, int name, int value) { return set_number(fd, SOL_TCP, name, value); }

#define NO (-0x7fffffff)
// What it is at first, a value and what is shown for it, and values just beyond the bounds (NO: there are none).
static const struct row {
  int name, initial, value, shown, too_small, too_large;
} rows[] = {
    {TCP_NODELAY, 0, 7, 1, NO, NO},
    {TCP_CORK, 0, -1, 1, NO, NO},
    {TCP_MAXSEG, 536, 1000, 1000, 87, 32768},
    {TCP_KEEPIDLE, 7200, 32767, 32767, 0, 32768},
    {TCP_KEEPINTVL, 75, 1, 1, 0, 32768},
    {TCP_KEEPCNT, 9, 127, 127, 0, 128},
    {TCP_SYNCNT, 6, 2, 2, 0, 128},
    {TCP_LINGER2, 60, 500, 120, NO, NO},
    {TCP_LINGER2, 60, -9, -1, NO, NO},
    {TCP_LINGER2, 60, 0, 60, NO, NO},
    {TCP_DEFER_ACCEPT, 0, 5, 7, NO, NO},
    {TCP_DEFER_ACCEPT, 0, 130, 247, NO, NO},
    {TCP_DEFER_ACCEPT, 0, -1, 0, NO, NO},
    {TCP_WINDOW_CLAMP, 0, 1, 1152, NO, NO},
    {TCP_WINDOW_CLAMP, 0, 70000, 70000, NO, NO},
    {TCP_QUICKACK, 1, 0, 0, NO, NO},
    {TCP_USER_TIMEOUT, 0, 30000, 30000, -1, NO},
    {TCP_FASTOPEN, 0, 5, 5, -1, NO},
    {TCP_FASTOPEN, 0, 5000, 4096, NO, NO},
    {TCP_NOTSENT_LOWAT, 0, 16384, 16384, NO, NO},
    {TCP_THIN_LINEAR_TIMEOUTS, 0, 1, 1, -1, 2},
    {TCP_THIN_DUPACK, 0, 1, 0, -1, 2},
    {TCP_SAVE_SYN, 0, 1, 1, -1, 3},
    {TCP_INQ, 0, 1, 1, -1, 2},
};

static void check_rows(void) {
  for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
    int fd = tcp_socket(), before = failures;
    CHECK_EQ(tcp_option(fd, row->name), row->initial);
    if (row->too_small != NO) CHECK_EQ(set_tcp(fd, row->name, row->too_small), -EINVAL);
    if (row->too_large != NO) CHECK_EQ(set_tcp(fd, row->name, row->too_large), -EINVAL);
    CHECK_EQ(tcp_option(fd, row->name), row->initial);
    CHECK_EQ(set_tcp(fd, row->name, row->value), 0);
    CHECK_EQ(tcp_option(fd, row->name), row->shown);
    // A value has four bytes; more are left alone, fewer are shown if there is no room.
    char value[8] = {(char)row->value, 0, 0, 0, 9, 9, 9, 9};
    socklen_t length = 2;
    CHECK_ERRNO(setsockopt(fd, SOL_TCP, row->name, value, 3), EINVAL);
    CHECK_EQ(getsockopt(fd, SOL_TCP, row->name, value, &length), 0);
    CHECK_EQ(length, 2);
    if (failures > before) dprintf(2, "option %d\n", row->name);
    close(fd);
  }
  int fd = tcp_socket();
  CHECK_EQ(set_tcp(fd, TCP_MAXSEG, 900), 0);
  CHECK_EQ(set_tcp(fd, TCP_MAXSEG, 0), 0);
  CHECK_EQ(tcp_option(fd, TCP_MAXSEG), 536);
  CHECK_EQ(set_tcp(fd, 15, 1), -ENOPROTOOPT);
  CHECK_EQ(tcp_option(fd, 15), -ENOPROTOOPT);
  CHECK_EQ(set_tcp(fd, TCP_INFO, 1), -ENOPROTOOPT);
  CHECK_EQ(set_tcp(fd, TCP_TIMESTAMP, 1), -EPERM);
  CHECK_EQ(set_tcp(fd, TCP_REPAIR_QUEUE, 1), -EPERM);
  CHECK_ERRNO(setsockopt(fd, SOL_TCP, TCP_NODELAY, (void *)8, 4), EFAULT);
  socklen_t length = sizeof(int);
  CHECK_ERRNO(getsockopt(fd, SOL_TCP, TCP_NODELAY, (void *)8, &length), EFAULT);
  close(fd);
}

static void check_congestion(void) {
  int fd = tcp_socket();
  char name[32];
  socklen_t length = sizeof(name);
  CHECK_EQ(getsockopt(fd, SOL_TCP, TCP_CONGESTION, name, &length), 0);
  CHECK_EQ(length, 16);
  CHECK(name[0] != 0);
  CHECK_EQ(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "reno", 4), 0);
  CHECK_EQ(getsockopt(fd, SOL_TCP, TCP_CONGESTION, name, &length), 0);
  CHECK(!strcmp(name, "reno"));
  CHECK_ERRNO(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "no-such", 7), ENOENT);
  CHECK_ERRNO(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "", 0), EINVAL);
  CHECK_ERRNO(setsockopt(fd, SOL_TCP, TCP_ULP, "no-such", 7), ENOENT);
  close(fd);
}

static void check_info(void) {
  struct tcp_info info;
  int listener = listener_at(ipv4("127.0.0.1", 0), 5), s[2], client = tcp_socket();
  socklen_t length = sizeof(info);
  CHECK_EQ(getsockopt(client, SOL_TCP, TCP_INFO, &info, &length), 0);
  CHECK_EQ(info.tcpi_state, TCP_CLOSE);
  CHECK_EQ(connect_at(client, name_of(listener)), 0);
  length = sizeof(info);
  CHECK_EQ(getsockopt(listener, SOL_TCP, TCP_INFO, &info, &length), 0);
  CHECK_EQ(info.tcpi_state, TCP_LISTEN);
  // Of a listener: how many wait, and how many may.
  CHECK_EQ(info.tcpi_unacked, 1);
  CHECK_EQ(info.tcpi_sacked, 5);
  close(client), close(accept(listener, NULL, NULL));
  connect_pair(listener, s);
  CHECK_EQ(send(s[0], "hello", 5, 0), 5);
  CHECK_EQ(await(s[1], POLLIN), POLLIN);
  CHECK_EQ(getsockopt(s[0], SOL_TCP, TCP_INFO, &info, &length), 0);
  CHECK_EQ(length, sizeof(info));
  CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
  CHECK_EQ(info.tcpi_retransmits, 0);
  CHECK(info.tcpi_snd_mss > 500 && info.tcpi_pmtu > 1000 && info.tcpi_snd_cwnd > 0 && info.tcpi_rto > 0);
  CHECK(tcp_option(s[0], TCP_MAXSEG) > 500);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_EQ(getsockopt(s[0], SOL_TCP, TCP_INFO, &info, &length), 0);
  CHECK(info.tcpi_state == TCP_FIN_WAIT1 || info.tcpi_state == TCP_FIN_WAIT2);
  CHECK_EQ(getsockopt(s[1], SOL_TCP, TCP_INFO, &info, &length), 0);
  CHECK_EQ(info.tcpi_state, TCP_CLOSE_WAIT);
  // A program of another year asks for fewer bytes.
  length = 8;
  CHECK_EQ(getsockopt(s[0], SOL_TCP, TCP_INFO, &info, &length), 0);
  CHECK_EQ(length, 8);
  close_pair(s), close(listener);
}

static void check_inheritance(void) {
  int listener = tcp_listener(), s[2];
  struct linger linger = {1, 7};
  CHECK_EQ(set_tcp(listener, TCP_NODELAY, 1), 0);
  CHECK_EQ(set_tcp(listener, TCP_KEEPIDLE, 33), 0);
  CHECK_EQ(set_tcp(listener, TCP_USER_TIMEOUT, 4444), 0);
  CHECK_EQ(set_number(listener, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
  CHECK_EQ(set_number(listener, SOL_SOCKET, SO_RCVBUF, 20000), 0);
  CHECK_EQ(set_number(listener, SOL_SOCKET, SO_SNDBUF, 30000), 0);
  CHECK_EQ(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
  CHECK_EQ(setsockopt(listener, SOL_TCP, TCP_CONGESTION, "reno", 4), 0);
  set_timeout(listener, SO_RCVTIMEO, 5000);
  CHECK_EQ(fcntl(listener, F_SETOWN, getpid()), 0);
  connect_pair(listener, s);
  CHECK_EQ(tcp_option(s[1], TCP_NODELAY), 1);
  CHECK_EQ(tcp_option(s[1], TCP_KEEPIDLE), 33);
  CHECK_EQ(tcp_option(s[1], TCP_USER_TIMEOUT), 4444);
  CHECK_EQ(option(s[1], SO_KEEPALIVE), 1);
  CHECK_EQ(option(s[1], SO_RCVBUF), 40000);
  CHECK_EQ(option(s[1], SO_SNDBUF), 60000);
  CHECK_EQ(option(s[1], SO_ACCEPTCONN), 0);
  CHECK_EQ(fcntl(s[1], F_GETOWN), 0);
  char name[16];
  struct timeval time;
  socklen_t length = sizeof(name);
  CHECK_EQ(getsockopt(s[1], SOL_TCP, TCP_CONGESTION, name, &length), 0);
  CHECK(!strcmp(name, "reno"));
  length = sizeof(time);
  CHECK_EQ(getsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &time, &length), 0);
  CHECK_EQ(time.tv_sec, 5);
  linger.l_linger = 0, length = sizeof(linger);
  CHECK_EQ(getsockopt(s[1], SOL_SOCKET, SO_LINGER, &linger, &length), 0);
  CHECK(linger.l_onoff == 1 && linger.l_linger == 7);
  // Not of the client, which had no part in it.
  CHECK_EQ(tcp_option(s[0], TCP_NODELAY), 0);
  close_pair(s), close(listener);
}

static void check_socket_level(void) {
  int fd = tcp_socket(), s[2];
  CHECK_EQ(option(fd, SO_TYPE), SOCK_STREAM);
  CHECK_EQ(option(fd, SO_PROTOCOL), IPPROTO_TCP);
  CHECK_EQ(option(fd, SO_DOMAIN), AF_INET);
  CHECK_EQ(option(fd, SO_SNDBUF), 16384);
  CHECK_EQ(option(fd, SO_RCVBUF), 131072);
  CHECK_EQ(option(fd, SO_RCVLOWAT), 1);
  CHECK_EQ(option(fd, SO_REUSEPORT), 0);
  CHECK_EQ(option(fd, SO_INCOMING_CPU), -1);
  CHECK_EQ(set_number(fd, SOL_SOCKET, SO_REUSEPORT, 5), 0);
  CHECK_EQ(option(fd, SO_REUSEPORT), 1);
  tcp_pair(s);
  CHECK(option(s[0], SO_INCOMING_CPU) >= 0);
  close_pair(s), close(fd);
}

// Connections spread over the listeners of one port.
static void check_reuse_port(void) {
  int listeners[2], counts[2] = {0, 0};
  struct address name = ipv4("127.0.0.1", 0);
  for (int i = 0; i < 2; i++) {
    listeners[i] = tcp_socket();
    CHECK_EQ(set_number(listeners[i], SOL_SOCKET, SO_REUSEPORT, 1), 0);
    CHECK_EQ(bind_at(listeners[i], name), 0);
    CHECK_EQ(listen(listeners[i], 64), 0);
    set_nonblocking(listeners[i]);
    name = name_of(listeners[i]);
  }
  int without = tcp_socket();
  CHECK_ERRNO(bind_at(without, name), EADDRINUSE);
  for (int i = 0; i < 48; i++) {
    int client = tcp_socket();
    CHECK_EQ(connect_at(client, name), 0);
    close(client);
  }
  for (int i = 0; i < 2; i++)
    for (int fd; (fd = accept(listeners[i], NULL, NULL)) >= 0; close(fd)) counts[i]++;
  CHECK_EQ(counts[0] + counts[1], 48);
  CHECK(counts[0] > 4 && counts[1] > 4);
  close(listeners[0]), close(listeners[1]), close(without);
}

int main(void) {
  limit_time();
  check_rows();
  check_congestion();
  check_info();
  check_inheritance();
  check_socket_level();
  check_reuse_port();
  return finish();
}
