// passing.cc: descriptors on their way from a sandbox's owner to its process: man 7 unix, SCM_RIGHTS. src/sandbox/protocol/addon.ts has the types.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/fd.h"
#include "sys/ioctl.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

struct Message {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header = {};

  Message() {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
  }
};

std::array<int, 2> Pair(int type) {
  std::array<int, 2> ends;
  Check(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  return ends;
}

std::array<int, 2> PassingPair() {
  const auto [first, second] = Pair(SOCK_SEQPACKET);
  return {ThreadFds::Lend(Fd(first)), ThreadFds::Lend(Fd(second))};
}

// The most that is under way in an output, with Linux's own overhead; for a user without rights net.core.wmem_max of the host bounds it.
constexpr int kOutputBytes = 1 << 18;

// outputPair(): a stream of bytes. The first end is the reader's own; the second one, to write to, never waits, and is closed with
// this thread. Sockets instead of a pipe: Linux reports room when three quarters are free, and not at each page; and all of a user's
// pipes together have 16,384 pages (fs.pipe-user-pages-soft, man 7 pipe).
std::array<int, 2> OutputPair() {
  const auto [reader, writer] = Pair(SOCK_STREAM | SOCK_NONBLOCK);
  ::shutdown(reader, SHUT_WR);
  ::setsockopt(writer, SOL_SOCKET, SO_SNDBUF, &kOutputBytes, sizeof(kOutputBytes));
  return {reader, ThreadFds::Lend(Fd(writer))};
}

// Never waits.
void PassDescriptor(int end, int fd) {
  Message message;
  cmsghdr* control = CMSG_FIRSTHDR(&message.header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(fd));
  std::memcpy(CMSG_DATA(control), &fd, sizeof(fd));
  Check(::sendmsg(end, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL), "sendmsg");
}

// Waits for it.
int TakeDescriptor(int end) {
  Message message;
  ssize_t count;
  do {
    count = ::recvmsg(end, &message.header, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  Check(count, "recvmsg");
  const cmsghdr* control = CMSG_FIRSTHDR(&message.header);
  if (control == nullptr || control->cmsg_type != SCM_RIGHTS)
    throw std::system_error(EBADMSG, std::generic_category(), "recvmsg");
  int fd;
  std::memcpy(&fd, CMSG_DATA(control), sizeof(fd));
  return fd;
}

}  // namespace

void ExportPassing(Napi::Env, Napi::Object exports) {
  Export<PassingPair>(exports, "passingPair");
  Export<OutputPair>(exports, "outputPair");
  Export<PassDescriptor>(exports, "passDescriptor");
  Export<TakeDescriptor>(exports, "takeDescriptor");
}

}  // namespace hv
