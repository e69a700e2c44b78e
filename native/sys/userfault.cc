// userfault.cc: registers memory with a userfaultfd, and fills it (Linux, admin-guide/mm/userfaultfd.rst).

#include "sys/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#include <array>
#include <stdexcept>

#include "sys/ioctl.h"

namespace hv {
namespace {

// linux/userfaultfd.h's USERFAULTFD_IOC_NEW, since 6.1.
constexpr unsigned long kNew = _IO(0xaa, 0x00);

// KVM's faults happen in the kernel. Who may open the device may handle them; otherwise CAP_SYS_PTRACE or
// vm.unprivileged_userfaultfd permits it.
Fd Open() {
  const Fd device(::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC));
  if (device.get() >= 0) {
    const int fd = ::ioctl(device.get(), kNew, O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) return Fd(fd);
  }
  const long fd = ::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  return Fd(static_cast<int>(Check(fd, "userfaultfd")));
}

// `fill` is called for what is left, and says how many bytes it filled, or a negative errno.
template <typename FillSome>
void FillAll(uint64_t length, uint64_t page_bytes, FillSome fill) {
  for (uint64_t done = 0; done < length;) {
    const int64_t filled = fill(done);
    if (filled > 0)
      done += static_cast<uint64_t>(filled);
    else if (filled == -EEXIST)
      done += page_bytes;
    else if (filled == -ENOENT || filled == -ESRCH)
      return;
    else if (filled != -EAGAIN)
      throw std::system_error(static_cast<int>(-filled), std::generic_category(), "UFFDIO_COPY");
  }
}

uint64_t PageBytes() { return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

MissingPages::MissingPages(const Mapping& mapping)
    : fd_(Open()), address_(AddressOf(mapping.data())), size_(mapping.size()) {
  uffdio_api api = {.api = UFFD_API, .features = 0, .ioctls = 0};
  Ioctl(fd(), UFFDIO_API, "UFFDIO_API", &api);
  uffdio_register request = {
      .range = {address_, size_}, .mode = UFFDIO_REGISTER_MODE_MISSING, .ioctls = 0};
  Ioctl(fd(), UFFDIO_REGISTER, "UFFDIO_REGISTER", &request);
}

MissingPages::~MissingPages() {
  uffdio_range range = {address_, size_};
  // A server's duplicate keeps the file open: closing this one wakes nobody.
  ::ioctl(fd(), UFFDIO_UNREGISTER, &range);
}

PageServer::PageServer(int fd, uint64_t address, uint64_t size)
    : fd_(Check(::fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl")), address_(address), size_(size) {
  // Whether it is a userfaultfd, and the range one of addresses.
  uffdio_range range = {address, size};
  Ioctl(this->fd(), UFFDIO_WAKE, "UFFDIO_WAKE", &range);
}

std::vector<uint64_t> PageServer::Take() const {
  std::array<uffd_msg, 32> messages;
  const ssize_t got = ::read(fd(), messages.data(), sizeof(messages));
  if (got < 0 && errno != EAGAIN && errno != EINTR) Check(got, "read userfaultfd");
  std::vector<uint64_t> offsets;
  for (size_t at = 0; got > 0 && at < static_cast<size_t>(got) / sizeof(uffd_msg); at++) {
    const uffd_msg& message = messages[at];
    if (message.event != UFFD_EVENT_PAGEFAULT) continue;
    const uint64_t offset = message.arg.pagefault.address - address_;
    if (offset < size_) offsets.push_back(offset & -PageBytes());
  }
  return offsets;
}

void PageServer::Fill(uint64_t offset, const uint8_t* bytes, size_t length) const {
  CheckRange(offset, length);
  FillAll(length, PageBytes(), [&](uint64_t done) -> int64_t {
    uffdio_copy copy = {};
    copy.dst = address_ + offset + done;
    copy.src = AddressOf(bytes) + done;
    copy.len = length - done;
    if (::ioctl(fd(), UFFDIO_COPY, &copy) == 0) return static_cast<int64_t>(length - done);
    return copy.copy != 0 ? copy.copy : -errno;
  });
}

void PageServer::FillZeros(uint64_t offset, uint64_t length) const {
  CheckRange(offset, length);
  FillAll(length, PageBytes(), [&](uint64_t done) -> int64_t {
    uffdio_zeropage zero = {};
    zero.range = {address_ + offset + done, length - done};
    if (::ioctl(fd(), UFFDIO_ZEROPAGE, &zero) == 0) return static_cast<int64_t>(length - done);
    return zero.zeropage != 0 ? zero.zeropage : -errno;
  });
}

void PageServer::CheckRange(uint64_t offset, uint64_t length) const {
  if (offset > size_ || length > size_ - offset || (offset | length) % PageBytes() != 0)
    throw std::out_of_range("missing pages");
}

}  // namespace hv
