// call_program.h: a seccomp filter in the making: seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
#pragma once

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "arch/tracee.h"

namespace hv {

inline constexpr uint32_t kSetIds = S_ISUID | S_ISGID;
// The bit of O_TMPFILE that is not O_DIRECTORY's.
inline constexpr uint32_t kMakesFile = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);

// A classic BPF program (Documentation/networking/filter.rst) that looks at a call's number.
class Program {
 public:
  Program() {
    Load(offsetof(seccomp_data, arch));
    Skip(BPF_JEQ, arch::kAuditArch, 1, 0);
    Return(SECCOMP_RET_KILL_PROCESS);
    Load(offsetof(seccomp_data, nr));
  }

  void Allow(std::initializer_list<std::span<const long>> lists) {
    for (const auto& list : lists)
      for (long call : list) Return(call, SECCOMP_RET_ALLOW);
  }
  void Fail(long call, int error) {
    Return(call, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error));
  }

  // Allows it if this argument's lower half is one of these; the kernel looks at no more of it.
  void AllowIf(long call, unsigned argument,
               std::initializer_list<std::span<const uint32_t>> lists) {
    Block(call, [&] {
      LoadArgument(argument);
      for (const auto& list : lists)
        for (uint32_t value : list) Return(value, SECCOMP_RET_ALLOW);
    });
  }

  // Allows it if, of the bits of `mask`, this argument has those of `value`.
  void AllowMasked(long call, unsigned argument, uint32_t mask, uint32_t value) {
    Block(call, [&] { ReturnMasked(argument, mask, value); });
  }

  // Allows it if its first argument is `process`, a number.
  void AllowOn(uint32_t process, long call) {
    Block(call, [&] { ReturnMasked(0, ~uint32_t{0}, process); });
  }

  // Allows these commands of fcntl(2), and F_SETFL without signals for input and output.
  void AllowFileCommands(std::span<const uint32_t> commands) {
    Block(SYS_fcntl, [&] {
      LoadArgument(1);
      for (uint32_t command : commands) Return(command, SECCOMP_RET_ALLOW);
      Block(F_SETFL, [&] { ReturnMasked(2, O_ASYNC, 0); });
    });
  }

  // Allows it if it makes no file, or one without set-ID bits. openat2(2), whose flags no filter sees, is not needed.
  void AllowOpening(long call, unsigned flags) {
    Block(call, [&] {
      LoadArgument(flags);
      Skip(BPF_JSET, kMakesFile, 1, 0);
      Return(SECCOMP_RET_ALLOW);
      ReturnMasked(flags + 1, kSetIds, 0);
    });
  }

  // Allows it if this pointer is null.
  void AllowIfNull(long call, unsigned argument) {
    Block(call, [&] {
      LoadArgument(argument);
      Skip(BPF_JEQ, 0, 0, 3);
      Load(offsetof(seccomp_data, args) + argument * sizeof(uint64_t) + sizeof(uint32_t));
      Return(0L, SECCOMP_RET_ALLOW);
    });
  }

  int Install() {
    Return(SECCOMP_RET_ERRNO | EPERM);
    const sock_fprog program = {static_cast<unsigned short>(program_.size()), program_.data()};
    const long result =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    // More than 0: the id of a thread that has another filter.
    if (result > 0) return EBUSY;
    return result == 0 ? 0 : errno;
  }

 private:
  void Load(size_t offset) {
    program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  }
  void LoadArgument(unsigned argument) {
    Load(offsetof(seccomp_data, args) + argument * sizeof(uint64_t));
  }
  void Skip(uint16_t test, uint32_t value, uint8_t if_true, uint8_t if_false) {
    program_.push_back(
        BPF_JUMP(static_cast<uint16_t>(BPF_JMP | test | BPF_K), value, if_true, if_false));
  }
  void Return(uint32_t action) { program_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  // Returns `action` if what was loaded last is `value`.
  void Return(long value, uint32_t action) {
    Skip(BPF_JEQ, static_cast<uint32_t>(value), 0, 1);
    Return(action);
  }
  void ReturnMasked(unsigned argument, uint32_t mask, uint32_t value) {
    LoadArgument(argument);
    program_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    Return(value, SECCOMP_RET_ALLOW);
  }
  // If what was loaded last is `value`: `body`, and EPERM unless that has returned. Jumps reach 255 instructions.
  template <typename Body>
  void Block(long value, Body body) {
    const size_t at = program_.size();
    Skip(BPF_JEQ, static_cast<uint32_t>(value), 0, 0);
    body();
    Return(SECCOMP_RET_ERRNO | EPERM);
    program_[at].jf = static_cast<uint8_t>(program_.size() - at - 1);
  }

  std::vector<sock_filter> program_;
};

}  // namespace hv
