// stub.h: the process that one address space is: it maps what it is told to, and runs programs.
#ifndef HV_PTRACE_STUB_H_
#define HV_PTRACE_STUB_H_

#include <cstdint>
#include <vector>

#include "arch/tracee.h"
#include "ptrace/tracee.h"
#include "sys/shared_memory.h"

namespace hv {

class TracedContext;

// A process that has nothing of this one's but a descriptor of the MemoryFile, which only the tracer can make it use: no other
// descriptor, no environment, no mapping but its own code, namespaces of its own where the host allows that, no new privileges,
// and a filter that kills it should a system call but mmap and munmap from its own code ever be made.
class Stub {
 public:
  // Throws std::system_error: the call that the host does not allow.
  explicit Stub(const SharedMemory& memory_file);
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  // Maps or (protection 0) unmaps user pages, when Flush is called; `populate`: for the program's first touches not to fault.
  // Throws std::out_of_range for an allegation out of bounds.
  void Set(uint64_t address, uint64_t length, uint64_t offset, uint64_t protection, bool populate);
  bool has_pending() const { return !pending_.empty(); }
  // Makes the calls that are pending; false: it is gone. When the host has no room for that many mappings, all of them are
  // dropped: faults bring them back.
  bool Flush();

  // Lets a signal, the last stop's, reach the stub's handler, and completes the record by what its frame says of the fault.
  // `registers`: the program's. False: it is gone.
  bool Explain(const UserRegisters& registers, TrapRecord& record);
  // From the stop before a call in the vsyscall page, which is not made, to one where all registers can be set. False: it is gone.
  bool LeaveFiltered();
  // Stops in the stub's own code, where Linux hides no register. False: it is gone.
  bool Park();
  // Of the last stop in its own code.
  const UserRegisters& registers() const { return registers_; }

  Tracee& tracee() { return tracee_; }
  // The last stop that was none of the program's own; false when there was none since this was asked last.
  bool TakeKick();
  // How it died: by SIGKILL, as far as is known.
  int death() const { return death_; }

  // Whose registers and floating-point state it holds.
  TracedContext* owner = nullptr;

 private:
  struct Call {
    uint64_t words[7];
  };

  // 0, or -errno of the first that failed. Throws std::system_error ESRCH: it is gone.
  int64_t Make(const Call* calls, size_t count, uint64_t base);
  // Throws std::system_error for a call that fails.
  void Must(const std::vector<Call>& calls, uint64_t base);
  // Resumes it in its own code, until it traps there. False: it is gone.
  bool Go(const UserRegisters& registers, int signal);
  void SettleIn();

  uint64_t memory_size_;
  SharedMemory image_;
  Tracee tracee_;
  std::vector<Call> pending_;
  UserRegisters registers_ = {};
  bool kicked_ = false;
  int death_ = SIGKILL;
};

}  // namespace hv

#endif  // HV_PTRACE_STUB_H_
