// fuzz-sockets: random calls of TCP, UDP and UNIX sockets that follow from a seed; prints what each returns. man 7 socket.
//
// fuzz-sockets SEED CALLS prints a line for each call: two kernels print the same lines. Without arguments it is silent. Ports,
// which are chosen at random, print as the order in which they were taken; what Linux's timers and allocator decide is left out.
// fuzz-sockets older: status 1 on a Linux that is older than the one that hv follows.
// not in CI's beds: emulation makes it slow
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fuzz.h"

#define SLOTS 20u
#define PORTS 4096u
#define MOST_BYTES 3000u
#define TEXT_BYTES 128
// A name that the kernel chose: a family, a NUL and five digits.
#define AUTOBIND_BYTES 8

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
  char bytes[128];
} Address;

static bool is_silent;
static volatile int pipe_signals;
static int fds[SLOTS];
// A protocol's number and a port.
static uint32_t ports[PORTS], port_before[SLOTS];
// What is known of each socket that was ever made. Duplicates share one.
static bool was_mapped[PORTS];
static unsigned socket_of[SLOTS], socket_count;
static unsigned port_count;

static void on_pipe(int number) { (void)number, pipe_signals++; }

static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (!is_silent) vprintf(format, arguments);
  va_end(arguments);
}

static uint16_t port_of(int slot) {
  Address address = {0};
  socklen_t length = sizeof address;
  getsockname(fds[slot], &address.any, &length);
  return address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6 ? address.v4.sin_port
                                                                               : 0;
}

static int protocol_of(int fd) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
  return protocol;
}

// The order in which the port was taken.
static unsigned port_index(uint32_t key) {
  if ((uint16_t)key == 0) return 0;
  for (unsigned i = port_count; i > 0; i--)
    if (ports[i - 1] == key) return i;
  if (port_count < PORTS) ports[port_count++] = key;
  return port_count;
}

// A port that no other socket has is a new one, even if it was another's before.
static void note_ports(void) {
  for (unsigned i = 0; i < SLOTS; i++) {
    uint32_t key = fds[i] < 0 ? 0 : port_of((int)i);
    bool is_new = key != 0;
    if (key != 0) key |= (uint32_t)protocol_of(fds[i]) << 16;
    for (unsigned j = 0; j < SLOTS; j++)
      if (port_before[j] == key) is_new = false;
    if (is_new && port_count < PORTS) ports[port_count++] = key;
    port_before[i] = key;
  }
}

static const char *show_address(int slot, const Address *address, socklen_t length,
                                char text[TEXT_BYTES]) {
  char ip[INET6_ADDRSTRLEN];
  uint32_t protocol = (uint32_t)protocol_of(fds[slot]) << 16;
  if (length == 0) return "-";
  if (address->any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &address->v4.sin_addr, ip, sizeof ip);
    snprintf(text, TEXT_BYTES, "%s:#%u/%u", ip, port_index(protocol | address->v4.sin_port),
             length);
  } else if (address->any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &address->v6.sin6_addr, ip, sizeof ip);
    snprintf(text, TEXT_BYTES, "[%s]:#%u/%u", ip, port_index(protocol | address->v6.sin6_port),
             length);
  } else if (length > AUTOBIND_BYTES) {
    snprintf(text, TEXT_BYTES, "@%c", address->bytes[length - 1]);
  } else {
    // A name that the kernel chose is random.
    snprintf(text, TEXT_BYTES, "family %d/%u", address->any.sa_family, length);
  }
  return text;
}

static int slot_of(Source *s) {
  unsigned at = below(s, SLOTS);
  // A socket, if there is one nearby.
  for (unsigned i = 0; i < SLOTS; i++)
    if (fds[(at + i) % SLOTS] >= 0) return (int)((at + i) % SLOTS);
  return (int)at;
}

// The result of a call, and what poll(2) says of the socket then.
static void say_result(long result, int slot) {
  int error = errno;
  struct pollfd polled = {slot < 0 ? -1 : fds[slot], POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
  if (result < 0)
    say(" = %s", strerrorname_np(error));
  else
    say(" = %ld", result);
  if (pipe_signals) say(" SIGPIPE");
  pipe_signals = 0;
  if (slot >= 0 && poll(&polled, 1, 0) >= 0) say(" [%x]", polled.revents);
}

static int keep(int fd) {
  int one = 1;
  if (fd < 0) return -1;
  // Else Linux holds a few bytes back until those before them are acknowledged, which takes its time.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (unsigned i = 0; i < SLOTS; i++) {
    if (fds[i] >= 0) continue;
    fds[i] = fd;
    socket_of[i] = socket_count++ % PORTS;
    was_mapped[socket_of[i]] = false;
    return (int)i;
  }
  close(fd);
  return -1;
}

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

static int family_of(int slot) {
  int family = AF_INET;
  socklen_t length = sizeof family;
  getsockopt(fds[slot], SOL_SOCKET, SO_DOMAIN, &family, &length);
  return family;
}

// Mostly a socket that this one may have to do with: of its family and type.
static int mate_of(Source *s, int slot) {
  int type = 0, family = family_of(slot);
  socklen_t length = sizeof type;
  getsockopt(fds[slot], SOL_SOCKET, SO_TYPE, &type, &length);
  for (unsigned tries = one_in(s, 4) ? 1 : 12; tries > 1; tries--) {
    int other = slot_of(s), other_type = 0;
    getsockopt(fds[other], SOL_SOCKET, SO_TYPE, &other_type, &length);
    if (other != slot && other_type == type &&
        (family == AF_UNIX) == (family_of(other) == AF_UNIX) && one_in(s, 2))
      return other;
  }
  return slot_of(s);
}

static bool is_tcp(int slot) {
  int type = 0;
  socklen_t length = sizeof type;
  getsockopt(fds[slot], SOL_SOCKET, SO_TYPE, &type, &length);
  return type == SOCK_STREAM && family_of(slot) != AF_UNIX;
}

// Linux loses the packets of IPv6 for an IPv6 socket that was once connected by IPv4.
static bool may_connect(int slot, bool is_mapped) {
  if (!is_mapped && was_mapped[socket_of[slot]]) return false;
  was_mapped[socket_of[slot]] = is_mapped;
  return true;
}

// An address of the socket's family, mostly. `port` in network order.
static socklen_t some_address(Source *s, Address *address, int family, uint16_t port) {
  *address = (Address){0};
  if (one_in(s, 40)) family = (int)PICK(s, AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 99);
  unsigned choice = below(s, 10);
  char name = (char)('0' + below(s, 6));
  socklen_t length;
  address->any.sa_family = (sa_family_t)family;
  if (family == AF_UNIX) {
    memcpy(address->local.sun_path, "\0fuzz-sockets", 13);
    snprintf(address->local.sun_path + 13, 32, "%07d-%c", getpid(), name);
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 13 +
                         strlen(address->local.sun_path + 13));
    address->local.sun_path[1] = 'f';
  } else if (family == AF_INET6) {
    address->v6.sin6_port = port;
    length = sizeof address->v6;
    const char *ip = choice < 5   ? "::1"
                     : choice < 7 ? "::"
                     : choice < 8 ? "::ffff:127.0.0.1"
                     : choice < 9 ? "::ffff:0.0.0.0"
                                  : "::ffff:127.0.0.2";
    inet_pton(AF_INET6, ip, &address->v6.sin6_addr);
  } else {
    address->v4.sin_port = port;
    length = sizeof address->v4;
    address->v4.sin_addr.s_addr = htonl(choice < 6   ? INADDR_LOOPBACK
                                        : choice < 8 ? INADDR_ANY
                                        : choice < 9 ? 0x7f000002
                                                     : 0x7f000001);
  }
  if (one_in(s, 60)) length = (socklen_t)PICK(s, 0, 1, 2, 15, 16, 27, 28, 127);
  return length;
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

static bool is_bound_to_mapped(int slot) {
  Address address = {0};
  socklen_t length = sizeof address;
  getsockname(fds[slot], &address.any, &length);
  return address.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr);
}

static void connect_some(Source *s) {
  int slot = slot_of(s), other = mate_of(s, slot);
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
  // Timers decide when a connection of a socket with itself has its own bytes.
  if (address.any.sa_family != AF_UNIX && address.v4.sin_port != 0 &&
      address.v4.sin_port == port_of(slot))
    return;
  say("connect(%d, %s)", slot, show_address(slot, &address, length, text));
  say_result(connect(fds[slot], &address.any, length), slot);
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

static void send_some(Source *s) {
  static char bytes[MOST_BYTES];
  int slot = slot_of(s), other = mate_of(s, slot),
      flags = MSG_DONTWAIT | (int)SOME(s, MSG_NOSIGNAL);
  if (one_in(s, 8))
    flags |= (int)PICK(s, MSG_MORE, MSG_OOB, MSG_EOR, MSG_CONFIRM, MSG_DONTROUTE, MSG_ERRQUEUE);
  // hv holds no bytes of a stream back.
  if (is_tcp(slot)) flags &= ~MSG_MORE;
  // hv has no urgent bytes on UNIX sockets.
  if (family_of(slot) == AF_UNIX) flags &= ~MSG_OOB;
  size_t size = one_in(s, 3) ? below(s, MOST_BYTES) : below(s, 20);
  Address address;
  char text[TEXT_BYTES] = "";
  socklen_t length = some_address(s, &address, family_of(slot), port_of(other));
  memset(bytes, 'a' + (int)below(s, 26), sizeof bytes);
  struct iovec parts[2] = {{bytes, size / 2}, {bytes, size - size / 2}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  if (one_in(s, 2)) message.msg_name = &address, message.msg_namelen = length;
  // By that name, Linux sends IPv6 to a mapped peer, where nobody is.
  if (family_of(slot) == AF_INET6 && address.any.sa_family == AF_UNSPEC) message.msg_name = NULL;
  say("sendmsg(%d, %zu, %x, %s)", slot, size, flags,
      message.msg_name ? show_address(slot, &address, length, text) : "-");
  switch (below(s, 4)) {
    case 0:
      say(" send"), say_result(send(fds[slot], bytes, size, flags), slot);
      break;
    case 1:
      say(" write"), say_result(write(fds[slot], bytes, size), slot);
      break;
    default:
      say_result(sendmsg(fds[slot], &message, flags), slot);
  }
}

static unsigned digest(const char *bytes, long count) {
  unsigned sum = 0;
  for (long i = 0; i < count; i++) sum = sum * 31 + (unsigned char)bytes[i];
  return sum;
}

static void receive_some(Source *s) {
  static char bytes[2 * MOST_BYTES];
  int slot = slot_of(s), flags = MSG_DONTWAIT;
  if (one_in(s, 3))
    flags |= (int)PICK(s, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_WAITALL, MSG_OOB,
                       MSG_ERRQUEUE, MSG_CMSG_CLOEXEC);
  if (family_of(slot) == AF_UNIX) flags &= ~MSG_OOB;
  size_t size = one_in(s, 3) ? below(s, 20) : below(s, 2 * MOST_BYTES);
  Address address = {0};
  char text[TEXT_BYTES] = "";
  struct iovec parts[2] = {{bytes, size / 3}, {bytes + size / 3, size - size / 3}};
  struct msghdr message = {
      .msg_iov = parts, .msg_iovlen = 2, .msg_name = &address, .msg_namelen = sizeof address};
  memset(bytes, 0, sizeof bytes);
  say("recvmsg(%d, %zu, %x)", slot, size, flags);
  if (one_in(s, 4)) {
    long result = read(fds[slot], bytes, size);
    int error = errno;
    if (result > 0) say(" read %08x", digest(bytes, result));
    errno = error, say_result(result, slot);
    return;
  }
  long result = recvmsg(fds[slot], &message, flags);
  int error = errno;
  if (result >= 0)
    say(" %08x flags %x from %s", digest(bytes, (long)sizeof bytes), message.msg_flags,
        show_address(slot, &address, message.msg_namelen, text));
  errno = error;
  say_result(result, slot);
}

struct option {
  int level, name;
  const char *text;
};
#define OPTION(level, name) {level, name, #name}
static const struct option options[] = {
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_REUSEPORT),
    OPTION(SOL_SOCKET, SO_TYPE),
    OPTION(SOL_SOCKET, SO_ERROR),
    OPTION(SOL_SOCKET, SO_ERROR),
    OPTION(SOL_SOCKET, SO_ACCEPTCONN),
    OPTION(SOL_SOCKET, SO_DOMAIN),
    OPTION(SOL_SOCKET, SO_PROTOCOL),
    OPTION(SOL_SOCKET, SO_KEEPALIVE),
    OPTION(SOL_SOCKET, SO_LINGER),
    OPTION(SOL_SOCKET, SO_RCVLOWAT),
    OPTION(SOL_SOCKET, SO_BROADCAST),
    OPTION(SOL_SOCKET, SO_OOBINLINE),
    OPTION(SOL_SOCKET, SO_PRIORITY),
    OPTION(SOL_SOCKET, SO_RCVTIMEO),
    OPTION(SOL_SOCKET, SO_BINDTODEVICE),
    OPTION(SOL_SOCKET, SO_PEERNAME),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    OPTION(IPPROTO_TCP, TCP_NODELAY),
    OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
    OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
    OPTION(IPPROTO_TCP, TCP_KEEPCNT),
    OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
    OPTION(IPPROTO_TCP, TCP_SYNCNT),
    OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT),
    OPTION(IPPROTO_TCP, TCP_LINGER2),
    OPTION(IPPROTO_IP, IP_TTL),
    OPTION(IPPROTO_IP, IP_TOS),
    OPTION(IPPROTO_IP, IP_PKTINFO),
    OPTION(IPPROTO_IP, IP_RECVERR),
    OPTION(IPPROTO_IP, IP_MTU_DISCOVER),
    OPTION(IPPROTO_UDP, UDP_CORK),
    {SOL_SOCKET, 9999, "9999"},
    {999, 1, "999"},
};

static void get_option(Source *s) {
  int slot = slot_of(s);
  const struct option *option = &options[below(s, COUNT(options))];
  unsigned char value[128] = {0};
  socklen_t length = one_in(s, 3) ? (socklen_t)PICK(s, 0, 1, 2, 3, 8, 100, -1) : 4, room = length;
  say("getsockopt(%d, %s, %d)", slot, option->text, (int)room);
  long result = getsockopt(fds[slot], option->level, option->name, value, &length);
  int error = errno;
  if (result == 0 && option->name != SO_PEERNAME) {
    say(" %u:", length);
    for (socklen_t i = 0; i < length && i < sizeof value; i++) say("%02x", value[i]);
  }
  errno = error;
  say_result(result, slot);
}

static void set_option(Source *s) {
  int slot = slot_of(s);
  const struct option *option = &options[below(s, COUNT(options))];
  int value[32] = {(int)PICK(s, 0, 1, 1, 1, 2, 64, 255, 256, -1, 1000)};
  socklen_t length = one_in(s, 8) ? (socklen_t)PICK(s, 0, 1, 2, 3, 8, 16, -1)
                     : option->name == SO_LINGER && option->level == SOL_SOCKET ? 8
                                                                                : 4;
  // hv binds no UNIX socket to an interface.
  if (option->name == SO_BINDTODEVICE && option->level == SOL_SOCKET && family_of(slot) == AF_UNIX)
    return;
  // Whoever lingers for long waits, and a delayed accept waits for data.
  if (option->name == SO_LINGER && option->level == SOL_SOCKET)
    value[0] = (int)below(s, 2), value[1] = 0;
  // Without FIN_WAIT2, the time of an acknowledgement decides when the peer is reset.
  if (option->name == TCP_LINGER2 && option->level == IPPROTO_TCP && value[0] < 0) value[0] = 1;
  if (option->name == TCP_NODELAY && option->level == IPPROTO_TCP) value[0] = 1;
  if (option->name == TCP_DEFER_ACCEPT && option->level == IPPROTO_TCP) value[0] = 0;
  if (option->name == SO_RCVTIMEO && option->level == SOL_SOCKET) value[0] = 0;
  say("setsockopt(%d, %s, %d, %d)", slot, option->text, value[0], (int)length);
  say_result(setsockopt(fds[slot], option->level, option->name, value, length), slot);
}

static void control(Source *s) {
  int slot = slot_of(s), value = 0;
  unsigned long request = (unsigned long)PICK(s, FIONREAD, FIONREAD, SIOCOUTQ, SIOCATMARK, 0x9999);
  if (request == SIOCATMARK && family_of(slot) == AF_UNIX) return;
  long result = ioctl(fds[slot], request, &value);
  int error = errno;
  // How much is not acknowledged, or how large an allocation is.
  if (request == SIOCOUTQ) value = 0;
  say("ioctl(%d, %lx) %d", slot, request, result == 0 ? value : 0);
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
    if (made >= 0) socket_of[made] = socket_of[slot];
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
  switch (below(s, 28)) {
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
  signal(SIGPIPE, on_pipe);
  for (unsigned i = 0; i < SLOTS; i++) fds[i] = -1;
  for (int i = 0; i < calls; i++) {
    say("%d ", i), step(&s), note_ports(), say_changes(), say("\n");
#ifdef VERBOSE
    survey(), say("\n");
#endif
  }
  return finish();
}
