// netlink.h: asks the kernel by netlink, for guests. man 7 netlink.
#pragma once

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "check.h"

static char answer[1 << 16];
static ssize_t answer_bytes;

// A request of this type with this body, sent to the kernel.
UNUSED static void ask(int fd, int type, int flags, const void *body, size_t bytes) {
  struct {
    struct nlmsghdr header;
    char body[256];
  } request = {{NLMSG_LENGTH(bytes), type, NLM_F_REQUEST | flags, 77, 0}, {0}};
  memcpy(request.body, body, bytes);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  CHECK_EQ(sendto(fd, &request, request.header.nlmsg_len, 0, (void *)&kernel, sizeof(kernel)),
           request.header.nlmsg_len);
}

// The next datagram into `answer`. Its first message.
UNUSED static struct nlmsghdr *receive(int fd) {
  answer_bytes = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
  CHECK(answer_bytes >= (ssize_t)sizeof(struct nlmsghdr));
  if (answer_bytes < 0) memset(answer, 0, sizeof(answer));
  return (struct nlmsghdr *)answer;
}

// Makes a request that is no dump. Returns the errno of the answer: 0 for none.
UNUSED static int error_of(int fd, int type, int flags, const void *body, size_t bytes) {
  ask(fd, type, flags, body, bytes);
  struct nlmsghdr *header = receive(fd);
  CHECK_EQ(header->nlmsg_seq, 77);
  return header->nlmsg_type == NLMSG_ERROR ? -((struct nlmsgerr *)NLMSG_DATA(header))->error : 0;
}

// Calls `look` for each message of a dump, up to its end.
UNUSED static void dump(int fd, int type, const void *body, size_t bytes,
                        void (*look)(struct nlmsghdr *)) {
  ask(fd, type, NLM_F_DUMP, body, bytes);
  for (int i = 0; i < 10000; i++) {
    struct nlmsghdr *header = receive(fd);
    for (ssize_t left = answer_bytes; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      CHECK_EQ(header->nlmsg_seq, 77);
      if (header->nlmsg_type == NLMSG_ERROR)
        fail(__FILE__, __LINE__, "an error for a dump",
             ((struct nlmsgerr *)NLMSG_DATA(header))->error, 0);
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return;
      CHECK(header->nlmsg_flags & NLM_F_MULTI);
      look(header);
    }
    if (answer_bytes < 0) return;
  }
}

// Whether the kernel lists such sockets: it may have that in a module that is not there.
UNUSED static bool lists_sockets(int fd, int family, int protocol) {
  struct inet_diag_req_v2 request = {.sdiag_family = (__u8)family, .sdiag_protocol = (__u8)protocol};
  ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request));
  return *(int *)NLMSG_DATA(receive(fd)) != -ENOENT;
}

// An attribute behind a message's fixed part of that many bytes. NULL: there is none.
UNUSED static void *attribute(struct nlmsghdr *header, size_t fixed, int type) {
  char *end = (char *)header + header->nlmsg_len;
  for (char *at = (char *)NLMSG_DATA(header) + NLA_ALIGN(fixed); at + NLA_HDRLEN <= end;) {
    struct nlattr *each = (struct nlattr *)at;
    if (each->nla_len < NLA_HDRLEN) return NULL;
    if ((each->nla_type & NLA_TYPE_MASK) == type) return at + NLA_HDRLEN;
    at += NLA_ALIGN(each->nla_len);
  }
  return NULL;
}
