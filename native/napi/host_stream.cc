// host_stream.cc: what a descriptor that hv inherited (stdin, stdout, stderr) needs: readiness and a few ioctls.
// Contract: src/vfs/host-addon.ts.

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include <cerrno>

#include "napi/host_call.h"
#include "sys/terminal_requests.h"

namespace hv {
namespace {

// How large an ioctl's argument is: requests that are not here never reach the host.
struct AllowedIoctl {
  unsigned long request;
  size_t size;
};

constexpr AllowedIoctl kAllowed[] = {
    {TCGETS, kKernelTermiosSize},
    {TCSETS, kKernelTermiosSize},
    {TCSETSW, kKernelTermiosSize},
    {TCSETSF, kKernelTermiosSize},
    {kTcgets2, kTermios2Size},
    {kTcsets2, kTermios2Size},
    {kTcsetsw2, kTermios2Size},
    {kTcsetsf2, kTermios2Size},
    {TIOCGWINSZ, 8},
    {TIOCSWINSZ, 8},
    {FIONREAD, 4},
    {TIOCOUTQ, 4},
};
// These take a small integer by value.
constexpr unsigned long kAllowedByValue[] = {TCFLSH, TCXONC};

// hostPoll(fd, events): revents now; never waits.
napi_value Poll(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  struct pollfd entry = {call.Fd(0), static_cast<short>(call.Int(1)), 0};
  int count;
  // It never waits, but a signal that comes just then still interrupts it.
  do {
    count = ::poll(&entry, 1, 0);
  } while (count < 0 && errno == EINTR);
  return count < 0 ? call.Return(-errno) : call.Return(entry.revents);
}

// hostIoctl(fd, request, bytes): the argument is copied from `bytes`, and the kernel's answer back into it.
napi_value HostIoctl(napi_env env, napi_callback_info info) {
  HostCall call(env, info);
  unsigned long request = static_cast<unsigned long>(call.Int(1));
  Bytes bytes = call.Buffer(2);
  for (const AllowedIoctl& allowed : kAllowed) {
    if (allowed.request != request) continue;
    if (bytes.length < allowed.size) return call.Return(-EINVAL);
    return call.ReturnCall(::ioctl(call.Fd(0), request, bytes.data));
  }
  for (unsigned long allowed : kAllowedByValue) {
    if (allowed == request && bytes.length > 0) {
      return call.ReturnCall(::ioctl(call.Fd(0), request, static_cast<int>(bytes.data[0])));
    }
  }
  return call.Return(-ENOTTY);
}

}  // namespace

void ExportHostStream(napi_env env, napi_value exports) {
  ExportHostCall(env, exports, "hostPoll", Poll);
  ExportHostCall(env, exports, "hostIoctl", HostIoctl);
}

}  // namespace hv
