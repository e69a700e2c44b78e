// dirty_log.cc: KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG and the dirty rings (api.rst, 4.8, 4.117 and 8.29).

#include "kvm/dirty_log.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "sys/ioctl.h"

namespace hv {
namespace {

constexpr size_t kBits = 64;
// KVM holds its lock while it clears pages: QEMU, too, clears at most as many at a time.
constexpr size_t kClearedWords = (1 << 18) / kBits;

size_t WordsOf(size_t pages) { return (pages + kBits - 1) / kBits; }

size_t PageBytes() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

// The bits of pages from `first` to before `end` in the word of pages from `word * 64` on.
uint64_t MaskOf(size_t word, size_t first, size_t end) {
  const size_t from = std::max(first, word * kBits) - word * kBits;
  const size_t to = std::min(end, (word + 1) * kBits) - word * kBits;
  return (~uint64_t{0} << from) & (~uint64_t{0} >> (kBits - to));
}

void EnableCap(int vm, kvm_enable_cap request) {
  Ioctl(vm, KVM_ENABLE_CAP, "KVM_ENABLE_CAP dirty log", &request);
}

}  // namespace

DirtyLog::DirtyLog(const System& system, int vm, uint32_t ring_entries)
    : system_(system), vm_(vm), ring_entries_(ring_entries) {
  if (ring_entries == 0) return;
  const uint64_t bytes = uint64_t{ring_entries} * sizeof(kvm_dirty_gfn);
  if (system.Check(KVM_CAP_DIRTY_LOG_RING_ACQ_REL) > 0)
    EnableCap(vm, {.cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, .args = {bytes}});
  else
    EnableCap(vm, {.cap = KVM_CAP_DIRTY_LOG_RING, .args = {bytes}});
  // arm64: what no vCPU writes, such as an interrupt controller's tables, is in bitmaps.
  has_bitmaps_ = system.Check(KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP) > 0;
  if (has_bitmaps_) EnableCap(vm, {.cap = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP});
}

void DirtyLog::AddVcpu(int vcpu) {
  if (ring_entries_ == 0) return;
  std::lock_guard<std::mutex> lock(mutex_);
  rings_.push_back(
      {Mapping(ring_entries_ * sizeof(kvm_dirty_gfn), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
               static_cast<off_t>(KVM_DIRTY_LOG_PAGE_OFFSET * PageBytes()), "mmap dirty ring")});
}

// KVM_DIRTY_LOG_INITIALLY_SET would spare KVM the work of write-protecting what is mapped already, at the price that the host clears
// every page once: a new slot has nothing mapped.
void DirtyLog::AddSlot(uint32_t slot, size_t pages) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (has_bitmaps_ && !clears_pages_ && system_.Check(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) > 0) {
    EnableCap(vm_, {.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
                    .args = {KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE}});
    clears_pages_ = true;
  }
  slots_[slot] = {pages, std::vector<uint64_t>(WordsOf(pages))};
}

void DirtyLog::RemoveSlot(uint32_t slot) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (slots_.count(slot) == 0) return;
  // What the rings have of this slot is not the next one's of the same number.
  EmptyRings();
  slots_.erase(slot);
}

std::vector<uint64_t> DirtyLog::Take(uint32_t slot, size_t first, size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  Slot& log = slots_.at(slot);
  if (first > log.pages || count > log.pages - first) throw std::out_of_range("dirty pages");
  EmptyRings();
  if (has_bitmaps_) {
    std::vector<uint64_t> bitmap = TakeBitmap(slot, log.pages, first, count);
    for (size_t word = 0; word < bitmap.size(); word++) log.written[word] |= bitmap[word];
  }
  std::vector<uint64_t> taken;
  for (size_t word = first / kBits; word < WordsOf(first + count); word++) {
    const uint64_t mask = MaskOf(word, first, first + count);
    taken.push_back(log.written[word] & mask);
    log.written[word] &= ~mask;
  }
  return taken;
}

// KVM no longer has what this returns: all pages of the slot where it can only forget all.
std::vector<uint64_t> DirtyLog::TakeBitmap(uint32_t slot, size_t pages, size_t first,
                                           size_t count) {
  std::vector<uint64_t> bitmap(WordsOf(pages));
  kvm_dirty_log log = {};
  log.slot = slot;
  log.dirty_bitmap = bitmap.data();
  Ioctl(vm_, KVM_GET_DIRTY_LOG, "KVM_GET_DIRTY_LOG", &log);
  if (!clears_pages_) return bitmap;
  const size_t begin = first / kBits, end = WordsOf(first + count);
  for (size_t word = 0; word < bitmap.size(); word++)
    bitmap[word] &= word < begin || word >= end ? 0 : MaskOf(word, first, first + count);
  Clear(slot, pages, bitmap, begin, end);
  return bitmap;
}

void DirtyLog::Clear(uint32_t slot, size_t pages, std::vector<uint64_t>& bitmap, size_t begin,
                     size_t end) {
  for (size_t from = begin; from < end; from += kClearedWords) {
    const size_t to = std::min(from + kClearedWords, end);
    auto is_zero = [](uint64_t word) { return word == 0; };
    if (std::all_of(&bitmap[from], &bitmap[0] + to, is_zero)) continue;
    kvm_clear_dirty_log request = {};
    request.slot = slot;
    request.first_page = from * kBits;
    request.num_pages = static_cast<uint32_t>(std::min(to * kBits, pages) - from * kBits);
    request.dirty_bitmap = &bitmap[from];
    Ioctl(vm_, KVM_CLEAR_DIRTY_LOG, "KVM_CLEAR_DIRTY_LOG", &request);
  }
}

bool DirtyLog::MakeRoom() noexcept try {
  std::lock_guard<std::mutex> lock(mutex_);
  EmptyRings();
  return true;
} catch (const std::system_error&) {
  return false;
}

void DirtyLog::EmptyRings() {
  if (rings_.empty()) return;
  for (Ring& ring : rings_) Empty(ring);
  // KVM protects the pages again before it returns.
  Ioctl(vm_, KVM_RESET_DIRTY_RINGS, "KVM_RESET_DIRTY_RINGS", 0);
}

void DirtyLog::Empty(Ring& ring) {
  // SAFETY: KVM made the mapping for this many of these.
  auto* entries = reinterpret_cast<kvm_dirty_gfn*>(ring.mapping.data());
  for (uint32_t taken = 0; taken < ring_entries_; taken++) {
    kvm_dirty_gfn& entry = entries[ring.next & (ring_entries_ - 1)];
    if ((__atomic_load_n(&entry.flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY) == 0) return;
    // Bits 16 and up: the address space of system management mode, which has the same memory.
    auto found = slots_.find(entry.slot & 0xffff);
    const uint64_t page = entry.offset;
    if (found != slots_.end() && page < found->second.pages)
      found->second.written[page / kBits] |= uint64_t{1} << (page % kBits);
    __atomic_store_n(&entry.flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
    ring.next++;
  }
}

}  // namespace hv
