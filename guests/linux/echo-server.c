// A server and its client over loopback TCP and over a UNIX socket: man 7 tcp, man 7 unix. With arguments, only the server, or a client.
//
//   echo-server MODE PORT|PATH     echo: gives back what it gets; deaf: reads nothing; reset: resets after the first byte;
//                                  half: says "bye", ends its side, and prints how many bytes it gets
//   echo-server datagrams PORT     gives back datagrams, by UDP; says "ready" first
//   echo-server ask ADDRESS PORT   sends a datagram, prints the answer, and ends with the number of the error
//   echo-server flood ADDRESS PORT connects, and writes until that fails

#include <arpa/inet.h>
#include <netinet/in.h>

#include "processes.h"
#include "unix.h"

#define BYTES (1 << 20)
#define PIECE 65536

static char buffer[PIECE];

static int tcp_listener(int port) {
  struct sockaddr_in name = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  REQUIRE(fd >= 0);
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
  CHECK_EQ(bind(fd, (void *)&name, sizeof(name)), 0);
  CHECK_EQ(listen(fd, 128), 0);
  return fd;
}

static int unix_listener(const char *path) {
  int fd = bound_at(path, SOCK_STREAM);
  CHECK_EQ(listen(fd, 128), 0);
  return fd;
}

static bool write_all(int fd, const char *bytes, ssize_t length) {
  for (ssize_t done = 0, count; done < length; done += count) {
    count = send(fd, bytes + done, length - done, MSG_NOSIGNAL);
    if (count < 0) return false;
  }
  return true;
}

static void echo(int fd) {
  for (ssize_t count; (count = read(fd, buffer, sizeof(buffer))) > 0;)
    if (!write_all(fd, buffer, count)) break;
}

static void half(int fd) {
  long long total = 0;
  CHECK(write_all(fd, "bye", 3));
  CHECK_EQ(shutdown(fd, SHUT_WR), 0);
  for (ssize_t count; (count = read(fd, buffer, sizeof(buffer))) > 0;) total += count;
  printf("%lld\n", total);
  fflush(stdout);
}

static void reset(int fd) {
  struct linger now = {.l_onoff = 1};
  CHECK_EQ(read(fd, buffer, 1), 1);
  CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
}

// Each connection has a process of its own.
static void serve(int listener, const char *mode) {
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    REQUIRE(fd >= 0);
    if (fork() > 0) {
      close(fd);
      continue;
    }
    close(listener);
    if (strcmp(mode, "echo") == 0) echo(fd);
    if (strcmp(mode, "half") == 0) half(fd);
    if (strcmp(mode, "reset") == 0) reset(fd);
    if (strcmp(mode, "deaf") == 0) pause();
    close(fd);
    _exit(finish());
  }
}

static void datagrams(int port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  REQUIRE(fd >= 0);
  CHECK_EQ(bind(fd, (void *)&name, sizeof(name)), 0);
  puts("ready");
  fflush(stdout);
  for (;;) {
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    ssize_t count = recvfrom(fd, buffer, sizeof(buffer), 0, (void *)&from, &length);
    REQUIRE(count >= 0);
    CHECK_EQ(sendto(fd, buffer, count, 0, (void *)&from, length), count);
  }
}

static int ask(const char *address, int port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &name.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (sendto(fd, "question", 8, 0, (void *)&name, sizeof(name)) < 0) return errno;
  ssize_t count = recv(fd, buffer, sizeof(buffer), 0);
  if (count < 0) return errno;
  printf("%.*s\n", (int)count, buffer);
  return 0;
}

static int flood(const char *address, int port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &name.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(connect(fd, (void *)&name, sizeof(name)) == 0);
  while (write_all(fd, buffer, sizeof(buffer))) continue;
  return errno;
}

// Sends BYTES while it receives them, then ends its side.
static void talk(int fd) {
  pid_t writer;
  IN_CHILD(writer) {
    for (int sent = 0; sent < BYTES; sent += PIECE) CHECK(write_all(fd, buffer, PIECE));
    CHECK_EQ(shutdown(fd, SHUT_WR), 0);
  }
  long long total = 0;
  for (ssize_t count; (count = read(fd, buffer, sizeof(buffer))) > 0;) total += count;
  CHECK_EQ(total, BYTES);
  int status;
  CHECK_EQ(waitpid(writer, &status, 0), writer);
  CHECK_EQ(status, 0);
}

static void play(int listener, int family) {
  struct sockaddr_storage name;
  socklen_t length = sizeof(name);
  CHECK_EQ(getsockname(listener, (void *)&name, &length), 0);
  pid_t server;
  IN_CHILD(server) { serve(listener, "echo"); }
  close(listener);
  int fd = socket(family, SOCK_STREAM, 0);
  REQUIRE(connect(fd, (void *)&name, length) == 0);
  talk(fd);
  close(fd);
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "ask") == 0) return ask(argv[2], atoi(argv[3]));
  if (argc == 4) return flood(argv[2], atoi(argv[3]));
  if (argc == 3 && strcmp(argv[1], "datagrams") == 0) datagrams(atoi(argv[2]));
  if (argc == 3)
    serve(argv[2][0] == '/' ? unix_listener(argv[2]) : tcp_listener(atoi(argv[2])), argv[1]);
  limit_time();
  play(tcp_listener(0), AF_INET);
  enter_scratch();
  play(unix_listener("echo"), AF_UNIX);
  return finish();
}
