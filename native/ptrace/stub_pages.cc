// stub_pages.cc: slots at the end of the MemoryFile's memfd.

#include "ptrace/stub_pages.h"

#include <fcntl.h>

#include "sys/ioctl.h"

namespace hv {

uint64_t StubPages::Take() {
  if (!free_.empty()) {
    uint64_t offset = free_.back();
    free_.pop_back();
    return offset;
  }
  Check(::ftruncate(memory_->file.get(), static_cast<off_t>(end_ + kStubSlotBytes)), "ftruncate");
  end_ += kStubSlotBytes;
  return end_ - kStubSlotBytes;
}

StubPages::Slot::Slot(StubPages& pages) : pages_(pages), offset_(pages.Take()) {
  try {
    mapping_ =
        Mapping(kStubSlotBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                pages.memory_->file.get(), static_cast<off_t>(offset_), "mmap a stub's pages");
  } catch (const std::system_error&) {
    pages.free_.push_back(offset_);
    throw;
  }
}

StubPages::Slot::~Slot() {
  Wipe();
  pages_.free_.push_back(offset_);
}

void StubPages::Slot::Wipe() {
  ::fallocate(pages_.memory_->file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(offset_), kStubSlotBytes);
}

}  // namespace hv
