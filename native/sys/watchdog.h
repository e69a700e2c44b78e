// watchdog.h: ends the process at its deadline, whatever its other threads are doing.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace hv {

// For a command's process alone: nothing in the library ends the process that embeds it.
class Watchdog {
 public:
  // At `deadline_ns` (CLOCK_MONOTONIC) the process ends with `status`, and `line` on standard error if that takes it at once.
  Watchdog(int64_t deadline_ns, int status, std::string line);
  // Calls it off.
  ~Watchdog();

 private:
  void Run();

  int64_t deadline_ns_;
  int status_;
  std::string line_;
  std::atomic<uint32_t> called_off_{0};
  std::thread thread_;
};

}  // namespace hv
