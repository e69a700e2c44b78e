// tracee.cc: ptrace(2) and waitpid(2).

#include "ptrace/tracee.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "arch/tracee.h"
#include "sys/ioctl.h"

namespace hv {
namespace {

// PTRACE_O_TRACESYSGOOD's mark of a stop in a call.
constexpr int kCallStop = SIGTRAP | 0x80;
constexpr int kFilterStop = SIGTRAP | PTRACE_EVENT_SECCOMP << 8;
constexpr size_t kLargestFpState = 1 << 16;

}  // namespace

Tracee::~Tracee() {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
  while (pid_ != 0) Wait();
}

Tracee::Stop Tracee::Resume(int request, int signal) {
  long result = ::ptrace(static_cast<__ptrace_request>(request), pid(), nullptr, signal);
  // ESRCH: it was killed meanwhile; waiting says by what.
  if (result < 0 && errno != ESRCH) Check(result, "ptrace");
  return Wait();
}

Tracee::Stop Tracee::Wait() {
  // To waitpid 0 is any child.
  if (pid() == 0) return {Stop::kGone, SIGKILL};
  int status;
  pid_t found;
  do {
    found = ::waitpid(pid(), &status, __WALL);
  } while (found < 0 && errno == EINTR);
  if (found > 0 && WIFSTOPPED(status)) {
    if (WSTOPSIG(status) == kCallStop) return {Stop::kCall, 0};
    if (status >> 8 == kFilterStop) return {Stop::kFiltered, 0};
    return {Stop::kSignal, WSTOPSIG(status)};
  }
  pid_ = 0;
  // Another wait of this process took the status.
  if (found < 0) return {Stop::kGone, SIGKILL};
  return {Stop::kGone, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

bool Tracee::ReadFault(int signal, siginfo_t& info) const {
  if (std::find(std::begin(kFaultSignals), std::end(kFaultSignals), signal) ==
      std::end(kFaultSignals))
    return false;
  Check(::ptrace(PTRACE_GETSIGINFO, pid(), nullptr, &info), "PTRACE_GETSIGINFO");
  return info.si_code > 0;
}

void Tracee::Kick() const {
  pid_t target = pid_;
  if (target != 0) ::syscall(SYS_tgkill, target, target, SIGSTOP);
}

std::vector<uint8_t> Tracee::ReadFpState() const {
  std::vector<uint8_t> state = ReadWholeFpState();
  arch::TrimFpState(state);
  return state;
}

std::vector<uint8_t> Tracee::ReadWholeFpState() const {
  std::vector<uint8_t> state(kLargestFpState);
  iovec area = {state.data(), state.size()};
  Check(::ptrace(PTRACE_GETREGSET, pid(), arch::kFpRegisterSet, &area), "PTRACE_GETREGSET");
  state.resize(area.iov_len);
  return state;
}

// Linux takes the whole area or none of it.
void Tracee::WriteFpState(const std::vector<uint8_t>& state) const {
  std::vector<uint8_t> whole = ReadWholeFpState();
  std::copy_n(state.begin(), std::min(state.size(), whole.size()), whole.begin());
  iovec area = {whole.data(), whole.size()};
  Check(::ptrace(PTRACE_SETREGSET, pid(), arch::kFpRegisterSet, &area), "PTRACE_SETREGSET");
}

}  // namespace hv
