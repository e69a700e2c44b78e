// closed-meanwhile: a blocked call keeps its open file, whoever closes the descriptor, and lets it go however it ends. man 2 close.
// not in CI's beds: emulation makes it slow
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "threads.h"

#define LONG_S 20

// A thread in a call on a descriptor.
struct blocked {
  long (*call)(int fd);
  int fd;
  volatile pid_t tid;
  long result;
  pthread_t thread;
};

static char block[1 << 18];

static void *make_call(void *argument) {
  struct blocked *blocked = argument;
  blocked->tid = gettid();
  blocked->result = blocked->call(blocked->fd);
  if (blocked->result < 0) blocked->result = -errno;
  return 0;
}

// Makes the call in a thread, waits until it sleeps, and closes the descriptor.
static void begin(struct blocked *blocked) {
  blocked->thread = start(make_call, blocked);
  CHECK(EVENTUALLY(blocked->tid != 0 && state_of_thread(blocked->tid) == 'S'));
  CHECK_EQ(close(blocked->fd), 0);
}

static long result_of(struct blocked *blocked) {
  join(blocked->thread);
  return blocked->result;
}

#define BLOCKED(name, call, fd)              \
  struct blocked name = {call, fd, 0, 0, 0}; \
  begin(&name)

static long read_call(int fd) {
  char bytes[8];
  return read(fd, bytes, 8);
}
static long write_call(int fd) { return write(fd, block, sizeof(block)); }
static long recvmsg_call(int fd) {
  char bytes[8];
  struct iovec part = {bytes, 8};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  return recvmsg(fd, &message, 0);
}
static long poll_call(int fd) {
  struct pollfd asked = {fd, POLLIN, 0};
  return poll(&asked, 1, LONG_S * 1000) == 1 ? asked.revents : -1;
}
static long select_call(int fd) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  return select(fd + 1, &set, 0, 0, &(struct timeval){LONG_S, 0});
}
static long accept_call(int fd) { return accept(fd, 0, 0); }
static long flock_call(int fd) { return flock(fd, LOCK_EX); }
static long lock_call(int fd) {
  return fcntl(fd, F_OFD_SETLKW, &(struct flock){.l_type = F_WRLCK});
}
static long record_lock_call(int fd) {
  return fcntl(fd, F_SETLKW, &(struct flock){.l_type = F_WRLCK});
}
static long epoll_call(int fd) {
  struct epoll_event event;
  return epoll_wait(fd, &event, 1, LONG_S * 1000);
}
static long mq_call(int fd) {
  char bytes[8];
  return mq_receive(fd, bytes, 8, 0);
}
static int sink;
static long splice_call(int fd) { return splice(fd, 0, sink, 0, 8, 0); }

static int reader, writer;
static void new_pipe(void) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  reader = fds[0], writer = fds[1];
}

static bool has_no_reader(void) {
  struct pollfd asked = {writer, 0, 0};
  return poll(&asked, 1, 0) == 1 && asked.revents == POLLERR;
}

// The call has let go of the pipe's reader: nobody can read any more.
static void check_let_go(void) {
  CHECK_ERRNO(write(writer, "x", 1), EPIPE);
  close(writer);
}

static void check_pipes(void) {
  static long (*const readers[])(int) = {read_call, splice_call};
  sink = open("/dev/null", O_WRONLY);
  for (size_t i = 0; i < COUNT(readers); i++) {
    new_pipe();
    BLOCKED(call, readers[i], reader);
    CHECK_EQ(write(writer, "ab", 2), 2);
    CHECK_EQ(result_of(&call), 2);
    check_let_go();
  }
  close(sink);
  new_pipe();
  BLOCKED(call, write_call, writer);
  size_t total = 0;
  for (ssize_t n; total < sizeof(block) && (n = read(reader, block, 65536)) > 0; total += (size_t)n)
    continue;
  CHECK_EQ(result_of(&call), sizeof(block));
  CHECK_EQ(total, sizeof(block));
  CHECK_EQ(read(reader, block, 1), 0);
  close(reader);
}

static void check_sockets(void) {
  static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for (size_t i = 0; i < COUNT(types); i++) {
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, types[i], 0, pair) == 0);
    BLOCKED(call, recvmsg_call, pair[0]);
    CHECK_EQ(write(pair[1], "ab", 2), 2);
    CHECK_EQ(result_of(&call), 2);
    CHECK_ERRNO(write(pair[1], "ab", 2), types[i] == SOCK_DGRAM ? ECONNREFUSED : EPIPE);
    close(pair[1]);
  }
  // The listener takes one more connection, then it is gone.
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 +
                     (socklen_t)sprintf(name.sun_path + 1, "closed-meanwhile-%d", getpid());
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(bind(listener, (void *)&name, length), 0);
  CHECK_EQ(listen(listener, 1), 0);
  BLOCKED(call, accept_call, listener);
  CHECK_EQ(connect(client, (void *)&name, length), 0);
  int accepted = (int)result_of(&call), late = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(accepted >= 0);
  CHECK_ERRNO(connect(late, (void *)&name, length), ECONNREFUSED);
  close(accepted), close(client), close(late);
}

// poll and select keep the file that they wait for, and look the number up again when they wake.
static void check_readiness(void) {
  new_pipe();
  BLOCKED(polled, poll_call, reader);
  CHECK_EQ(write(writer, "ab", 2), 2);
  CHECK_EQ(result_of(&polled), POLLNVAL);
  check_let_go();
  new_pipe();
  BLOCKED(selected, select_call, reader);
  CHECK_EQ(write(writer, "ab", 2), 2);
  CHECK_EQ(result_of(&selected), 1);
  check_let_go();
  // An epoll that waits is kept; a file that it watches is not.
  struct epoll_event event = {.events = EPOLLIN};
  int epoll = epoll_create1(0), other = epoll_create1(0);
  new_pipe();
  CHECK_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, reader, &event), 0);
  BLOCKED(waiting, epoll_call, epoll);
  CHECK_EQ(write(writer, "ab", 2), 2);
  CHECK_EQ(result_of(&waiting), 1);
  close(reader), close(writer);
  new_pipe();
  CHECK_EQ(epoll_ctl(other, EPOLL_CTL_ADD, reader, &event), 0);
  close(reader);
  check_let_go();
  close(other);
}

// The lock is the file's, and ends with it.
static void check_locks(void) {
  static long (*const takers[])(int) = {flock_call, lock_call, record_lock_call};
  write_file("locked", "", 0);
  for (size_t i = 0; i < COUNT(takers); i++) {
    int holder = open("locked", O_RDWR), taker = open("locked", O_RDWR),
        third = open("locked", O_RDWR);
    CHECK_EQ(i == 0 ? flock_call(holder) : lock_call(holder), 0);
    BLOCKED(call, takers[i], taker);
    struct flock unlock = {.l_type = F_UNLCK};
    CHECK_EQ(i == 0 ? flock(holder, LOCK_UN) : fcntl(holder, F_OFD_SETLK, &unlock), 0);
    CHECK_EQ(result_of(&call), i == 2 ? -EBADF : 0);
    CHECK_EQ(i == 0 ? flock(third, LOCK_EX | LOCK_NB)
                    : fcntl(third, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK}),
             0);
    close(holder), close(third);
  }
}

static void check_queues(void) {
  char name[64];
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
  sprintf(name, "/closed-meanwhile-%d", getpid());
  int queue = mq_open(name, O_CREAT | O_RDONLY, 0600, &attributes),
      sender = mq_open(name, O_WRONLY);
  CHECK(queue >= 0 && sender >= 0);
  mq_unlink(name);
  BLOCKED(call, mq_call, queue);
  CHECK_EQ(mq_send(sender, "ab", 2, 0), 0);
  CHECK_EQ(result_of(&call), 2);
  close(sender);
}

static void nothing(int number) { (void)number; }

// A signal ends the call: a restarted one looks the number up again.
static void check_signals(void) {
  static const int flags[] = {0, SA_RESTART};
  for (size_t i = 0; i < COUNT(flags); i++) {
    struct sigaction action = {.sa_handler = nothing, .sa_flags = flags[i]};
    sigaction(SIGUSR1, &action, 0);
    new_pipe();
    BLOCKED(call, read_call, reader);
    CHECK_EQ(tgkill(getpid(), call.tid, SIGUSR1), 0);
    CHECK_EQ(result_of(&call), flags[i] ? -EBADF : -EINTR);
    check_let_go();
  }
}

// The end of the process, and another program in it, end the calls of its threads.
static void check_ends(void) {
  for (int with_exec = 0; with_exec < 2; with_exec++) {
    new_pipe();
    struct gate gate = new_gate();
    pid_t child = CHILD({
      close(writer);
      BLOCKED(call, read_call, reader);
      open_gate(gate);
      if (with_exec) execl("/proc/self/exe", "closed-meanwhile", "wait", (char *)0);
      pause();
    });
    close(reader);
    pass_gate(gate);
    if (!with_exec) CHECK(!has_no_reader());
    if (!with_exec) kill(child, SIGKILL);
    CHECK(EVENTUALLY(has_no_reader()));
    check_let_go();
    kill(child, SIGKILL);
    CHECK_EQ(ended(child), 128 + SIGKILL);
    remove_gate(gate);
  }
}

// A futex is a place in a file or in memory, not a mapping.
static char *slept_on;
static long futex_call(int fd) {
  (void)fd;
  return futex(slept_on, FUTEX_WAIT, 0, 0, 0, 0);
}

static void check_unmapped(void) {
  int file = memfd_create("words", 0);
  REQUIRE(ftruncate(file, (off_t)PAGE) == 0);
  slept_on = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char *other = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  REQUIRE(slept_on != MAP_FAILED && other != MAP_FAILED);
  BLOCKED(call, futex_call, file);
  munmap(slept_on, PAGE);
  CHECK(EVENTUALLY(futex(other, FUTEX_WAKE, 1, 0, 0, 0) == 1));
  CHECK_EQ(result_of(&call), 0);
  munmap(other, PAGE);
}

int main(int argc, char **argv) {
  (void)argv;
  limit_time();
  if (argc > 1) return pause();
  signal(SIGPIPE, SIG_IGN);
  enter_scratch();
  check_pipes();
  check_sockets();
  check_readiness();
  check_locks();
  check_queues();
  check_signals();
  check_ends();
  check_unmapped();
  return finish();
}
