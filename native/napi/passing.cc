// passing.cc: descriptors on their way from a sandbox's owner to its process: man 7 unix, SCM_RIGHTS. src/sandbox/protocol/addon.ts has the types.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "napi/exports.h"
#include "napi/guard.h"
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

// passingPair(): two ends
Napi::Value PassingPair(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    int ends[2];
    Check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
    Napi::Array result = Napi::Array::New(info.Env(), 2);
    for (uint32_t at = 0; at < 2; at++)
      result.Set(at, Napi::Number::New(info.Env(), ThreadFds::Lend(Fd(ends[at]))));
    return result;
  });
}

// The most that is under way in an output, with Linux's own overhead; for a user without rights net.core.wmem_max of the host bounds it.
constexpr int kOutputBytes = 1 << 18;

// outputPair(): a stream of bytes. The first end is the reader's own; the second one, to write to, never waits, and is closed with
// this thread. Sockets instead of a pipe: Linux reports room when three quarters are free, and not at each page; and all of a user's
// pipes together have 16,384 pages (fs.pipe-user-pages-soft, man 7 pipe).
Napi::Value OutputPair(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    int ends[2];
    Check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), "socketpair");
    ::shutdown(ends[0], SHUT_WR);
    ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &kOutputBytes, sizeof(kOutputBytes));
    Napi::Array result = Napi::Array::New(info.Env(), 2);
    result.Set(0u, Napi::Number::New(info.Env(), ends[0]));
    result.Set(1u, Napi::Number::New(info.Env(), ThreadFds::Lend(Fd(ends[1]))));
    return result;
  });
}

// passDescriptor(end, fd): never waits
void PassDescriptor(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    const int fd = info[1].ToNumber().Int32Value();
    Message message;
    cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(fd));
    std::memcpy(CMSG_DATA(control), &fd, sizeof(fd));
    Check(::sendmsg(info[0].ToNumber().Int32Value(), &message.header, MSG_DONTWAIT | MSG_NOSIGNAL),
          "sendmsg");
  });
}

// takeDescriptor(end): waits for it
Napi::Value TakeDescriptor(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    Message message;
    ssize_t count;
    do {
      count = ::recvmsg(info[0].ToNumber().Int32Value(), &message.header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    Check(count, "recvmsg");
    const cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    if (control == nullptr || control->cmsg_type != SCM_RIGHTS)
      throw std::system_error(EBADMSG, std::generic_category(), "recvmsg");
    int fd;
    std::memcpy(&fd, CMSG_DATA(control), sizeof(fd));
    return Napi::Number::New(info.Env(), fd);
  });
}

}  // namespace

void ExportPassing(Napi::Env env, Napi::Object exports) {
  exports.Set("passingPair", Napi::Function::New(env, PassingPair));
  exports.Set("outputPair", Napi::Function::New(env, OutputPair));
  exports.Set("passDescriptor", Napi::Function::New(env, PassDescriptor));
  exports.Set("takeDescriptor", Napi::Function::New(env, TakeDescriptor));
}

}  // namespace hv
