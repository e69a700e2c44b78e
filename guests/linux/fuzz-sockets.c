// fuzz-sockets: random calls of TCP, UDP and UNIX sockets that follow from a seed; prints what each returns. man 7 socket.
//
// fuzz-sockets SEED CALLS prints a line for each call: two kernels print the same lines. Without arguments it is silent. Ports,
// which are chosen at random, print as the order in which they were taken; what Linux's timers and allocator decide is left out.
// fuzz-sockets older: status 1 on a Linux that is older than the one that hv follows.
// not in CI's beds: emulation makes it slow
#include "fuzz-sockets-messages.h"
#include "fuzz-sockets-options.h"
#include "own-network.h"

static void on_pipe(int number) { (void)number, pipe_signals++; }

static void make(Source *s) {
  if (fds[SLOTS - 1] >= 0 && one_in(s, 2)) {
    unsigned slot = below(s, SLOTS);
    say("close(%u)", slot), say_result(close(fds[slot]), -1);
    fds[slot] = -1;
    return;
  }
  int family = (int)PICK(s, AF_INET, AF_INET, AF_INET6, AF_UNIX),
      type = (int)PICK(s, SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM);
  if (family == AF_UNIX && one_in(s, 3)) type = SOCK_SEQPACKET;
  int protocol = one_in(s, 10)
                     ? (int)PICK(s, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP, -1, 300)
                     : 0;
  int pair[2] = {-1, -1};
  if (family == AF_UNIX && one_in(s, 2)) {
    int result = socketpair(family, type | SOCK_NONBLOCK, 0, pair);
    int error = errno, one = keep(pair[0]), other = keep(pair[1]);
    errno = error;
    say("socketpair(%d, %d) %d %d", family, type, one, other), say_result(result, -1);
    return;
  }
  int fd = socket(family, type | SOCK_NONBLOCK, protocol), error = errno, slot = keep(fd);
  errno = error;
  say("socket(%d, %d, %d) %d", family, type, protocol, slot), say_result(fd < 0 ? -1 : 0, slot);
}

static void bind_some(Source *s) {
  int slot = slot_of(s), other = mate_of(s, slot);
  Address address;
  char text[TEXT_BYTES];
  uint16_t port = one_in(s, 3) ? port_of(other) : 0;
  socklen_t length = some_address(s, &address, family_of(slot), port);
  say("bind(%d, %s)", slot, show_address(slot, &address, length, text));
  say_result(bind(fds[slot], &address.any, length), slot);
}

static void connect_some(Source *s) {
  int slot = slot_of(s), other = one_in(s, 8) ? slot : mate_of(s, slot);
  Address address;
  char text[TEXT_BYTES];
  socklen_t length = some_address(s, &address, family_of(slot), port_of(other));
  if (one_in(s, 3)) {
    length = sizeof address;
    if (getsockname(fds[other], &address.any, &length) < 0) length = 0;
    // No program listens at a name that it did not choose.
    if (address.any.sa_family == AF_UNIX && length != 2 && length <= AUTOBIND_BYTES) return;
  } else if (one_in(s, 20)) {
    address.any.sa_family = AF_UNSPEC;
  }
  bool is_mapped = address.any.sa_family == AF_INET6 &&
                   (IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr) || is_bound_to_mapped(slot));
  if (is_tcp(slot) && address.any.sa_family != AF_UNSPEC && !may_connect(slot, is_mapped)) return;
  if (is_internet(&address) && is_shared(protocol_of(fds[slot]), address.v4.sin_port)) return;
  say("connect(%d, %s)", slot, show_address(slot, &address, length, text));
  say_result(connect(fds[slot], &address.any, length), slot);
}

// Two sockets that may share a port, mostly.
static void share_some(Source *s) {
  int type = (int)PICK(s, SOCK_STREAM, SOCK_DGRAM), family = (int)PICK(s, AF_INET, AF_INET6),
      option = (int)PICK(s, SO_REUSEPORT, SO_REUSEPORT, SO_REUSEADDR), one = 1;
  uint16_t port = 0;
  say("share(%d, %d, %d)", family, type, option);
  for (int i = 0; i < 2; i++) {
    int slot = keep(socket(family, type | SOCK_NONBLOCK, 0));
    if (slot < 0) return;
    if (!one_in(s, 6)) setsockopt(fds[slot], SOL_SOCKET, option, &one, sizeof one);
    Address address;
    char text[TEXT_BYTES];
    socklen_t length = some_address(s, &address, family, port);
    say(" bind(%d, %s)", slot, show_address(slot, &address, length, text));
    say_result(bind(fds[slot], &address.any, length), slot);
    if (one_in(s, 2)) say(" listen"), say_result(listen(fds[slot], 64), slot);
    port = port_of(slot);
    if (one_in(s, 6)) family = AF_INET + AF_INET6 - family;
  }
}

static void listen_some(Source *s) {
  int slot = slot_of(s), backlog = (int)PICK(s, 30, 64, 128, 5000, -1);
  say("listen(%d, %d)", slot, backlog), say_result(listen(fds[slot], backlog), slot);
}

static void accept_some(Source *s) {
  int slot = slot_of(s);
  for (unsigned i = 0; i < SLOTS; i++) {
    int listens = 0;
    socklen_t length = sizeof listens;
    if (fds[i] >= 0 && getsockopt(fds[i], SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 &&
        listens && one_in(s, 2))
      slot = (int)i;
  }
  Address address = {0};
  char text[TEXT_BYTES];
  socklen_t length = sizeof address;
  int fd = accept4(fds[slot], &address.any, &length, SOCK_NONBLOCK), error = errno, made = keep(fd);
  if (made >= 0) was_mapped[socket_of[made]] = is_bound_to_mapped(made);
  say("accept(%d) %d", slot, made);
  if (fd >= 0) say(" from %s", show_address(slot, &address, length, text));
  errno = error;
  say_result(fd < 0 ? -1 : 0, made);
}

static void name_some(Source *s) {
  int slot = slot_of(s);
  bool is_peer = one_in(s, 2);
  Address address = {0};
  char text[TEXT_BYTES];
  socklen_t length = one_in(s, 10) ? (socklen_t)PICK(s, -1, 0, 2, 4, 16) : sizeof address,
            room = length;
  long result = is_peer ? getpeername(fds[slot], &address.any, &length)
                        : getsockname(fds[slot], &address.any, &length);
  int error = errno;
  say("%s(%d, %d)", is_peer ? "getpeername" : "getsockname", slot, (int)room);
  if (result == 0) say(" %s", show_address(slot, &address, length < room ? length : room, text));
  if (result == 0 && family_of(slot) != AF_UNIX) say(" %u", length);
  errno = error;
  say_result(result, slot);
}

static void end_some(Source *s) {
  int slot = slot_of(s);
  unsigned choice = below(s, 8);
  if (choice < 4) {
    int how = one_in(s, 20) ? (int)PICK(s, -1, 3, 99) : (int)below(s, 3);
    say("shutdown(%d, %d)", slot, how), say_result(shutdown(fds[slot], how), slot);
  } else if (choice == 4) {
    int fd = dup(fds[slot]), made = keep(fd);
    say("dup(%d) %d", slot, made), say_result(fd < 0 ? -1 : 0, made);
  } else {
    long result = close(fds[slot]);
    fds[slot] = -1;
    say("close(%d)", slot), say_result(result, -1);
  }
}

// Which sockets a call has made ready, or no longer ready.
static void say_changes(void) {
  static short before[SLOTS];
  struct pollfd polled[SLOTS];
  for (unsigned i = 0; i < SLOTS; i++)
    polled[i] = (struct pollfd){fds[i], POLLIN | POLLOUT | POLLRDHUP | POLLPRI | POLLRDNORM, 0};
  poll(polled, SLOTS, 0);
  for (unsigned i = 0; i < SLOTS; i++) {
    if (polled[i].revents != before[i]) say(" %u:%x", i, polled[i].revents);
    before[i] = polled[i].revents;
  }
}

// What every socket is called, and how many bytes wait there.
static void survey(void) {
  char text[TEXT_BYTES];
  say("survey");
  for (unsigned i = 0; i < SLOTS; i++) {
    Address address = {0};
    socklen_t length = sizeof address;
    int waiting = -1;
    if (fds[i] < 0) continue;
    getsockname(fds[i], &address.any, &length);
    say(" %u %s", i, show_address((int)i, &address, length, text));
    length = sizeof address;
    if (getpeername(fds[i], &address.any, &length) == 0)
      say(" - %s", show_address((int)i, &address, length, text));
    ioctl(fds[i], FIONREAD, &waiting);
    say(" %d", waiting);
  }
}

static void step(Source *s) {
  switch (below(s, 32)) {
    case 0:
    case 1:
    case 2:
    case 3:
      make(s);
      break;
    case 4:
    case 5:
    case 6:
      bind_some(s);
      break;
    case 7:
    case 8:
      listen_some(s);
      break;
    case 9:
    case 10:
    case 11:
    case 12:
      connect_some(s);
      break;
    case 13:
    case 14:
      accept_some(s);
      break;
    case 15:
    case 16:
    case 17:
      send_some(s);
      break;
    case 18:
    case 19:
    case 20:
      receive_some(s);
      break;
    case 21:
      name_some(s);
      break;
    case 22:
      get_option(s);
      break;
    case 23:
      set_option(s);
      break;
    case 24:
      control(s);
      break;
    case 27:
      share_some(s);
      break;
    case 28:
    case 29:
      send_several(s);
      break;
    case 30:
      receive_several(s);
      break;
    case 25:
    case 26:
      end_some(s);
      break;
    default:
      survey();
  }
}

// Linux before 6.18.44 lets a socket that was a connection listen.
static bool is_older(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  // Nobody listens at port 0.
  CHECK_ERRNO(connect(fd, (struct sockaddr *)&to, sizeof to), ECONNREFUSED);
  return listen(fd, 1) == 0;
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "older") == 0) return is_older();
  Source s = {count > 1 ? strtoull(arguments[1], 0, 10) : 1};
  int calls = count > 2 ? atoi(arguments[2]) : 300;
  is_silent = count < 2;
  limit_time();
  // Connections of other programs have ports, too.
  enter_own_network();
  signal(SIGPIPE, on_pipe);
  no_socket = open("/dev/null", O_RDWR | O_CLOEXEC);
  REQUIRE(no_socket >= 0);
  for (unsigned i = 0; i < SLOTS; i++) fds[i] = -1;
  for (int i = 0; i < calls; i++) {
    say("%d ", i), step(&s), note_ports(), say_changes(), say("\n");
#ifdef VERBOSE
    survey(), say("\n");
#endif
  }
  return finish();
}
