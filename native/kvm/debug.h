// debug.h: what a debugger asks of a vCPU, and why the vCPU stopped for it, in one shape on every architecture.
#pragma once

#include <cstdint>
#include <vector>

namespace hv {

// src/vm/debug.ts has the same numbers for both enums.
enum class WatchKind : uint64_t { kWrite = 1, kRead = 2, kAccess = 3 };
enum class DebugCause : uint64_t { kStep = 1, kBreakpoint, kWatchpoint, kSoftware };

struct Watchpoint {
  uint64_t address;
  uint64_t length;
  WatchKind kind;
};

struct DebugRequest {
  bool single_step = false;
  bool software_breakpoints = false;
  std::vector<uint64_t> breakpoints;
  std::vector<Watchpoint> watchpoints;

  bool IsNothing() const {
    return !single_step && !software_breakpoints && breakpoints.empty() && watchpoints.empty();
  }
};

// What this host's vCPUs can do for a debugger.
struct DebugLimits {
  bool single_step = false;
  bool software_breakpoints = false;
  unsigned breakpoints = 0;
  unsigned watchpoints = 0;
  bool shared = false;  // the same registers hold breakpoints and watchpoints
};

struct DebugStop {
  DebugCause cause;
  uint64_t address;  // of the instruction; for a watchpoint, what the debugger asked to watch
};

}  // namespace hv
