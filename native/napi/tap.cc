// tap.cc: opens a TAP interface (Linux, Documentation/networking/tuntap.rst). src/vm/addon.ts has its type.

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <unistd.h>

#include <string>

#include "napi/exports.h"
#include "napi/guard.h"
#include "sys/ioctl.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

// openTap(name): a descriptor that does not block. A missing interface is made, if this user may.
Napi::Value OpenTap(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const std::string name = info[0].ToString();
    struct ifreq request = {};
    if (name.empty() || name.size() >= sizeof(request.ifr_name))
      throw std::system_error(EINVAL, std::generic_category(), "openTap");
    name.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    Fd fd(Check(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun"));
    Check(::ioctl(fd.get(), TUNSETIFF, &request), "TUNSETIFF");
    return Napi::Number::New(info.Env(), ThreadFds::Lend(std::move(fd)));
  });
}

}  // namespace

void ExportTap(Napi::Env env, Napi::Object exports) {
  exports.Set("openTap", Napi::Function::New(env, OpenTap));
}

}  // namespace hv
