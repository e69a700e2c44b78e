// host_terminal.cc: what a descriptor that hv inherited (stdin, stdout, stderr) needs: readiness and a few ioctls; and the terminal that hv
// was started in, and its modes. Contract: src/vfs/host-addon.ts.

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "napi/host_call.h"
#include "sys/terminal_guard.h"
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

// revents now; never waits.
int Poll(int fd, int64_t events) {
  struct pollfd entry = {fd, static_cast<short>(events), 0};
  int count;
  // It never waits, but a signal that comes just then still interrupts it.
  do {
    count = ::poll(&entry, 1, 0);
  } while (count < 0 && errno == EINTR);
  return count < 0 ? -1 : entry.revents;
}

// The argument is copied from `bytes`, and the kernel's answer back into it.
int HostIoctl(int fd, int64_t wanted, const Bytes& bytes) {
  unsigned long request = static_cast<unsigned long>(wanted);
  for (const AllowedIoctl& allowed : kAllowed) {
    if (allowed.request != request) continue;
    return bytes.length < allowed.size ? Fail(EINVAL) : ::ioctl(fd, request, bytes.data);
  }
  for (unsigned long allowed : kAllowedByValue) {
    if (allowed == request && bytes.length > 0)
      return ::ioctl(fd, request, static_cast<int>(bytes.data[0]));
  }
  return Fail(ENOTTY);
}

}  // namespace

void ExportHostTerminal(napi_env env, napi_value exports) {
  ExportHostCall<Poll>(env, exports, "hostPoll");
  ExportHostCall<HostIoctl>(env, exports, "hostIoctl");
  ExportHostCall<GuardTerminal>(env, exports, "guardTerminal");
  ExportHostCall<BeginTerminalChange>(env, exports, "beginTerminalChange");
  ExportHostCall<EndTerminalChange>(env, exports, "endTerminalChange");
  ExportHostCall<[] { return RestoreTerminal(), 0; }>(env, exports, "restoreTerminal");
  ExportHostCall<[] { return ReturnToTerminal(), 0; }>(env, exports, "returnToTerminal");
  ExportHostCall<IsTerminalForeground>(env, exports, "isTerminalForeground");
  // The status flags of what is open.
  ExportHostCall<[](int fd) { return ::fcntl(fd, F_GETFL); }>(env, exports, "hostFlags");
}

}  // namespace hv
