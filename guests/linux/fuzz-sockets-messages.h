// fuzz-sockets-messages.h: the calls of fuzz-sockets that send and receive. man 2 send, man 2 recv, man 7 unix.
#pragma once

#include "fuzz-sockets-slots.h"

#define MESSAGES 4u
#define RIGHTS 3u

typedef struct {
  Address address;
  struct iovec parts[2];
  char bytes[2 * MOST_BYTES];
  union {
    struct cmsghdr align;
    char room[128];
  } control;
} Parts;

// Not standard output, which may be a socket of who started this.
static int no_socket;

// Descriptors of sockets of the internet: when Linux ends UNIX sockets that hold each other is its own choice.
static void add_rights(Source *s, struct msghdr *message, Parts *parts) {
  unsigned count = 1 + below(s, RIGHTS), room = count * (unsigned)sizeof(int);
  struct cmsghdr *header = &parts->control.align;
  *header = (struct cmsghdr){CMSG_LEN(room), SOL_SOCKET, SCM_RIGHTS};
  say(" rights");
  for (unsigned i = 0; i < count; i++) {
    int slot = slot_of(s);
    bool is_sent = family_of(slot) != AF_UNIX && !one_in(s, 40);
    int fd = is_sent ? fds[slot] : PICK(s, 0, 0, 1) ? -1 : no_socket;
    memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    say(" %d/%d", is_sent ? slot : -(fd < 0), is_sent);
  }
  message->msg_control = header, message->msg_controllen = CMSG_SPACE(room);
}

static int send_flags(Source *s, int slot) {
  int flags = MSG_DONTWAIT | (int)SOME(s, MSG_NOSIGNAL);
  if (one_in(s, 8))
    flags |= (int)PICK(s, MSG_MORE, MSG_OOB, MSG_EOR, MSG_CONFIRM, MSG_DONTROUTE, MSG_ERRQUEUE);
  // hv holds no bytes of a stream back.
  if (is_tcp(slot)) flags &= ~MSG_MORE;
  // hv has no urgent bytes on UNIX sockets.
  if (family_of(slot) == AF_UNIX) flags &= ~MSG_OOB;
  return flags;
}

// A message, and what there is to say of it. False: one whose receiver is not certain.
static bool some_message(Source *s, int slot, struct msghdr *message, Parts *parts) {
  int other = mate_of(s, slot);
  size_t size = one_in(s, 3) ? below(s, MOST_BYTES) : below(s, 20);
  char text[TEXT_BYTES] = "", *bytes = parts->bytes;
  Address *address = &parts->address;
  socklen_t length = some_address(s, address, family_of(slot), port_of(other));
  memset(bytes, 'a' + (int)below(s, 26), size);
  parts->parts[0] = (struct iovec){bytes, size / 2};
  parts->parts[1] = (struct iovec){bytes, size - size / 2};
  *message = (struct msghdr){.msg_iov = parts->parts, .msg_iovlen = 2};
  if (one_in(s, 2)) message->msg_name = address, message->msg_namelen = length;
  // By that name, Linux sends IPv6 to a mapped peer, where nobody is.
  if (family_of(slot) == AF_INET6 && address->any.sa_family == AF_UNSPEC) message->msg_name = NULL;
  say(" %zu, %s", size, message->msg_name ? show_address(slot, address, length, text) : "-");
  if (one_in(s, family_of(slot) == AF_UNIX ? 2 : 40)) add_rights(s, message, parts);
  bool is_certain = !message->msg_name || !is_internet(address) ||
                    !is_shared(protocol_of(fds[slot]), address->v4.sin_port);
  return is_certain && !is_shared_peer(slot);
}

static void send_some(Source *s) {
  int slot = slot_of(s), flags = send_flags(s, slot);
  struct msghdr message;
  Parts parts;
  say("sendmsg(%d, %x,", slot, flags);
  if (!some_message(s, slot, &message, &parts)) return;
  say(")");
  char *bytes = message.msg_iov[0].iov_base;
  size_t size = message.msg_iov[0].iov_len + message.msg_iov[1].iov_len;
  switch (message.msg_control ? 3 : below(s, 4)) {
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

static void send_several(Source *s) {
  int slot = slot_of(s), flags = send_flags(s, slot);
  unsigned count = below(s, MESSAGES + 1);
  struct mmsghdr messages[MESSAGES] = {0};
  Parts parts[MESSAGES];
  say("sendmmsg(%d, %x", slot, flags);
  for (unsigned i = 0; i < count; i++) {
    say(",");
    if (!some_message(s, slot, &messages[i].msg_hdr, &parts[i])) return;
  }
  int result = sendmmsg(fds[slot], messages, count, flags), error = errno;
  say(")");
  for (unsigned i = 0; i < count; i++) say(" %u", messages[i].msg_len);
  errno = error, say_result(result, slot);
}

static unsigned digest(const char *bytes, long count) {
  unsigned sum = 0;
  for (long i = 0; i < count; i++) sum = sum * 31 + (unsigned char)bytes[i];
  return sum;
}

static int receive_flags(Source *s, int slot) {
  int flags = MSG_DONTWAIT;
  if (one_in(s, 3))
    flags |= (int)PICK(s, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_WAITALL, MSG_OOB,
                       MSG_ERRQUEUE, MSG_CMSG_CLOEXEC);
  return family_of(slot) == AF_UNIX ? flags & ~MSG_OOB : flags;
}

static struct msghdr room_for(Source *s, Parts *parts, size_t size) {
  char *bytes = parts->bytes;
  *parts = (Parts){.parts = {{bytes, size / 3}, {bytes + size / 3, size - size / 3}}};
  struct msghdr message = {.msg_iov = parts->parts, .msg_iovlen = 2};
  message.msg_name = &parts->address, message.msg_namelen = sizeof parts->address;
  if (!one_in(s, 3)) message.msg_control = &parts->control;
  if (message.msg_control)
    message.msg_controllen = (size_t)PICK(s, 128, 128, 128, CMSG_LEN(sizeof(int)), 24, 8, 0);
  return message;
}

// What has come with the bytes. Descriptors get slots.
static void say_control(struct msghdr *message) {
  for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each)) {
    say(" control %d/%d/%zu", each->cmsg_level, each->cmsg_type, (size_t)each->cmsg_len);
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= each->cmsg_len; at += sizeof(int)) {
      int fd, type;
      socklen_t length = sizeof type;
      memcpy(&fd, CMSG_DATA(each) + at, sizeof fd);
      bool is_socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
      if (!is_socket) close(fd);
      say(" %d%s", is_socket ? keep(fd) : -1, fcntl(fd, F_GETFD) == FD_CLOEXEC ? "c" : "");
    }
  }
}

static void say_received(int slot, struct msghdr *message, long count) {
  char text[TEXT_BYTES] = "";
  const struct iovec *parts = message->msg_iov;
  long size = (long)(parts[0].iov_len + parts[1].iov_len);
  say(" %08x flags %x from %s", digest(parts[0].iov_base, count < size ? count : size),
      message->msg_flags, show_address(slot, message->msg_name, message->msg_namelen, text));
  say_control(message);
}

static void receive_some(Source *s) {
  int slot = slot_of(s), flags = receive_flags(s, slot);
  size_t size = one_in(s, 3) ? below(s, 20) : below(s, 2 * MOST_BYTES);
  Parts parts;
  struct msghdr message = room_for(s, &parts, size);
  say("recvmsg(%d, %zu, %x, %zu)", slot, size, flags, (size_t)message.msg_controllen);
  if (one_in(s, 4)) {
    long result = read(fds[slot], parts.bytes, size);
    int error = errno;
    if (result > 0) say(" read %08x", digest(parts.bytes, result));
    errno = error, say_result(result, slot);
    return;
  }
  long result = recvmsg(fds[slot], &message, flags);
  int error = errno;
  if (result >= 0) say_received(slot, &message, result);
  errno = error;
  say_result(result, slot);
}

static void receive_several(Source *s) {
  int slot = slot_of(s), flags = receive_flags(s, slot) | (int)SOME(s, MSG_WAITFORONE);
  unsigned count = below(s, MESSAGES + 1);
  struct mmsghdr messages[MESSAGES] = {0};
  Parts parts[MESSAGES];
  struct timespec timeout = {PICK(s, 0, 0, -1, 1000), 0}, *end = one_in(s, 3) ? &timeout : NULL;
  say("recvmmsg(%d, %x, %ld", slot, flags, end ? (long)timeout.tv_sec : -2);
  for (unsigned i = 0; i < count; i++) {
    size_t size = one_in(s, 2) ? below(s, 20) : below(s, MOST_BYTES);
    messages[i].msg_hdr = room_for(s, &parts[i], size);
    say(", %zu", size);
  }
  int result = recvmmsg(fds[slot], messages, count, flags, end), error = errno;
  say(")");
  for (int i = 0; i < result; i++) say_received(slot, &messages[i].msg_hdr, messages[i].msg_len);
  errno = error, say_result(result, slot);
}
