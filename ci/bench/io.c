// io.c: nanoseconds of what a machine's Linux does with its devices, for comparing hv with QEMU in the same bed. It prints a line
// `io NAME NANOSECONDS` for each figure, the median of batches. Each figure is tried for MILLISECONDS first, and measured for as long.
// Before the first one is a warm-up of four times that: V8 compiles what all of them run.
// With ROW=NAME in the environment, only that one is tried, and then called CALLS times between `io begin` and `io end`, for io-parts.mjs.
//
//   io disk DEVICE MILLISECONDS          4 KiB at random and 1 MiB in sequence, without the page cache; a write that is synced
//   io share DIRECTORY MILLISECONDS      the same on a file of a shared directory, and calls that only its names need
//   io net ADDRESS PORT MILLISECONDS     one byte to `io serve` and back, 1 MiB to it, and 1 MiB from it, over TCP
//   io vsock PORT MILLISECONDS           one byte to the host and back, over AF_VSOCK
//   io serve net|vsock PORT              until it is killed
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batches.h"

enum {
  SMALL = 4096,
  LARGE = 1 << 20,
  FILE_BYTES = 32 << 20,
  BATCHES = 10,
  PAUSE_US = 100000,
  WARM_UP = 4
};

static char *piece;
static int fd;
static unsigned place;
static int milliseconds;
static const char *path;
static struct sockaddr_in on_net = {.sin_family = AF_INET};
static struct sockaddr_vm on_vsock = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY};
static struct sockaddr *server;
static socklen_t server_bytes;

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

// Nothing else happens between the lines, and before and after the calls there is time to begin and end a trace.
static void repeat(void (*batch)(void *, int)) {
  puts("io begin"), fflush(stdout);
  usleep(PAUSE_US);
  batch(NULL, atoi(getenv("CALLS")));
  usleep(PAUSE_US);
  puts("io end"), fflush(stdout);
}

static int calls_in(void (*batch)(void *, int), int trial_ms) {
  int calls = 0;
  for (double end = now_ns() + trial_ms * 1e6; calls == 0 || now_ns() < end; calls++)
    batch(NULL, 1);
  return calls;
}

// A batch takes about a tenth of the time, and at least one call.
static void measure(const char *name, void (*batch)(void *, int)) {
  const char *only = getenv("ROW");
  if (only && strcmp(only, name) != 0) return;
  static int is_warm;
  if (!is_warm) calls_in(batch, WARM_UP * milliseconds);
  is_warm = 1;
  int calls = calls_in(batch, milliseconds);
  if (only) return repeat(batch);
  calls = calls < BATCHES ? 1 : calls / BATCHES;
  printf("io %s %.0f\n", name, median_batch_ns(batch, NULL, calls, milliseconds) / calls);
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
  measure("read/4k", read_small);
  measure("write/4k", write_small);
  measure("write-synced/4k", write_synced);
  place = 0;
  measure("read/1m", read_large);
  measure("write/1m", write_large);
}

static void share(const char *directory) {
  must(chdir(directory) == 0, "chdir");
  path = "file";
  fd = open(path, O_CREAT | O_RDWR | O_DIRECT, 0644);
  must(fd >= 0, "open");
  for (off_t at = 0; at < FILE_BYTES; at += LARGE)
    must(pwrite(fd, piece, LARGE, at) == LARGE, "fill");
  measure_file();
  measure("open-close", open_close);
  measure("create-unlink", create_unlink);
}

static void round_trip(void *unused, int calls) {
  while (calls--)
    must(send(fd, piece, 1, 0) == 1 && recv(fd, piece, 1, MSG_WAITALL) == 1, "round trip");
}

static void send_all(int to) {
  for (int sent = 0; sent < LARGE;) {
    ssize_t now = send(to, piece, LARGE - sent, 0);
    must(now > 0, "send");
    sent += now;
  }
}

// The server answers a byte for each MiB.
static void stream_out(void *unused, int calls) {
  while (calls--) {
    send_all(fd);
    must(recv(fd, piece, 1, MSG_WAITALL) == 1, "recv");
  }
}

// The server answers a MiB for each byte.
static void stream_in(void *unused, int calls) {
  while (calls--)
    must(send(fd, piece, 1, 0) == 1 && recv(fd, piece, LARGE, MSG_WAITALL) == LARGE, "stream");
}

// Vsock does not know it, and needs no telling.
static void send_at_once(int socket) {
  int on = 1;
  setsockopt(socket, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
}

// The first byte of a connection says which: `r`, `o` or `i`.
static void measure_connection(char which, const char *name, void (*batch)(void *, int)) {
  fd = socket(server->sa_family, SOCK_STREAM, 0);
  must(connect(fd, server, server_bytes) == 0, "connect");
  send_at_once(fd);
  must(send(fd, &which, 1, 0) == 1, "send");
  measure(name, batch);
  close(fd);
}

static void net(void) {
  measure_connection('r', "round-trip", round_trip);
  measure_connection('o', "stream-out/1m", stream_out);
  measure_connection('i', "stream-in/1m", stream_in);
}

static void serve_one(int client) {
  char which;
  must(recv(client, &which, 1, 0) == 1, "which");
  for (;;) {
    for (int got = 0, wanted = which == 'o' ? LARGE : 1; got < wanted;) {
      ssize_t now = recv(client, piece, wanted - got, 0);
      if (now <= 0) _exit(0);
      got += now;
    }
    if (which == 'i')
      send_all(client);
    else if (send(client, piece, 1, 0) != 1)
      _exit(0);
  }
}

static void serve(void) {
  int on = 1, listener = socket(server->sa_family, SOCK_STREAM, 0);
  signal(SIGCHLD, SIG_IGN);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  must(bind(listener, server, server_bytes) == 0 && listen(listener, 8) == 0, "listen");
  for (;;) {
    int client = accept(listener, NULL, NULL);
    must(client >= 0, "accept");
    send_at_once(client);
    if (fork() == 0) serve_one(client);
    close(client);
  }
}

static void use_net(const char *address, const char *port) {
  on_net.sin_addr.s_addr = inet_addr(address);
  on_net.sin_port = htons(atoi(port));
  server = (void *)&on_net;
  server_bytes = sizeof(on_net);
}

static void use_vsock(unsigned cid, const char *port) {
  on_vsock.svm_cid = cid;
  on_vsock.svm_port = atoi(port);
  server = (void *)&on_vsock;
  server_bytes = sizeof(on_vsock);
}

int main(int argc, char **argv) {
  piece = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(piece != MAP_FAILED && argc > 3, "io");
  memset(piece, 'h', LARGE);
  const char *what = argv[1];
  milliseconds = atoi(argv[argc - 1]);

  if (strcmp(what, "serve") == 0) {
    if (strcmp(argv[2], "net") == 0)
      use_net("0.0.0.0", argv[3]);
    else
      use_vsock(VMADDR_CID_ANY, argv[3]);
    serve();
  } else if (strcmp(what, "net") == 0 && argc > 4) {
    use_net(argv[2], argv[3]);
    net();
  } else if (strcmp(what, "vsock") == 0) {
    use_vsock(VMADDR_CID_HOST, argv[2]);
    measure_connection('r', "round-trip", round_trip);
  } else if (strcmp(what, "share") == 0) {
    share(argv[2]);
  } else {
    fd = open(argv[2], O_RDWR | O_DIRECT);
    must(fd >= 0, "open");
    measure_file();
  }
  return 0;
}
