// tap.cc: opens a TAP interface (Linux, Documentation/networking/tuntap.rst). src/vm/addon.ts has its type.

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <unistd.h>

#include "napi/bind.h"
#include "napi/exports.h"
#include "sys/ioctl.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

// A descriptor that does not block. A missing interface is made, if this user may.
int OpenTap(const std::string& name) {
  struct ifreq request = {};
  if (name.empty() || name.size() >= sizeof(request.ifr_name))
    throw std::system_error(EINVAL, std::generic_category(), "openTap");
  name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  Fd fd(Check(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun"));
  Check(::ioctl(fd.get(), TUNSETIFF, &request), "TUNSETIFF");
  return ThreadFds::Lend(std::move(fd));
}

}  // namespace

void ExportTap(Napi::Env, Napi::Object exports) { Export<OpenTap>(exports, "openTap"); }

}  // namespace hv
