// broker.cc: connects host sockets for a sandbox, and passes them: src/broker/addon.ts has the types.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
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
constexpr size_t kMessageBytes = 1 << 17;
constexpr size_t kDatagramBytes = 1 << 16;
// Connections to a published port that wait for the broker.
constexpr int kBacklog = 511;

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

uint16_t PortOf(const Address& address) {
  // SAFETY: as above; both have the port at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

// As inet_ntop(3) writes it.
std::string IpOf(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  // SAFETY: as above.
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  const bool is_v6 = address.storage.ss_family == AF_INET6;
  const void* bytes = is_v6 ? static_cast<const void*>(&v6->sin6_addr) : &v4->sin_addr;
  ::inet_ntop(address.storage.ss_family, bytes, text, sizeof(text));
  return text;
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
// end, as after a peer's reset: shutdown(2) sees to that, even where it answers ENOTCONN. A flow of a published port stays bound, to hear
// from anybody: a filter that whoever holds the socket cannot take away drops what comes.
void ResetConnection(int fd) {
  sock_filter drop = {BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog filter = {1, &drop};
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0)
    ::setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on));
  sockaddr nowhere = {};
  nowhere.sa_family = AF_UNSPEC;
  ::connect(fd, &nowhere, sizeof(nowhere));
  ::shutdown(fd, SHUT_RDWR);
}

// A socket of UDP that shares a port with others of its user, and of those gets what its peer sends. Negative: an errno.
int OpenFlow(const std::string& ip, uint32_t port, const std::string& peer_ip, uint32_t peer_port) {
  Address address, peer;
  if (port > 0xffff || !ToAddress(ip, static_cast<uint16_t>(port), &address)) return -EINVAL;
  if (peer_port > 0xffff || !ToAddress(peer_ip, static_cast<uint16_t>(peer_port), &peer))
    return -EINVAL;
  const int family = address.storage.ss_family;
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return -errno;
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  // SAFETY: a sockaddr_storage is as large as each struct sockaddr, and aligned for it.
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(fd.get(), name, address.length) < 0) return -errno;
  // SAFETY: as above.
  const auto* to = reinterpret_cast<const sockaddr*>(&peer.storage);
  if (::connect(fd.get(), to, peer.length) < 0) return -errno;
  return ThreadFds::Lend(std::move(fd));
}

// [the bytes, the sender's address, its port]. Undefined: nothing waits. An error that a datagram has met is passed over.
Napi::Value ReceiveDatagram(int fd, Napi::Env env) {
  std::array<char, kDatagramBytes> bytes;
  Address from;
  ssize_t count;
  do {
    from.length = sizeof(from.storage);
    // SAFETY: as above.
    auto* name = reinterpret_cast<sockaddr*>(&from.storage);
    count = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT, name, &from.length);
  } while (count < 0 && (errno == EINTR || errno == ECONNREFUSED));
  if (count < 0) return env.Undefined();
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(0u, Napi::Buffer<char>::Copy(env, bytes.data(), static_cast<size_t>(count)));
  result.Set(1u, Napi::String::New(env, IpOf(from)));
  result.Set(2u, Napi::Number::New(env, PortOf(from)));
  return result;
}

// A socket that listens (TCP) or is bound (UDP) at an address of this host, and its port; or a negative errno. IPv6 does not take IPv4.
std::array<int, 2> OpenListener(const std::string& ip, uint32_t port, bool is_stream) {
  Address address;
  if (port > 0xffff || !ToAddress(ip, static_cast<uint16_t>(port), &address)) return {-EINVAL, 0};
  const int type = (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const int family = address.storage.ss_family;
  Fd fd(::socket(family, type, 0));
  if (fd.get() < 0) return {-errno, 0};
  const int on = 1;
  // Connections that have ended do not hold the port.
  if (is_stream) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  // SAFETY: a sockaddr_storage is as large as each struct sockaddr, and aligned for it.
  auto* name = reinterpret_cast<sockaddr*>(&address.storage);
  if (::bind(fd.get(), name, address.length) < 0) return {-errno, 0};
  // Flows of this user share the port from now on.
  if (!is_stream) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (is_stream && ::listen(fd.get(), kBacklog) < 0) return {-errno, 0};
  if (::getsockname(fd.get(), name, &address.length) < 0) return {-errno, 0};
  return {ThreadFds::Lend(std::move(fd)), PortOf(address)};
}

// [descriptor or a negative errno, the peer's address, its port]. Undefined: nobody waits.
Napi::Value AcceptConnection(int listener, Napi::Env env) {
  Address peer;
  peer.length = sizeof(peer.storage);
  // SAFETY: as above.
  auto* name = reinterpret_cast<sockaddr*>(&peer.storage);
  Fd fd(::accept4(listener, name, &peer.length, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const int error = fd.get() < 0 ? errno : 0;
  if (error == EAGAIN || error == EINTR || error == ECONNABORTED) return env.Undefined();
  const int on = 1;
  if (error == 0) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(0u, Napi::Number::New(env, error == 0 ? ThreadFds::Lend(std::move(fd)) : -error));
  result.Set(1u, Napi::String::New(env, error == 0 ? IpOf(peer) : ""));
  result.Set(2u, Napi::Number::New(env, error == 0 ? PortOf(peer) : 0));
  return result;
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

// Of questions, a stream, and of answers, messages. The sentry's end does not block.
std::array<int, 2> BrokerPair(bool is_stream) {
  std::array<int, 2> ends;
  const int type = (is_stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC;
  Check(::socketpair(AF_UNIX, type, 0, ends.data()), "socketpair");
  Fd sentry(ends[0]), broker(ends[1]);
  Check(::fcntl(sentry.get(), F_SETFL, O_NONBLOCK), "fcntl");
  return {ThreadFds::Lend(std::move(sentry)), ThreadFds::Lend(std::move(broker))};
}

}  // namespace

void ExportBroker(Napi::Env, Napi::Object exports) {
  Export<OpenConnection>(exports, "openConnection");
  Export<ResetConnection>(exports, "resetConnection");
  Export<OpenListener>(exports, "openListener");
  Export<AcceptConnection>(exports, "acceptConnection");
  Export<OpenFlow>(exports, "openFlow");
  Export<ReceiveDatagram>(exports, "receiveDatagram");
  Export<SendMessage>(exports, "sendMessage");
  Export<ReceiveMessage>(exports, "receiveMessage");
  Export<BrokerPair>(exports, "brokerPair");
}

}  // namespace hv
