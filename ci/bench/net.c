// net.c: nanoseconds of what programs do with sockets on the loopback interface, the median of batches, for comparing hv, other
// sandboxes and native. Arguments: NAME MILLISECONDS, or for what goes to a server outside NAME MILLISECONDS ADDRESS PORT.
// `net serve` is that server: it prints its port, and serves until it is killed.
//
// The two ends are two processes, except for `connection`: one process that connects, accepts and closes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "batches.h"

enum { ROUND_TRIPS = 50, CONNECTIONS = 20, SMALL = 1 << 16, LARGE = 1 << 17, STREAM = 1 << 30 };

static char **words;
static struct sockaddr_in name;
static socklen_t name_bytes = sizeof(name);
static int ours, theirs, listener;
static char piece[LARGE];
static size_t piece_bytes = SMALL;

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

// At a port of the kernel's choice, which `name` then holds.
static int bound(int type) {
  int fd = socket(AF_INET, type, 0);
  name = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  must(bind(fd, (void *)&name, sizeof(name)) == 0, "bind");
  must(getsockname(fd, (void *)&name, &name_bytes) == 0, "getsockname");
  return fd;
}

static int connected(int type) {
  int fd = socket(AF_INET, type, 0), on = 1;
  must(connect(fd, (void *)&name, sizeof(name)) == 0, "connect");
  if (type == SOCK_STREAM) setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

// The child dies with its parent.
static int in_child(void) {
  pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return child == 0;
}

static void echo(void) {
  char byte;
  while (recv(theirs, &byte, 1, 0) == 1) must(send(theirs, &byte, 1, 0) == 1, "send");
  _exit(0);
}

static void start_tcp(void) {
  listener = bound(SOCK_STREAM);
  must(listen(listener, 1) == 0, "listen");
  ours = connected(SOCK_STREAM);
  theirs = accept(listener, NULL, NULL);
  must(theirs >= 0, "accept");
}

static void start_tcp_echo(void) {
  start_tcp();
  if (in_child()) echo();
}

static void start_udp_echo(void) {
  theirs = bound(SOCK_DGRAM);
  ours = connected(SOCK_DGRAM);
  must(getsockname(ours, (void *)&name, &name_bytes) == 0, "getsockname");
  must(connect(theirs, (void *)&name, sizeof(name)) == 0, "connect");
  if (in_child()) echo();
}

static void round_trips(void *context, int calls) {
  char byte = 1;
  while (calls-- > 0) {
    must(send(ours, &byte, 1, 0) == 1, "send");
    must(recv(ours, &byte, 1, 0) == 1, "recv");
  }
}

// Answers each gibibyte with a byte.
static void sink(void) {
  for (;;) {
    for (long left = STREAM; left > 0;) {
      ssize_t got = recv(theirs, piece, piece_bytes, 0);
      if (got <= 0) _exit(0);
      left -= got;
    }
    must(send(theirs, piece, 1, 0) == 1, "send");
  }
}

static void start_sink(void) {
  start_tcp();
  if (in_child()) sink();
}

// The first byte of a connection says what is to be done with the rest.
static int serve(void) {
  char kind;
  listener = bound(SOCK_STREAM);
  must(listen(listener, 8) == 0, "listen");
  signal(SIGCHLD, SIG_IGN);
  printf("%d\n", ntohs(name.sin_port));
  fflush(stdout);
  while ((theirs = accept(listener, NULL, NULL)) >= 0) {
    if (in_child()) {
      must(recv(theirs, &kind, 1, 0) == 1, "recv");
      if (kind == 'e') echo();
      sink();
    }
    close(theirs);
  }
  return 1;
}

static void reach(char kind) {
  name = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[4]))};
  must(inet_pton(AF_INET, words[3], &name.sin_addr) == 1, words[3]);
  ours = connected(SOCK_STREAM);
  must(send(ours, &kind, 1, 0) == 1, "send");
}

static void reach_echo(void) { reach('e'); }
static void reach_sink(void) { reach('s'); }

static void stream(void *context, int calls) {
  char byte;
  for (; calls > 0; calls--) {
    for (size_t left = STREAM; left > 0;) {
      ssize_t sent = send(ours, piece, left < piece_bytes ? left : piece_bytes, 0);
      must(sent > 0, "send");
      left -= sent;
    }
    must(recv(ours, &byte, 1, 0) == 1, "recv");
  }
}

static void start_listener(void) {
  listener = bound(SOCK_STREAM);
  must(listen(listener, 1) == 0, "listen");
}

// A reset leaves no port in TIME_WAIT.
static void connections(void *context, int calls) {
  struct linger none = {1, 0};
  while (calls-- > 0) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(fd, (void *)&name, sizeof(name)) == 0, "connect");
    int accepted = accept(listener, NULL, NULL);
    must(accepted >= 0, "accept");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(fd);
    close(accepted);
  }
}

static const struct operation {
  const char *name;
  void (*prepare)(void);
  void (*batch)(void *, int);
  int calls;
  size_t piece_bytes;
} operations[] = {
    {"tcp-round-trip", start_tcp_echo, round_trips, ROUND_TRIPS},
    {"tcp-stream-1GiB", start_sink, stream, 1, SMALL},
    {"tcp-stream-1GiB-by-128KiB", start_sink, stream, 1, LARGE},
    {"udp-round-trip", start_udp_echo, round_trips, ROUND_TRIPS},
    {"connection", start_listener, connections, CONNECTIONS},
    {"outside-round-trip", reach_echo, round_trips, ROUND_TRIPS},
    {"outside-stream-1GiB", reach_sink, stream, 1, SMALL},
    {"outside-stream-1GiB-by-128KiB", reach_sink, stream, 1, LARGE},
};

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "serve") == 0) return serve();
  if (argc != 3 && argc != 5) return 2;
  words = argv;
  for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
    const struct operation *each = &operations[i];
    if (strcmp(each->name, argv[1]) != 0 || (argc == 5) != (strncmp(argv[1], "outside", 7) == 0))
      continue;
    piece_bytes = each->piece_bytes;
    each->prepare();
    printf("%.0f\n", median_batch_ns(each->batch, NULL, each->calls, atoi(argv[2])) / each->calls);
    return 0;
  }
  fprintf(stderr, "net: there is no %s\n", argv[1]);
  return 2;
}
