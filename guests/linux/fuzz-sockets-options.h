// fuzz-sockets-options.h: the calls of fuzz-sockets that ask and set. man 2 getsockopt, man 2 ioctl.
#pragma once

#include "fuzz-sockets-slots.h"

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
    OPTION(SOL_SOCKET, SO_PASSCRED),
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
