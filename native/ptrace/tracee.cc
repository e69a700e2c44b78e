// tracee.cc: a tracee's requests of ptrace(2).

#include "ptrace/tracee.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "arch/tracee.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

// PTRACE_O_TRACESYSGOOD's mark of a stop in a call.
constexpr int kCallStop = SIGTRAP | 0x80;
constexpr int kFilterStop = SIGTRAP | PTRACE_EVENT_SECCOMP << 8;
constexpr int kEventShift = 16;
constexpr size_t kLargestFpState = 1 << 16;

}  // namespace

Stop Stop::Of(int status) {
  if (!WIFSTOPPED(status)) return {kGone, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  if (WSTOPSIG(status) == kCallStop) return {kCall, 0};
  if (status >> 8 == kFilterStop) return {kFiltered, 0};
  if (status >> kEventShift != 0) return {kSpawned, 0};
  return {kSignal, WSTOPSIG(status)};
}

void Kick(pid_t process, pid_t thread) { ::syscall(SYS_tgkill, process, thread, SIGSTOP); }

void Tracee::Resume(int request, int signal) const {
  long result = ::ptrace(static_cast<__ptrace_request>(request), thread_, nullptr, signal);
  if (result < 0 && errno != ESRCH) Check(result, "ptrace");
}

bool Tracee::ReadFault(int signal, siginfo_t& info) const {
  if (std::find(std::begin(kFaultSignals), std::end(kFaultSignals), signal) ==
      std::end(kFaultSignals))
    return false;
  Check(::ptrace(PTRACE_GETSIGINFO, thread_, nullptr, &info), "PTRACE_GETSIGINFO");
  return info.si_code > 0;
}

pid_t Tracee::Spawned() const {
  unsigned long thread = 0;
  Check(::ptrace(PTRACE_GETEVENTMSG, thread_, nullptr, &thread), "PTRACE_GETEVENTMSG");
  return static_cast<pid_t>(thread);
}

std::vector<uint8_t> Tracee::ReadFpState() const {
  std::vector<uint8_t> state = ReadWholeFpState();
  arch::TrimFpState(state);
  return state;
}

std::vector<uint8_t> Tracee::ReadWholeFpState() const {
  // The same for all tracees of a host.
  static std::atomic<size_t> known{kLargestFpState};
  std::vector<uint8_t> state(known);
  iovec area = {state.data(), state.size()};
  Check(::ptrace(PTRACE_GETREGSET, thread_, arch::kFpRegisterSet, &area), "PTRACE_GETREGSET");
  state.resize(area.iov_len);
  known = area.iov_len;
  return state;
}

// Linux takes the whole area or none of it.
void Tracee::WriteFpState(const std::vector<uint8_t>& state) const {
  std::vector<uint8_t> whole = ReadWholeFpState();
  std::copy_n(state.begin(), std::min(state.size(), whole.size()), whole.begin());
  iovec area = {whole.data(), whole.size()};
  Check(::ptrace(PTRACE_SETREGSET, thread_, arch::kFpRegisterSet, &area), "PTRACE_SETREGSET");
}

}  // namespace hv
