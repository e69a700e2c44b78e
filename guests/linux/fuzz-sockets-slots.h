// fuzz-sockets-slots.h: the sockets of fuzz-sockets: their slots, addresses and ports, and what is printed of them.
#pragma once

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
static ino_t inode_of[PORTS];
static unsigned socket_of[SLOTS], socket_count;
static unsigned port_count;

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

// Its number: that of another descriptor of the same socket, or a new one.
static unsigned number_of(int fd) {
  struct stat about = {0};
  fstat(fd, &about);
  unsigned known = socket_count < PORTS ? socket_count : PORTS, number = socket_count % PORTS;
  for (unsigned i = 0; i < known; i++)
    if (inode_of[i] == about.st_ino) return i;
  socket_count++, inode_of[number] = about.st_ino, was_mapped[number] = false;
  return number;
}

static int keep(int fd) {
  int one = 1;
  if (fd < 0) return -1;
  // Else Linux holds a few bytes back until those before them are acknowledged, which takes its time.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (unsigned i = 0; i < SLOTS; i++) {
    if (fds[i] >= 0) continue;
    fds[i] = fd;
    socket_of[i] = number_of(fd);
    return (int)i;
  }
  close(fd);
  return -1;
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

static bool is_tcp(int slot) { return protocol_of(fds[slot]) == IPPROTO_TCP; }

static bool is_on(int slot, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fds[slot], SOL_SOCKET, option, &value, &length) == 0 && value != 0;
}

// Who shares a port by SO_REUSEPORT receives by a random choice.
static bool is_shared(int protocol, uint16_t port) {
  int found = -1;
  for (int i = 0; i < (int)SLOTS; i++) {
    if (fds[i] < 0 || port == 0 || port_of(i) != port || protocol_of(fds[i]) != protocol) continue;
    if (!is_on(i, SO_REUSEPORT) || (protocol == IPPROTO_TCP && !is_on(i, SO_ACCEPTCONN))) continue;
    if (found >= 0 && socket_of[i] != socket_of[found]) return true;
    found = i;
  }
  return false;
}

static bool is_internet(const Address *address) {
  return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

static bool is_shared_peer(int slot) {
  Address address = {0};
  socklen_t length = sizeof address;
  return getpeername(fds[slot], &address.any, &length) == 0 && is_internet(&address) &&
         is_shared(protocol_of(fds[slot]), address.v4.sin_port);
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

static bool is_bound_to_mapped(int slot) {
  Address address = {0};
  socklen_t length = sizeof address;
  getsockname(fds[slot], &address.any, &length);
  return address.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr);
}
