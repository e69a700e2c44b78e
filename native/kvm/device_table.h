// device_table.h: device accesses that a vCPU's own thread answers, without a round trip to the host's program: reads of a
// latched value, and stores that are posted.
#pragma once

#include <linux/kvm.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace hv {

class DeviceTable {
 public:
  static constexpr size_t kMaxRows = 256;
  // When this many wait, a store is an exit again.
  static constexpr size_t kMaxPosted = 4096;

  struct Store {
    uint32_t row;
    uint32_t offset;  // from the row's first
    uint32_t size;    // 1, 2 or 4
    uint32_t value;
  };

  // Only one thread at a time may call AddLatch, SetLatch, AddPosted and OnPosted; vCPUs may run. Throws std::length_error.
  // Reads of `size` bytes there give the low bytes of what SetLatch stored last.
  uint32_t AddLatch(bool is_port, uint64_t address, uint32_t size);
  void SetLatch(uint32_t row, uint32_t value);
  // Stores of 1, 2 or 4 bytes there are put aside. Returns the row.
  uint32_t AddPosted(bool is_port, uint64_t first, uint64_t length);
  // `on_posted` is called on a vCPU's thread when there is a first store to take. Set it before the first AddPosted.
  void OnPosted(std::function<void()> on_posted) { on_posted_ = std::move(on_posted); }

  // On the vCPU's thread, after KVM_RUN returned 0. True: the access is done, and the vCPU runs on.
  bool Answer(kvm_run& run);
  // Takes what was posted, in order. Any thread.
  std::vector<Store> Take();

 private:
  struct Row {
    bool is_port;
    bool is_latch;
    uint64_t first;
    uint64_t length;
  };

  uint32_t Add(Row row);
  // The row of an access, or nullptr.
  const Row* Find(bool is_port, bool is_write, uint64_t address, uint32_t size) const;
  bool Post(const Row& row, uint64_t address, uint32_t size, const uint8_t* data);

  // A row is complete before the count includes it: vCPUs may look meanwhile.
  std::array<Row, kMaxRows> rows_{};
  std::atomic<size_t> row_count_{0};
  std::array<std::atomic<uint32_t>, kMaxRows> values_{};
  std::mutex mutex_;
  std::vector<Store> posted_;
  std::function<void()> on_posted_;
};

}  // namespace hv
