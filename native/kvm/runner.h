// runner.h: a thread that runs one Cpu, so that meanwhile the sentry can poll its frame, or wait for others.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "arch/cpu.h"

namespace hv {

// TrapRecord::stopped is 0 from Post until the Cpu traps; only after that may another thread touch the Cpu.
class Runner {
 public:
  // Returns when the thread runs. `looks`: how often it looks for its next command before it sleeps. `on_stop` is called after
  // each trap, on the thread. It returns whether the sentry slept: then the next Post will not come soon.
  Runner(Cpu& cpu, unsigned looks, std::function<bool()> on_stop);
  ~Runner();

  // Runs the Cpu until its next trap. Precondition: it is stopped.
  void Post();
  // Stops it, and returns when it has stopped.
  void Halt();
  bool has_stopped() { return stopped() != 0; }

 private:
  void Run();
  Trap RunCpu();
  std::atomic<uint32_t>& command() { return Word(cpu_.record().command); }
  std::atomic<uint32_t>& stopped() { return Word(cpu_.record().stopped); }
  static std::atomic<uint32_t>& Word(uint32_t& word) {
    // SAFETY: see futex.h; the record outlives the thread.
    return reinterpret_cast<std::atomic<uint32_t>&>(word);
  }

  Cpu& cpu_;
  const unsigned looks_;
  std::function<bool()> on_stop_;
  // Halt sleeps until it stops.
  std::atomic<bool> halting_{false};
  std::thread thread_;
};

}  // namespace hv
