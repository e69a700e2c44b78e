// udp-peers: one UDP socket and several peers, each of which sends back what it gets: pieces, peeking, order, bad memory. man 7 udp.
//
// udp-peers ADDRESS PORT...   the same with peers out of a sandbox

#include <sys/mman.h>

#include "processes.h"
#include "udp.h"

enum { PEERS = 10 };

static const char *ip = "127.0.0.1";
static int ports[PEERS];

static void serve(const int *sockets) {
  struct pollfd peers[PEERS];
  char bytes[2000];
  for (int i = 0; i < PEERS; i++) peers[i] = (struct pollfd){sockets[i], POLLIN, 0};
  while (poll(peers, PEERS, -1) > 0) {
    for (int i = 0; i < PEERS; i++) {
      if (peers[i].revents == 0) continue;
      address from;
      socklen_t length = sizeof(from);
      ssize_t count = recvfrom(peers[i].fd, bytes, sizeof(bytes), 0, &from.any, &length);
      CHECK_EQ(sendto(peers[i].fd, bytes, (size_t)count, 0, &from.any, length), count);
    }
  }
}

static pid_t start_peers(void) {
  int sockets[PEERS];
  for (int i = 0; i < PEERS; i++) {
    sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(sockets[i] >= 0 && bind_to(sockets[i], ip, 0) == 0);
    ports[i] = ntohs(name_of(sockets[i]).in.sin_port);
  }
  pid_t child;
  IN_CHILD(child) { serve(sockets); }
  for (int i = 0; i < PEERS; i++) close(sockets[i]);
  return child;
}

// Asks a peer for these bytes, and waits until they are back.
static void ask(int fd, const char *text, int peer) {
  struct pollfd one = {fd, POLLIN, 0};
  CHECK_EQ(send_to(fd, text, ip, ports[peer]), strlen(text));
  CHECK_EQ(poll(&one, 1, 20000), 1);
}

static int waiting_bytes(int fd) {
  int count = -1;
  CHECK_EQ(ioctl(fd, FIONREAD, &count), 0);
  return count;
}

static bool receives(int fd, const char *text, int peer) {
  char bytes[64] = {0};
  address from;
  socklen_t length = sizeof(from);
  ssize_t count = recvfrom(fd, bytes, sizeof(bytes), 0, &from.any, &length);
  return count == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)count) == 0 &&
         ntohs(from.in.sin_port) == ports[peer];
}

static void check_pieces(void) {
  static char out[3 * 4096], in[3 * 4096];
  int fd = udp_socket(AF_INET);
  for (size_t i = 0; i < sizeof(out); i++) out[i] = (char)(i * 7);
  struct iovec gathered[] = {{out + 5, 0}, {out + 4000, 500}, {out + 1, 300}, {out + 8100, 400}},
               scattered[] = {{in + 4090, 100}, {in + 100, 0}, {in + 8000, 2000}};
  address to = ip_address(ip, ports[0]);
  struct msghdr header = {
      .msg_name = &to, .msg_namelen = length_of(&to), .msg_iov = gathered, .msg_iovlen = 4};
  CHECK_EQ(sendmsg(fd, &header, 0), 1200);
  address from;
  struct msghdr received = {
      .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = scattered, .msg_iovlen = 3};
  CHECK_EQ(recvmsg(fd, &received, 0), 1200);
  CHECK_EQ(received.msg_flags, 0);
  CHECK_EQ(ntohs(from.in.sin_port), ports[0]);
  CHECK(memcmp(in + 4090, out + 4000, 100) == 0);
  CHECK(memcmp(in + 8000, out + 4100, 400) == 0);
  CHECK(memcmp(in + 8400, out + 1, 300) == 0);
  CHECK(memcmp(in + 8700, out + 8100, 400) == 0);
  close(fd);
}

static void check_peeking(void) {
  int fd = udp_socket(AF_INET);
  char bytes[8] = {0};
  ask(fd, "first", 0);
  CHECK_EQ(send_to(fd, "second!", ip, ports[0]), 7);
  CHECK_EQ(waiting_bytes(fd), 5);
  CHECK_EQ(recv(fd, bytes, 3, MSG_PEEK), 3);
  CHECK_EQ(recv(fd, bytes, 3, MSG_PEEK | MSG_TRUNC), 5);
  struct iovec part = {bytes, 4};
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
  CHECK_EQ(recvmsg(fd, &header, 0), 4);
  CHECK_EQ(header.msg_flags, MSG_TRUNC);
  CHECK(memcmp(bytes, "firs", 5) == 0);
  CHECK_EQ(recv(fd, bytes, 2, MSG_TRUNC), 7);
  CHECK_ERRNO(recv(fd, bytes, 2, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(waiting_bytes(fd), 0);
  close(fd);
}

static void check_nothing(void) {
  int fd = udp_socket(AF_INET);
  char byte = 'x';
  ask(fd, "", 0);
  CHECK_EQ(waiting_bytes(fd), 0);
  CHECK_EQ(recv(fd, &byte, 1, 0), 0);
  struct timeval soon = {0, 1000};
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
  CHECK_ERRNO(recv(fd, &byte, 1, 0), EAGAIN);
  close(fd);
}

// The answers of several peers come in the order in which they were sent.
static void check_order(void) {
  int fd = udp_socket(AF_INET);
  struct pollfd one = {fd, POLLIN, 0};
  ask(fd, "one", 1);
  CHECK_EQ(send_to(fd, "two", ip, ports[0]), 3);
  CHECK(receives(fd, "one", 1));
  CHECK_EQ(poll(&one, 1, 20000), 1);
  CHECK(receives(fd, "two", 0));
  for (int i = 0; i < PEERS; i++) {
    ask(fd, "each", i);
    CHECK(receives(fd, "each", i));
  }
  // All at once, in any order.
  int bytes = 0;
  char text[16];
  for (int i = 0; i < PEERS; i++) {
    for (int k = 0; k < 3; k++) CHECK_EQ(send_to(fd, "several", ip, ports[i]), 7);
  }
  for (int i = 0; i < 3 * PEERS; i++) bytes += (int)recv(fd, text, sizeof(text), 0);
  CHECK_EQ(bytes, 3 * PEERS * 7);
  CHECK_ERRNO(recv(fd, text, sizeof(text), MSG_DONTWAIT), EAGAIN);
  close(fd);
}

static void check_several(void) {
  int fd = udp_socket(AF_INET);
  char bytes[3][8];
  struct iovec parts[3];
  struct mmsghdr messages[3] = {0};
  for (int i = 0; i < 3; i++) {
    parts[i] = (struct iovec){bytes[i], sizeof(bytes[i])};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    CHECK_EQ(send_to(fd, &"three"[i], ip, ports[0]), 5 - i);
  }
  CHECK_EQ(recvmmsg(fd, messages, 3, 0, NULL), 3);
  for (int i = 0; i < 3; i++) CHECK_EQ(messages[i].msg_len, 5 - i);
  close(fd);
}

static void check_bad_memory(void) {
  int fd = udp_socket(AF_INET);
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  REQUIRE(mprotect(pages + 4096, 4096, PROT_NONE) == 0);
  char *end = pages + 4096 - 4;
  address to = ip_address(ip, ports[0]);
  CHECK_ERRNO(sendto(fd, end, 5, 0, &to.any, length_of(&to)), EFAULT);
  ask(fd, "long", 0);
  CHECK_EQ(recv(fd, end, 100, 0), 4);
  // What has no room is lost, unless it was only looked at.
  ask(fd, "longer", 0);
  CHECK_ERRNO(recv(fd, end, 100, MSG_PEEK), EFAULT);
  CHECK_ERRNO(recv(fd, end, 100, 0), EFAULT);
  CHECK_ERRNO(recv(fd, pages, 100, MSG_DONTWAIT), EAGAIN);
  close(fd);
}

// A socket that is connected still has what others have sent before.
static void check_connecting(void) {
  int fd = udp_socket(AF_INET);
  ask(fd, "before", 0);
  CHECK_EQ(connect_to(fd, ip, ports[1]), 0);
  CHECK(receives(fd, "before", 0));
  CHECK_EQ(write(fd, "after", 5), 5);
  CHECK(receives(fd, "after", 1));
  close(fd);
}

int main(int argc, char **argv) {
  limit_time();
  pid_t child = 0;
  if (argc == PEERS + 2) {
    ip = argv[1];
    for (int i = 0; i < PEERS; i++) ports[i] = atoi(argv[i + 2]);
  } else {
    child = start_peers();
  }
  check_pieces();
  check_peeking();
  check_nothing();
  check_order();
  check_several();
  check_bad_memory();
  check_connecting();
  if (child != 0) kill(child, SIGKILL), waitpid(child, NULL, 0);
  return finish();
}
