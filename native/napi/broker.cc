// broker.cc: connects host sockets for a sandbox, and passes them: src/broker/addon.ts has the types.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/fd.h"
#include "sys/ioctl.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

// No message is longer.
constexpr size_t kMessageBytes = 1 << 16;

struct Address {
  sockaddr_storage storage = {};
  socklen_t length = 0;
};

// `ip`: as inet_pton(3) reads it.
bool ToAddress(const std::string& ip, uint16_t port, Address* address) {
  // SAFETY: a sockaddr_storage is as large as each struct sockaddr, and aligned for it.
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address->storage);
  if (::inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address->length = sizeof(*v4);
    return true;
  }
  if (::inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  address->length = sizeof(*v6);
  return true;
}

// A socket of TCP or UDP that is connected, or is being connected; or a negative errno. It never waits, and closes at execve(2) and with
// this thread. Small writes leave at once: the guest's TCP_NODELAY does not come this far.
int OpenConnection(const std::string& ip, uint32_t port, bool is_stream) {
  Address address;
  if (port == 0 || port > 0xffff || !ToAddress(ip, static_cast<uint16_t>(port), &address))
    return -EINVAL;
  const int type = (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  Fd fd(::socket(address.storage.ss_family, type, 0));
  if (fd.get() < 0) return -errno;
  const int on = 1;
  if (is_stream) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // SAFETY: as above.
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(fd.get(), name, address.length) < 0 && errno != EINPROGRESS) return -errno;
  return ThreadFds::Lend(std::move(fd));
}

// Connected to nowhere, Linux resets a TCP connection, drops what was received, and tells whoever holds the socket, once. After that comes an
// end, as after a peer's reset: shutdown(2) sees to that, even where it answers ENOTCONN.
void ResetConnection(int fd) {
  sockaddr nowhere = {};
  nowhere.sa_family = AF_UNSPEC;
  ::connect(fd, &nowhere, sizeof(nowhere));
  ::shutdown(fd, SHUT_RDWR);
}

struct MessageWithFd {
  iovec data;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header = {};

  MessageWithFd(void* bytes, size_t length) : data{bytes, length} {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
  }
};

// `fd`: what goes with it, or -1. Never waits.
void SendMessage(int end, const std::string& text, int fd) {
  // SAFETY: sendmsg(2) only reads it.
  MessageWithFd message(const_cast<char*>(text.data()), text.size());
  if (fd >= 0) {
    message.header.msg_control = message.control;
    message.header.msg_controllen = sizeof(message.control);
    cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(fd));
    std::memcpy(CMSG_DATA(control), &fd, sizeof(fd));
  }
  Check(::sendmsg(end, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL), "sendmsg");
}

// [text, descriptor or -1]; the text is empty when the other end is gone. Undefined: nothing is there now.
Napi::Value ReceiveMessage(int end, Napi::Env env) {
  std::string text(kMessageBytes, '\0');
  MessageWithFd message(text.data(), text.size());
  message.header.msg_control = message.control;
  // Room for one: CMSG_SPACE has it for two, of which the second would stay open.
  message.header.msg_controllen = CMSG_LEN(sizeof(int));
  ssize_t count;
  do {
    count = ::recvmsg(end, &message.header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return env.Undefined();
  if (count < 0 && errno == ECONNRESET) count = 0;
  Check(count, "recvmsg");
  Fd fd;
  const cmsghdr* control = CMSG_FIRSTHDR(&message.header);
  if (control != nullptr && control->cmsg_type == SCM_RIGHTS) {
    int number;
    std::memcpy(&number, CMSG_DATA(control), sizeof(number));
    fd = Fd(number);
  }
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, Napi::String::New(env, text.data(), static_cast<size_t>(count)));
  result.Set(1u, Napi::Number::New(env, ThreadFds::Lend(std::move(fd))));
  return result;
}

// Of questions, a stream, and of answers, messages.
std::array<int, 2> BrokerPair(bool is_stream) {
  std::array<int, 2> ends;
  const int type = (is_stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC;
  Check(::socketpair(AF_UNIX, type, 0, ends.data()), "socketpair");
  return {ThreadFds::Lend(Fd(ends[0])), ThreadFds::Lend(Fd(ends[1]))};
}

}  // namespace

void ExportBroker(Napi::Env, Napi::Object exports) {
  Export<OpenConnection>(exports, "openConnection");
  Export<ResetConnection>(exports, "resetConnection");
  Export<SendMessage>(exports, "sendMessage");
  Export<ReceiveMessage>(exports, "receiveMessage");
  Export<BrokerPair>(exports, "brokerPair");
}

}  // namespace hv
