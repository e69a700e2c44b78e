// device_table.cc: looks up an access, and answers it in kvm_run (api.rst, section 5: KVM_EXIT_IO, KVM_EXIT_MMIO).

#include "kvm/device_table.h"

#include <cstring>
#include <stdexcept>
#include <utility>

namespace hv {

uint32_t DeviceTable::AddLatch(bool is_port, uint64_t address, uint32_t size) {
  return Add({is_port, Kind::kLatch, address, size});
}

uint32_t DeviceTable::AddPosted(bool is_port, uint64_t first, uint64_t length) {
  return Add({is_port, Kind::kPosted, first, length});
}

uint32_t DeviceTable::Add(Row row) {
  size_t count = row_count_.load(std::memory_order_relaxed);
  if (count == kMaxRows) throw std::length_error("rows of the device table");
  rows_[count] = row;
  row_count_.store(count + 1, std::memory_order_release);
  return static_cast<uint32_t>(count);
}

uint32_t DeviceTable::AddStatus(bool is_port, uint64_t status, uint64_t acknowledge, uint32_t gsi) {
  const uint32_t row = Add({is_port, Kind::kLatch, status, 4, 0, gsi});
  Add({is_port, Kind::kAcknowledge, acknowledge, 4, row});
  return row;
}

void DeviceTable::ChangeStatus(uint32_t row, uint32_t set, uint32_t clear) {
  const uint32_t gsi = rows_.at(row).gsi;
  {
    std::lock_guard<std::mutex> lock(line_mutex_);
    const uint32_t before = value(row);
    const uint32_t after = (before | set) & ~clear;
    values_[row].store(after, std::memory_order_release);
    if ((before != 0) == (after != 0)) return;
    size_t& raised = raised_[gsi];
    if (after == 0) {
      // A vCPU that goes on before would be interrupted again.
      if (--raised == 0) set_line_(gsi, false);
      return;
    }
    if (raised++ > 0) return;
  }
  // Without the lock: it wakes a vCPU, whose thread acknowledges.
  set_line_(gsi, true);
  std::lock_guard<std::mutex> lock(line_mutex_);
  // That may have been before.
  if (raised_[gsi] == 0) set_line_(gsi, false);
}

void DeviceTable::SetLatch(uint32_t row, uint32_t value) {
  values_.at(row).store(value, std::memory_order_release);
}

const DeviceTable::Row* DeviceTable::Find(bool is_port, bool is_write, uint64_t address,
                                          uint32_t size) const {
  size_t count = row_count_.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; i++) {
    const Row& row = rows_[i];
    const bool is_read = row.kind == Kind::kLatch;
    if (row.is_port != is_port || is_read == is_write || address < row.first) continue;
    uint64_t offset = address - row.first;
    bool fits = row.kind != Kind::kPosted ? offset == 0 && size == row.length
                                          : offset < row.length && size <= row.length - offset;
    if (fits) return &row;
  }
  return nullptr;
}

bool DeviceTable::Answer(kvm_run& run) {
  if (row_count_.load(std::memory_order_relaxed) == 0) return false;
  bool is_port = run.exit_reason == KVM_EXIT_IO;
  if (!is_port && run.exit_reason != KVM_EXIT_MMIO) return false;
  // String instructions are left to the slow path, as exits.
  if (is_port && run.io.count != 1) return false;

  bool is_write = is_port ? run.io.direction == KVM_EXIT_IO_OUT : run.mmio.is_write != 0;
  uint64_t address = is_port ? run.io.port : run.mmio.phys_addr;
  uint32_t size = is_port ? run.io.size : run.mmio.len;
  if (size != 1 && size != 2 && size != 4) return false;
  const Row* row = Find(is_port, is_write, address, size);
  if (row == nullptr) return false;

  // SAFETY: KVM says where in its mapping an access's data lie.
  uint8_t* data = is_port ? reinterpret_cast<uint8_t*>(&run) + run.io.data_offset : run.mmio.data;
  if (row->kind == Kind::kPosted) return Post(*row, address, size, data);
  uint32_t word;
  if (row->kind == Kind::kAcknowledge) {
    std::memcpy(&word, data, size);
    ChangeStatus(row->status, 0, word);
  } else {
    word = value(static_cast<uint32_t>(row - rows_.data()));
    std::memcpy(data, &word, size);
  }
  return true;
}

bool DeviceTable::Post(const Row& row, uint64_t address, uint32_t size, const uint8_t* data) {
  Store store = {static_cast<uint32_t>(&row - rows_.data()),
                 static_cast<uint32_t>(address - row.first), size, 0};
  std::memcpy(&store.value, data, size);
  bool is_first;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (posted_.size() == kMaxPosted) return false;
    is_first = posted_.empty();
    posted_.push_back(store);
  }
  if (is_first && on_posted_ != nullptr) on_posted_();
  return true;
}

std::vector<DeviceTable::Store> DeviceTable::Take() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(posted_, {});
}

}  // namespace hv
