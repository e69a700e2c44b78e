// io.c: nanoseconds of what a machine's Linux does with its devices, for comparing hv with QEMU in the same bed. It prints a line
// `io NAME NANOSECONDS` for each figure, the median of batches.
//
//   io disk DEVICE          4 KiB at random and 1 MiB in sequence, without the page cache; a write that is synced
//   io share DIRECTORY      the same on a file of a shared directory, and calls that only its names need
//   io net ADDRESS PORT     one byte to `io serve` and back, and 1 MiB to it, over TCP
//   io serve PORT           until it is killed
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batches.h"

enum { SMALL = 4096, LARGE = 1 << 20, FILE_BYTES = 32 << 20, CALLS = 20, MILLISECONDS = 3000 };

static char *piece;
static int fd;
static unsigned place;
static const char *path;
static struct sockaddr_in server = {.sin_family = AF_INET};

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static void measure(const char *name, void (*batch)(void *, int), int calls) {
  batch(NULL, 1);
  printf("io %s %.0f\n", name, median_batch_ns(batch, NULL, calls, MILLISECONDS) / calls);
  fflush(stdout);
}

// A linear congruential generator: the same places under each hypervisor.
static off_t random_place(void) {
  place = place * 1664525 + 1013904223;
  return (off_t)(place >> 8) % (FILE_BYTES / SMALL) * SMALL;
}

static off_t next_place(void) {
  place = (place + 1) % (FILE_BYTES / LARGE);
  return (off_t)place * LARGE;
}

static void read_small(void *unused, int calls) {
  while (calls--) must(pread(fd, piece, SMALL, random_place()) == SMALL, "pread");
}

static void write_small(void *unused, int calls) {
  while (calls--) must(pwrite(fd, piece, SMALL, random_place()) == SMALL, "pwrite");
}

static void write_synced(void *unused, int calls) {
  while (calls--) {
    must(pwrite(fd, piece, SMALL, random_place()) == SMALL, "pwrite");
    must(fdatasync(fd) == 0, "fdatasync");
  }
}

static void read_large(void *unused, int calls) {
  while (calls--) must(pread(fd, piece, LARGE, next_place()) == LARGE, "pread");
}

static void write_large(void *unused, int calls) {
  while (calls--) must(pwrite(fd, piece, LARGE, next_place()) == LARGE, "pwrite");
}

static void open_close(void *unused, int calls) {
  while (calls--) {
    int each = open(path, O_RDONLY);
    must(each >= 0 && close(each) == 0, "open");
  }
}

static void create_unlink(void *unused, int calls) {
  while (calls--) {
    int each = open("new", O_CREAT | O_EXCL | O_WRONLY, 0644);
    must(each >= 0 && close(each) == 0 && unlink("new") == 0, "create");
  }
}

static void measure_file(void) {
  place = 1;
  measure("read/4k", read_small, CALLS);
  measure("write/4k", write_small, CALLS);
  measure("write-synced/4k", write_synced, CALLS);
  place = 0;
  measure("read/1m", read_large, 4);
  measure("write/1m", write_large, 4);
}

static void share(const char *directory) {
  must(chdir(directory) == 0, "chdir");
  path = "file";
  fd = open(path, O_CREAT | O_RDWR | O_DIRECT, 0644);
  must(fd >= 0, "open");
  for (off_t at = 0; at < FILE_BYTES; at += LARGE)
    must(pwrite(fd, piece, LARGE, at) == LARGE, "fill");
  measure_file();
  measure("open-close", open_close, CALLS);
  measure("create-unlink", create_unlink, CALLS);
}

static void round_trip(void *unused, int calls) {
  while (calls--)
    must(send(fd, piece, 1, 0) == 1 && recv(fd, piece, 1, MSG_WAITALL) == 1, "round trip");
}

// The server answers a byte for each MiB.
static void stream(void *unused, int calls) {
  while (calls--) {
    for (int sent = 0; sent < LARGE;) {
      ssize_t now = send(fd, piece, LARGE - sent, 0);
      must(now > 0, "send");
      sent += now;
    }
    must(recv(fd, piece, 1, MSG_WAITALL) == 1, "recv");
  }
}

// The first byte of a connection says which: `r`, or `s`.
static void connected(char which) {
  int on = 1;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  must(connect(fd, (void *)&server, sizeof(server)) == 0, "connect");
  setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
  must(send(fd, &which, 1, 0) == 1, "send");
}

static void net(void) {
  connected('r');
  measure("round-trip", round_trip, CALLS);
  close(fd);
  connected('s');
  measure("stream/1m", stream, 4);
}

static void serve_one(int client) {
  char which;
  must(recv(client, &which, 1, 0) == 1, "which");
  for (;;) {
    for (int got = 0, wanted = which == 'r' ? 1 : LARGE; got < wanted;) {
      ssize_t now = recv(client, piece, wanted - got, 0);
      if (now <= 0) _exit(0);
      got += now;
    }
    if (send(client, piece, 1, 0) != 1) _exit(0);
  }
}

static void serve(void) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  signal(SIGCHLD, SIG_IGN);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  must(bind(listener, (void *)&server, sizeof(server)) == 0 && listen(listener, 8) == 0, "listen");
  for (;;) {
    int client = accept(listener, NULL, NULL);
    must(client >= 0, "accept");
    setsockopt(client, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fork() == 0) serve_one(client);
    close(client);
  }
}

int main(int argc, char **argv) {
  piece = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(piece != MAP_FAILED && argc > 2, "io");
  memset(piece, 'h', LARGE);
  const char *what = argv[1];
  server.sin_port = htons(atoi(argv[argc - 1]));

  if (strcmp(what, "serve") == 0) {
    serve();
  } else if (strcmp(what, "net") == 0) {
    server.sin_addr.s_addr = inet_addr(argv[2]);
    net();
  } else if (strcmp(what, "share") == 0) {
    share(argv[2]);
  } else {
    fd = open(argv[2], O_RDWR | O_DIRECT);
    must(fd >= 0, "open");
    measure_file();
  }
  return 0;
}
