// device_table.h: device accesses that a vCPU's own thread answers, without a round trip to the host's program: reads of a
// latched value, stores that are posted, and an interrupt's status and acknowledgement.
#pragma once

#include <linux/kvm.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
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

  // Sets the level of an input of the interrupt controller. Any thread.
  using SetLine = std::function<void(uint32_t gsi, bool is_high)>;
  explicit DeviceTable(SetLine set_line) : set_line_(std::move(set_line)) {}

  // Only one thread at a time may call what begins with Add, SetLatch and OnPosted; vCPUs may run. Throws std::length_error.
  // Reads of `size` bytes there give the low bytes of what SetLatch stored last.
  uint32_t AddLatch(bool is_port, uint64_t address, uint32_t size);
  void SetLatch(uint32_t row, uint32_t value);
  // An interrupt's status, 4 bytes: reads give it, and a store to `acknowledge` clears the bits that it has set. The input `gsi` is high
  // while any status of it is not 0. Returns the row.
  uint32_t AddStatus(bool is_port, uint64_t status, uint64_t acknowledge, uint32_t gsi);
  // Any thread. Throws what SetLine throws.
  void ChangeStatus(uint32_t row, uint32_t set, uint32_t clear);
  uint32_t value(uint32_t row) const { return values_.at(row).load(std::memory_order_acquire); }
  // Stores of 1, 2 or 4 bytes there are put aside. Returns the row.
  uint32_t AddPosted(bool is_port, uint64_t first, uint64_t length);
  // `on_posted` is called on a vCPU's thread when there is a first store to take. Set it before the first AddPosted.
  void OnPosted(std::function<void()> on_posted) { on_posted_ = std::move(on_posted); }

  // On the vCPU's thread, after KVM_RUN returned 0. True: the access is done, and the vCPU runs on.
  bool Answer(kvm_run& run);
  // Takes what was posted, in order. Any thread.
  std::vector<Store> Take();

 private:
  enum class Kind { kLatch, kAcknowledge, kPosted };
  struct Row {
    bool is_port;
    Kind kind;
    uint64_t first;
    uint64_t length;
    // An acknowledgement's: the row of its status.
    uint32_t status = 0;
    // A status's.
    uint32_t gsi = 0;
  };

  uint32_t Add(Row row);
  // The row of an access, or nullptr.
  const Row* Find(bool is_port, bool is_write, uint64_t address, uint32_t size) const;
  bool Post(const Row& row, uint64_t address, uint32_t size, const uint8_t* data);

  // A row is complete before the count includes it: vCPUs may look meanwhile.
  std::array<Row, kMaxRows> rows_{};
  std::atomic<size_t> row_count_{0};
  std::array<std::atomic<uint32_t>, kMaxRows> values_{};
  const SetLine set_line_;
  // Orders the changes of a status and of its line.
  std::mutex line_mutex_;
  // By input: how many statuses of it are not 0.
  std::map<uint32_t, size_t> raised_;
  std::mutex mutex_;
  std::vector<Store> posted_;
  std::function<void()> on_posted_;
};

}  // namespace hv
