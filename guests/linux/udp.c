// udp: datagrams over the loopback: names, records, empty ones, collected ones, full receivers, shutdown, errors. man 7 udp, man 2 send, recv.
#include "udp.h"

static void check_records(const char *ip) {
  char buffer[16];
  int to = udp_at(ip), from = udp_at(ip), port = port_of(to);
  CHECK_EQ(ready(to), POLLOUT);
  CHECK_EQ(send_to(from, "first", ip, port), 5);
  CHECK_EQ(send_to(from, "second one", ip, port), 10);
  CHECK_EQ(ready(to), POLLIN | POLLOUT);
  int count = -1;
  CHECK_EQ(ioctl(to, FIONREAD, &count), 0);
  CHECK_EQ(count, 5);
  CHECK_EQ(ioctl(from, TIOCOUTQ, &count), 0);
  CHECK_EQ(count, 0);
  CHECK_EQ(recv(to, buffer, 16, MSG_PEEK), 5);
  CHECK_EQ(recv(to, buffer, 2, MSG_PEEK | MSG_TRUNC), 5);
  // What does not fit is lost.
  CHECK_EQ(recv(to, buffer, 2, 0), 2);
  CHECK(!memcmp(buffer, "fi", 2));
  CHECK_EQ(recv(to, buffer, 4, MSG_TRUNC), 10);
  CHECK_ERRNO(recv(to, buffer, 16, MSG_DONTWAIT), EAGAIN);
  // An empty datagram counts as one, and has a sender.
  address name;
  socklen_t length = sizeof(name);
  CHECK_EQ(send_to(from, "", ip, port), 0);
  CHECK_EQ(ready(to), POLLIN | POLLOUT);
  CHECK_EQ(recvfrom(to, buffer, 16, MSG_DONTWAIT, &name.any, &length), 0);
  CHECK_EQ(length, length_of(&name));
  CHECK(is_ip(&name, ip));
  CHECK_EQ(ntohs(name.in.sin_port), port_of(from));
  // A name is cut to the room that there is, and its length is true.
  CHECK_EQ(send_to(from, "x", ip, port), 1);
  memset(&name, 'z', sizeof(name));
  length = 3;
  CHECK_EQ(recvfrom(to, buffer, 16, MSG_DONTWAIT, &name.any, &length), 1);
  CHECK(length == (strchr(ip, ':') ? sizeof(name.in6) : sizeof(name.in)) &&
        ((char *)&name)[3] == 'z');
  message in;
  address there = ip_address(ip, port);
  static char longer[100];
  CHECK_EQ(sendto(from, longer, sizeof(longer), 0, &there.any, length_of(&there)), 100);
  CHECK_EQ(receive(to, &in, 0), 64);
  CHECK_EQ(in.header.msg_flags, MSG_TRUNC);
  CHECK_EQ(in.header.msg_controllen, 0);
  // A fault while sending sends nothing; one while receiving loses the record.
  CHECK_ERRNO(sendto(from, at_page_end(4, 2), 4, 0, &there.any, length_of(&there)), EFAULT);
  CHECK_ERRNO(recv(to, buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(send_to(from, "gone", ip, port), 4);
  CHECK_ERRNO(recv(to, (void *)8, 4, MSG_DONTWAIT), EFAULT);
  CHECK_ERRNO(recv(to, buffer, 16, MSG_DONTWAIT), EAGAIN);
  close(to), close(from);
}

static void check_sizes(const char *ip, size_t most) {
  static char large[70000];
  int to = udp_at(ip), from = udp_at(ip);
  address there = ip_address(ip, port_of(to));
  CHECK_ERRNO(sendto(from, large, most + 1, 0, &there.any, length_of(&there)), EMSGSIZE);
  CHECK_ERRNO(sendto(from, large, sizeof(large), 0, &there.any, length_of(&there)), EMSGSIZE);
  CHECK_EQ(sendto(from, large, most, 0, &there.any, length_of(&there)), most);
  CHECK_EQ(recv(to, large, sizeof(large), MSG_DONTWAIT), most);
  close(to), close(from);
}

// MSG_MORE and UDP_CORK collect one datagram, for the first one's destination.
static void check_corked(void) {
  char buffer[16];
  int to = udp_at("127.0.0.1"), from = udp_at("127.0.0.1"), other = udp_at("127.0.0.1");
  address there = ip_address("127.0.0.1", port_of(to)),
          elsewhere = ip_address("127.0.0.1", port_of(other));
  CHECK_EQ(sendto(from, "ab", 2, MSG_MORE, &there.any, sizeof(there.in)), 2);
  CHECK_EQ(sendto(from, "", 0, MSG_MORE, &there.any, sizeof(there.in)), 0);
  CHECK_ERRNO(recv(to, buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(sendto(from, "cd", 2, 0, &elsewhere.any, sizeof(elsewhere.in)), 2);
  CHECK_EQ(recv(to, buffer, 16, MSG_DONTWAIT), 4);
  CHECK(!memcmp(buffer, "abcd", 4));
  CHECK_EQ(get(from, SOL_UDP, UDP_CORK), 0);
  CHECK_EQ(set(from, SOL_UDP, UDP_CORK, 1), 0);
  CHECK_EQ(sendto(from, "one", 3, 0, &there.any, sizeof(there.in)), 3);
  CHECK_EQ(sendto(from, " two", 4, 0, &there.any, sizeof(there.in)), 4);
  CHECK_ERRNO(recv(to, buffer, 16, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(set(from, SOL_UDP, UDP_CORK, 0), 0);
  CHECK_EQ(recv(to, buffer, 16, MSG_DONTWAIT), 7);
  CHECK(!memcmp(buffer, "one two", 7));
  // One that grows too large is lost.
  static char large[40000];
  CHECK_EQ(sendto(from, large, sizeof(large), MSG_MORE, &there.any, sizeof(there.in)),
           sizeof(large));
  CHECK_ERRNO(sendto(from, large, sizeof(large), MSG_MORE, &there.any, sizeof(there.in)), EMSGSIZE);
  CHECK_EQ(sendto(from, "new", 3, 0, &there.any, sizeof(there.in)), 3);
  CHECK_EQ(recv(to, buffer, 16, MSG_DONTWAIT), 3);
  close(to), close(from), close(other);
}

static void check_several(void) {
  char bytes[4][8] = {"a", "bb", "ccc", "dddd"}, got[4][8];
  struct iovec parts[4], places[4];
  struct mmsghdr out[4], in[4];
  int to = udp_at("127.0.0.1"), from = udp_at("127.0.0.1");
  CHECK_EQ(connect_to(from, "127.0.0.1", port_of(to)), 0);
  memset(out, 0, sizeof(out)), memset(in, 0, sizeof(in)), memset(got, 0, sizeof(got));
  for (size_t i = 0; i < 4; i++) {
    parts[i] = (struct iovec){bytes[i], i + 1}, places[i] = (struct iovec){got[i], 3};
    out[i].msg_hdr.msg_iov = &parts[i], out[i].msg_hdr.msg_iovlen = 1;
    in[i].msg_hdr.msg_iov = &places[i], in[i].msg_hdr.msg_iovlen = 1;
  }
  CHECK_EQ(sendmmsg(from, out, 3, 0), 3);
  CHECK(out[0].msg_len == 1 && out[2].msg_len == 3);
  CHECK_EQ(sendmmsg(from, out + 3, 1, 0), 1);
  CHECK_EQ(recvmmsg(to, in, 4, MSG_WAITFORONE, NULL), 4);
  for (size_t i = 0; i < 3; i++) CHECK(in[i].msg_len == i + 1 && !memcmp(got[i], bytes[i], i + 1));
  CHECK(in[3].msg_len == 3 && in[3].msg_hdr.msg_flags == MSG_TRUNC);
  CHECK_EQ(send(from, "x", 1, 0), 1);
  CHECK_EQ(recvmmsg(to, in, 4, MSG_DONTWAIT, NULL), 1);
  CHECK_ERRNO(recvmmsg(to, in, 4, MSG_DONTWAIT, NULL), EAGAIN);
  // UDP_SEGMENT: one send of several datagrams.
  CHECK_EQ(set(from, SOL_UDP, UDP_SEGMENT, 3), 0);
  CHECK_EQ(send(from, "aaabbbc", 7, 0), 7);
  CHECK_EQ(set(from, SOL_UDP, UDP_SEGMENT, 0), 0);
  CHECK_EQ(recvmmsg(to, in, 4, MSG_DONTWAIT, NULL), 3);
  CHECK(in[0].msg_len == 3 && in[1].msg_len == 3 && in[2].msg_len == 1);
  CHECK(!memcmp(got[0], "aaa", 3) && !memcmp(got[1], "bbb", 3) && got[2][0] == 'c');
  static char many[200];
  uint16_t one = 1;
  address there = name_of(to);
  CHECK_EQ(send_with(from, "127.0.0.1", port_of(to), SOL_UDP, UDP_SEGMENT, &one, 2), 1);
  CHECK_EQ(recv(to, many, 8, MSG_DONTWAIT), 1);
  CHECK_EQ(set(from, SOL_UDP, UDP_SEGMENT, 1), 0);
  CHECK_ERRNO(sendto(from, many, sizeof(many), 0, &there.any, sizeof(there.in)), EINVAL);
  CHECK_ERRNO(recv(to, many, 8, MSG_DONTWAIT), EAGAIN);
  close(to), close(from);
}

// SO_RCVBUF bounds what waits; what comes beyond it is lost, and counted.
static void check_full(void) {
  static char bytes[4096];
  message in;
  int to = udp_at("127.0.0.1"), from = udp_at("127.0.0.1"), received = 0, lost;
  CHECK_EQ(set(to, SOL_SOCKET, SO_RCVBUF, 8192), 0);
  CHECK_EQ(set(to, SOL_SOCKET, SO_RXQ_OVFL, 1), 0);
  CHECK_EQ(get(to, SOL_SOCKET, SO_RXQ_OVFL), 1);
  CHECK_EQ(connect_to(from, "127.0.0.1", port_of(to)), 0);
  for (int i = 0; i < 100; i++) CHECK_EQ(send(from, bytes, sizeof(bytes), 0), sizeof(bytes));
  while (receive(to, &in, 0) > 0) {
    received++;
    CHECK(!control_of(&in, SOL_SOCKET, SO_RXQ_OVFL, sizeof(int)));
  }
  CHECK(received >= 1 && received <= 5);
  CHECK_EQ(send(from, "after", 5, 0), 5);
  CHECK_EQ(receive(to, &in, 0), 5);
  lost = int_in(&in, SOL_SOCKET, SO_RXQ_OVFL);
  CHECK_EQ(lost, 100 - received);
  // Small ones fill it, too.
  for (int i = 0; i < 1000; i++) CHECK_EQ(send(from, "", 0, 0), 0);
  for (received = 0; receive(to, &in, 0) == 0; received++) continue;
  CHECK(received >= 2 && received < 200);
  // At least one fits.
  CHECK_EQ(set(to, SOL_SOCKET, SO_RCVBUF, 0), 0);
  static char large[65507];
  CHECK_EQ(send(from, large, sizeof(large), 0), sizeof(large));
  CHECK_EQ(recv(to, large, sizeof(large), MSG_DONTWAIT), sizeof(large));
  close(to), close(from);
}

static void check_shutdown(void) {
  char buffer[16];
  int to = udp_at("127.0.0.1"), from = udp_at("127.0.0.1");
  CHECK_ERRNO(shutdown(from, SHUT_WR), ENOTCONN);
  CHECK_ERRNO(send_to(from, "x", "127.0.0.1", port_of(to)), EPIPE);
  CHECK_EQ(ready(from), POLLOUT);
  close(from);
  from = udp_at("127.0.0.1");
  CHECK_EQ(connect_to(to, "127.0.0.1", port_of(from)), 0);
  CHECK_EQ(shutdown(to, SHUT_RD), 0);
  CHECK_EQ(ready(to), POLLIN | POLLOUT | POLLRDHUP);
  CHECK_EQ(recv(to, buffer, 16, 0), 0);
  CHECK_ERRNO(recv(to, buffer, 16, MSG_DONTWAIT), EAGAIN);
  // Datagrams come all the same.
  CHECK_EQ(send_to(from, "late", "127.0.0.1", port_of(to)), 4);
  CHECK_EQ(recv(to, buffer, 16, 0), 4);
  CHECK_EQ(shutdown(to, SHUT_RDWR), 0);
  CHECK_EQ(ready(to), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
  CHECK_ERRNO(send(to, "x", 1, 0), EPIPE);
  CHECK_ERRNO(shutdown(to, 7), EINVAL);
  close(to), close(from);
}

static void check_errors(void) {
  char buffer[16];
  int fd = udp_socket(AF_INET);
  address there = ip_address("127.0.0.1", free_port());
  CHECK_ERRNO(send(fd, "x", 1, 0), EDESTADDRREQ);
  // A send binds, even one that fails.
  CHECK(port_of(fd) >= 32768 && port_of(fd) <= 60999);
  CHECK_ERRNO(write(fd, "x", 1), EDESTADDRREQ);
  CHECK_ERRNO(send_to(fd, "x", "127.0.0.1", 0), EINVAL);
  CHECK_ERRNO(sendto(fd, "x", 1, 0, &there.any, 15), EINVAL);
  CHECK_ERRNO(sendto(fd, "x", 1, MSG_OOB, &there.any, 16), EOPNOTSUPP);
  CHECK_ERRNO(recv(fd, buffer, 16, MSG_OOB | MSG_DONTWAIT), EAGAIN);
  CHECK_ERRNO(recv(fd, buffer, 16, MSG_ERRQUEUE), EAGAIN);
  CHECK_ERRNO(recv(fd, buffer, 0, MSG_DONTWAIT), EAGAIN);
  CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
  CHECK_ERRNO(accept(fd, NULL, NULL), EOPNOTSUPP);
  // AF_UNSPEC is taken for AF_INET; another family is not.
  there.any.sa_family = AF_UNSPEC;
  CHECK_EQ(sendto(fd, "x", 1, 0, &there.any, 16), 1);
  there.any.sa_family = AF_INET6;
  CHECK_ERRNO(sendto(fd, "x", 1, 0, &there.any, 16), EAFNOSUPPORT);
  int six = udp_socket(AF_INET6);
  address there6 = ip_address("::1", free_port());
  CHECK_ERRNO(sendto(six, "x", 1, 0, &there6.any, 23), EINVAL);
  CHECK_EQ(sendto(six, "x", 1, 0, &there6.any, 24), 1);
  there6.any.sa_family = AF_UNSPEC;
  CHECK_ERRNO(sendto(six, "x", 1, 0, &there6.any, 28), EDESTADDRREQ);
  there6.any.sa_family = AF_UNIX;
  CHECK_ERRNO(sendto(six, "x", 1, 0, &there6.any, 28), EINVAL);
  // Nobody hears of a port that nobody has, unless connected.
  CHECK_EQ(pending_error(fd), 0);
  struct timeval soon = {0, 1000};
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
  CHECK_ERRNO(recv(fd, buffer, 16, 0), EAGAIN);
  close(fd), close(six);
}

// 0.0.0.0 and :: are this machine.
static void check_unspecified(void) {
  message in;
  int to = udp_at("0.0.0.0"), from = udp_at("127.0.0.5"), six = udp_at("::"),
      from_six = udp_socket(AF_INET6);
  int five = udp_socket(AF_INET);
  CHECK_EQ(send_to(to, "x", "0.0.0.0", port_of(to)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(is_ip(&in.name, "127.0.0.1"));
  CHECK_EQ(bind_to(five, "127.0.0.5", port_of(to)), -1);
  // From an address of its own, to that.
  CHECK_EQ(connect_to(from, "0.0.0.0", port_of(to)), 0);
  socklen_t length = sizeof(in.name);
  CHECK_EQ(getpeername(from, &in.name.any, &length), 0);
  CHECK(is_ip(&in.name, "127.0.0.5"));
  CHECK_EQ(send(from, "y", 1, 0), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(is_ip(&in.name, "127.0.0.5"));
  CHECK_EQ(send_to(from_six, "z", "::", port_of(six)), 1);
  CHECK_EQ(receive(six, &in, 0), 1);
  CHECK(is_ip(&in.name, "::1"));
  // One of its own address reaches no IPv4, whatever the port.
  int one = udp_at("::1");
  CHECK_ERRNO(send_to(one, "m", "::ffff:127.0.0.1", 0), ENETUNREACH);
  close(one);
  // An IPv6 socket shows a sender of IPv4 as a mapped address, and answers it.
  CHECK_EQ(send_to(from_six, "m", "::ffff:127.0.0.1", port_of(to)), 1);
  CHECK_EQ(receive(to, &in, 0), 1);
  CHECK(is_ip(&in.name, "127.0.0.1"));
  CHECK_EQ(sendto(to, "back", 4, 0, &in.name.any, sizeof(in.name.in)), 4);
  CHECK_EQ(receive(from_six, &in, 0), 4);
  CHECK(is_ip(&in.name, "::ffff:127.0.0.1"));
  close(to), close(from), close(six), close(from_six), close(five);
}

int main(void) {
  check_records("127.0.0.1");
  check_records("::1");
  check_sizes("127.0.0.1", 65507);
  check_sizes("::1", 65527);
  check_corked();
  check_several();
  check_full();
  check_shutdown();
  check_errors();
  check_unspecified();
  return finish();
}
