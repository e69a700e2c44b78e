// host_socket.cc: a host socket that the broker has connected: bytes, shutdown, error and names. Contract: src/vfs/host-addon.ts.
// No call here names an address: a jail's filter allows none.

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "napi/host_call.h"

namespace hv {
namespace {

constexpr int kReceiveFlags = MSG_PEEK | MSG_TRUNC;
constexpr int kSendFlags = MSG_MORE;

// recv(2) that never waits.
ssize_t Receive(int fd, const Bytes& target, int64_t flags) {
  return ::recv(fd, target.data, target.length,
                (static_cast<int>(flags) & kReceiveFlags) | MSG_DONTWAIT);
}

// send(2) that never waits: what the socket takes at once.
ssize_t Send(int fd, const Bytes& source, int64_t flags) {
  return ::send(fd, source.data, source.length,
                (static_cast<int>(flags) & kSendFlags) | MSG_DONTWAIT | MSG_NOSIGNAL);
}

// One datagram into the pieces. Answers its length, which may be more than they have room for.
ssize_t ReceiveDatagram(int fd, const ByteRanges& pieces, int64_t flags) {
  msghdr message = {};
  message.msg_iov = pieces.ranges();
  message.msg_iovlen = pieces.count();
  return ::recvmsg(fd, &message, (static_cast<int>(flags) & MSG_PEEK) | MSG_TRUNC | MSG_DONTWAIT);
}

// One datagram, to the peer. A jail has no sendmsg(2); writev(2) does not wait at a socket that does not block, but sends nothing when
// there are no bytes.
ssize_t SendDatagram(int fd, const ByteRanges& pieces) {
  if (pieces.count() > 1) return ::writev(fd, pieces.ranges(), static_cast<int>(pieces.count()));
  const iovec bytes = pieces.count() == 1 ? *pieces.ranges() : iovec{};
  return ::send(fd, bytes.iov_base, bytes.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int ShutDown(int fd, int64_t how) { return ::shutdown(fd, static_cast<int>(how)); }

// SO_ERROR, which it clears.
int Error(int fd) {
  int error = 0;
  socklen_t length = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? -1 : error;
}

// Fills in a struct sockaddr, and answers its length.
int SocketName(int fd, const Bytes& name) {
  socklen_t length = static_cast<socklen_t>(name.length);
  // SAFETY: the kernel writes no more than `length` bytes; a Uint8Array of its own is aligned.
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(name.data), &length) < 0) return -1;
  return static_cast<int>(length);
}

}  // namespace

void ExportHostSocket(napi_env env, napi_value exports) {
  ExportHostCall<Receive>(env, exports, "hostReceive");
  ExportHostCall<Send>(env, exports, "hostSend");
  ExportHostCall<ReceiveDatagram>(env, exports, "hostReceiveDatagram");
  ExportHostCall<SendDatagram>(env, exports, "hostSendDatagram");
  ExportHostCall<ShutDown>(env, exports, "hostShutDown");
  ExportHostCall<Error>(env, exports, "hostSocketError");
  ExportHostCall<SocketName>(env, exports, "hostSocketName");
}

}  // namespace hv
