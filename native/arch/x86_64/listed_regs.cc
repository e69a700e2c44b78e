// listed_regs.cc: model-specific registers: one, or all that KVM lists (api.rst, KVM_GET_MSRS).

#include "arch/x86_64/listed_regs.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "arch/arch.h"
#include "sys/ioctl.h"

namespace hv {
namespace x86_64 {
namespace {

constexpr uint32_t kTsc = 0x10, kTscDeadline = 0x6e0;
// KVM takes no more at once: MAX_IO_MSRS.
constexpr size_t kBatch = 256;

struct Batch {
  kvm_msrs header;
  kvm_msr_entry entries[kBatch];
};

// Returns how many of the first `count` KVM got or set: it stops at the first that it refuses.
size_t Transfer(const Vcpu& vcpu, unsigned long request, kvm_msr_entry* entries, size_t count) {
  Batch batch = {};
  count = std::min(count, kBatch);
  batch.header.nmsrs = static_cast<uint32_t>(count);
  std::copy_n(entries, count, batch.entries);
  int done = Ioctl(vcpu.fd(), request, "MSRs", &batch);
  std::copy_n(batch.entries, count, entries);
  return static_cast<size_t>(done);
}

std::system_error Refused(uint32_t index, const char* doing) {
  char text[64];
  std::snprintf(text, sizeof(text), "KVM does not %s MSR 0x%x", doing, index);
  return std::system_error(EINVAL, std::generic_category(), text);
}

bool Has(const Vcpu& vcpu, const kvm_msr_entry& wanted) {
  kvm_msr_entry own = {wanted.index, 0, 0};
  return Transfer(vcpu, KVM_GET_MSRS, &own, 1) == 1 && own.data == wanted.data;
}

}  // namespace

Bytes ReadAllMsrs(Vcpu& vcpu) {
  std::vector<kvm_msr_entry> entries;
  for (uint32_t index : arch::MsrIndexes(vcpu.vm().system())) entries.push_back({index, 0, 0});
  std::vector<kvm_msr_entry> got;
  for (size_t at = 0; at < entries.size();) {
    size_t done = Transfer(vcpu, KVM_GET_MSRS, &entries[at], entries.size() - at);
    got.insert(got.end(), &entries[at], &entries[at] + done);
    at += done;
    // Skips one that this vCPU does not have.
    if (done < kBatch && at < entries.size()) at++;
  }
  Bytes bytes(got.size() * sizeof(kvm_msr_entry));
  std::memcpy(bytes.data(), got.data(), bytes.size());
  return bytes;
}

void WriteAllMsrs(Vcpu& vcpu, const Bytes& bytes) {
  constexpr size_t kMax = 4096;
  size_t count = bytes.size() / sizeof(kvm_msr_entry);
  if (count > kMax) throw std::invalid_argument("it has more than 4096 MSRs");
  CheckLength(bytes, count * sizeof(kvm_msr_entry));
  std::vector<kvm_msr_entry> entries(count);
  std::memcpy(entries.data(), bytes.data(), bytes.size());
  for (size_t at = 0; at < count;) {
    size_t done = Transfer(vcpu, KVM_SET_MSRS, &entries[at], count - at);
    at += done;
    if (done == kBatch || at == count) continue;
    // Skips one that can only be read.
    if (!Has(vcpu, entries[at])) throw Refused(entries[at].index, "set");
    at++;
  }
}

}  // namespace x86_64

namespace arch {

// The time-stamp counter first and the timer that counts with it last.
std::vector<uint32_t> MsrIndexes(const System& system) {
  constexpr size_t kMax = 4096;
  std::vector<uint32_t> buffer(1 + kMax);
  buffer[0] = kMax;
  Ioctl(system.fd(), KVM_GET_MSR_INDEX_LIST, "KVM_GET_MSR_INDEX_LIST", buffer.data());
  std::vector<uint32_t> indexes(buffer.begin() + 1,
                                buffer.begin() + 1 + std::min<size_t>(buffer[0], kMax));
  auto move = [&](uint32_t index, bool to_front) {
    auto found = std::find(indexes.begin(), indexes.end(), index);
    if (found == indexes.end()) return;
    if (to_front)
      std::rotate(indexes.begin(), found, found + 1);
    else
      std::rotate(found, found + 1, indexes.end());
  };
  move(x86_64::kTsc, true);
  move(x86_64::kTscDeadline, false);
  return indexes;
}

uint64_t ReadMsr(const Vcpu& vcpu, uint32_t index) {
  kvm_msr_entry entry = {index, 0, 0};
  if (x86_64::Transfer(vcpu, KVM_GET_MSRS, &entry, 1) != 1) throw x86_64::Refused(index, "read");
  return entry.data;
}

void WriteMsr(const Vcpu& vcpu, uint32_t index, uint64_t value) {
  kvm_msr_entry entry = {index, 0, value};
  if (x86_64::Transfer(vcpu, KVM_SET_MSRS, &entry, 1) != 1) throw x86_64::Refused(index, "set");
}

}  // namespace arch
}  // namespace hv
