// pipes-processes: pipes and FIFOs between processes: waiting, atomic writes, ends of file, SIGPIPE. man 7 pipe, man 7 fifo.
// not in CI's beds: emulation makes it slow
#include <limits.h>

#include "processes.h"

#define WRITERS 4

static void read_all(int fd, char *buffer, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = read(fd, buffer + done, length - done);
    REQUIRE(n > 0);
    done += (size_t)n;
  }
}

// Several processes write records of one length, each with its own letter: none is torn while they have PIPE_BUF bytes at most.
static void check_atomicity(size_t length, int count) {
  static char records[WRITERS * 100 * PIPE_BUF];
  int fds[2], of[WRITERS] = {0};
  REQUIRE(pipe(fds) == 0 && sizeof(records) >= WRITERS * (size_t)count * length);
  pid_t writers[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    IN_CHILD(writers[i]) {
      char record[PIPE_BUF];
      memset(record, 'a' + i, sizeof(record));
      for (int n = 0; n < count; n++) CHECK_EQ(write(fds[1], record, length), length);
    }
  }
  close(fds[1]);
  size_t total = WRITERS * (size_t)count * length;
  read_all(fds[0], records, total);
  for (size_t at = 0; at < total; at += length) {
    size_t same = 0;
    while (same < length && records[at + same] == records[at]) same++;
    CHECK_EQ(same, length);
    of[records[at] - 'a']++;
  }
  for (int i = 0; i < WRITERS; i++) CHECK(of[i] == count && ended(writers[i]) == 0);
  CHECK_EQ(read(fds[0], records, 1), 0);
  close(fds[0]);
}

// A write longer than the room waits for the reader, and all of it arrives in order.
static void check_capacity(void) {
  static unsigned char block[300000], got[300000];
  struct gate done = new_gate();
  int fds[2];
  pid_t writer;
  REQUIRE(pipe(fds) == 0);
  for (size_t i = 0; i < sizeof(block); i++) block[i] = (unsigned char)(i * 7 + (i >> 8));
  IN_CHILD(writer) {
    CHECK_EQ(write(fds[1], block, 65536), 65536);
    open_gate(done);
    CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
    open_gate(done);
  }
  pass_gate(done);
  struct pollfd has_ended = {done.fds[0], POLLIN, 0};
  CHECK_EQ(poll(&has_ended, 1, 20), 0);
  read_all(fds[0], (char *)got, 65536);
  CHECK(memcmp(got, block, 65536) == 0);
  read_all(fds[0], (char *)got, sizeof(got));
  CHECK(memcmp(got, block, sizeof(got)) == 0);
  pass_gate(done);
  CHECK_EQ(ended(writer), 0);
  // O_NONBLOCK belongs to the open file, and a process that already waits for room goes on waiting.
  CHECK_EQ(fcntl(fds[1], F_SETPIPE_SZ, 4096), 4096);
  CHECK_EQ(write(fds[1], block, 4096), 4096);
  IN_CHILD(writer) CHECK_EQ(write(fds[1], block, 10), 10);
  CHECK(EVENTUALLY(state_of(writer) == 'S'));
  CHECK_EQ(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
  CHECK_ERRNO(write(fds[1], block, 1), EAGAIN);
  read_all(fds[0], (char *)got, 4096);
  CHECK_EQ(ended(writer), 0);
  close(fds[0]), close(fds[1]), remove_gate(done);
}

static void check_end_of_file(void) {
  struct gate go = new_gate();
  char byte;
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  // The end comes with the last writer, however it ends.
  pid_t one = CHILD(pass_gate(go)), two = CHILD(for (;;) pause());
  close(fds[1]);
  struct pollfd readable = {fds[0], POLLIN, 0};
  open_gate(go);
  CHECK_EQ(ended(one), 0);
  CHECK_EQ(poll(&readable, 1, 10), 0);
  kill(two, SIGKILL);
  CHECK_EQ(read(fds[0], &byte, 1), 0);
  CHECK(poll(&readable, 1, 1000) == 1 && readable.revents == POLLHUP);
  CHECK_EQ(ended(two), 128 + SIGKILL);
  close(fds[0]), remove_gate(go);
}

static volatile int caught;
static void catch(int number) { caught = number; }

static void check_sigpipe(void) {
  static char block[100000];
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  // An endless writer dies when no reader is left; one that waits in a write is told at once.
  pid_t endless;
  IN_CHILD(endless) {
    close(fds[0]);
    while (write(fds[1], block, 100) == 100) continue;
  }
  close(fds[1]);
  read_all(fds[0], block, 40000);
  close(fds[0]);
  CHECK_EQ(ended(endless), 128 + SIGPIPE);
  pid_t child;
  struct gate ready = new_gate();
  REQUIRE(pipe(fds) == 0);
  IN_CHILD(child) {
    signal(SIGPIPE, catch);
    close(fds[0]);
    open_gate(ready);
    // The part that fitted was written.
    CHECK_EQ(write(fds[1], block, sizeof(block)), 65536);
    CHECK_EQ(caught, SIGPIPE);
    CHECK_ERRNO(write(fds[1], block, 1), EPIPE);
    CHECK_EQ(write(fds[1], block, 0), 0);
  }
  close(fds[1]);
  pass_gate(ready);
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  close(fds[0]);
  CHECK_EQ(ended(child), 0);
  remove_gate(ready);
}

static void check_interruption(void) {
  int fds[2];
  char byte;
  REQUIRE(pipe(fds) == 0);
  pid_t parent = getpid(), child;
  for (int restarts = 0; restarts < 2; restarts++) {
    struct sigaction action = {.sa_handler = catch, .sa_flags = restarts ? SA_RESTART : 0};
    sigaction(SIGUSR1, &action, 0);
    IN_CHILD(child) {
      // Again and again: the first signal may come before the read.
      for (int i = 0; i < (restarts ? 5 : 3000); i++) sleep_ms(2), kill(parent, SIGUSR1);
      CHECK_EQ(write(fds[1], "x", 1), 1);
    }
    if (restarts) {
      CHECK_EQ(read(fds[0], &byte, 1), 1);
      CHECK_EQ(ended(child), 0);
    } else {
      CHECK_ERRNO(read(fds[0], &byte, 1), EINTR);
      kill(child, SIGKILL);
      CHECK_EQ(ended(child), 128 + SIGKILL);
    }
  }
  close(fds[0]), close(fds[1]);
}

// Bytes through three processes that each add one to every byte.
static void check_pipeline(void) {
  static unsigned char block[200000], got[200000];
  int in[2], out[2];
  pid_t stages[3], source;
  REQUIRE(pipe(in) == 0);
  IN_CHILD(source) {
    memset(block, 40, sizeof(block));
    CHECK_EQ(write(in[1], block, sizeof(block)), sizeof(block));
  }
  for (int i = 0; i < 3; i++) {
    close(in[1]);
    REQUIRE(pipe(out) == 0);
    IN_CHILD(stages[i]) {
      ssize_t n;
      dup2(in[0], 0), dup2(out[1], 1), close(in[0]), close(out[0]), close(out[1]);
      while ((n = read(0, block, 5000)) > 0) {
        for (ssize_t at = 0; at < n; at++) block[at]++;
        CHECK_EQ(write(1, block, (size_t)n), n);
      }
    }
    close(in[0]);
    in[0] = out[0], in[1] = out[1];
  }
  close(in[1]);
  read_all(in[0], (char *)got, sizeof(got));
  for (size_t i = 0; i < sizeof(got); i++) CHECK(got[i] == 43);
  CHECK_EQ(read(in[0], got, 1), 0);
  for (int i = 0; i < 3; i++) CHECK_EQ(ended(stages[i]), 0);
  CHECK_EQ(ended(source), 0);
  close(in[0]);
}

// Opening a FIFO waits for the other side.
static void check_fifo(void) {
  char text[8] = "";
  CHECK_EQ(mkfifo("fifo", 0600), 0);
  CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  pid_t child;
  IN_CHILD(child) {
    int fd = open("fifo", O_WRONLY);
    CHECK_EQ(write(fd, "through", 7), 7);
    close(fd);
    fd = open("fifo", O_RDONLY);
    CHECK_EQ(read(fd, text, 8), 0);
  }
  CHECK(EVENTUALLY(state_of(child) == 'S'));
  int fd = open("fifo", O_RDONLY);
  read_all(fd, text, 7);
  CHECK(memcmp(text, "through", 7) == 0);
  CHECK_EQ(read(fd, text, 1), 0);
  close(fd);
  fd = open("fifo", O_WRONLY);
  CHECK(fd >= 0);
  close(fd);
  CHECK_EQ(ended(child), 0);
}

int main(void) {
  limit_time();
  enter_scratch();
  check_atomicity(PIPE_BUF, 100);
  check_atomicity(PIPE_BUF - 1, 50);
  check_atomicity(777, 150);
  check_capacity();
  check_end_of_file();
  check_sigpipe();
  check_interruption();
  check_pipeline();
  check_fifo();
  return finish();
}
