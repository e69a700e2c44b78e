// mapped_ranges.h: what a stub has mapped of the MemoryFile, so that an edit needs only the cheapest call, or none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace hv {

class MappedRanges {
 public:
  struct Range {
    uint64_t end;
    uint64_t offset;
    uint64_t protection;
  };
  enum class Call { kNone, kMap, kProtect, kUnmap };
  struct Edit {
    Call call;
    // Something that was mapped no longer is, or has fewer rights.
    bool takes_away;
  };

  // Records that [start, end) is mapped to the file at `offset`.
  Edit Map(uint64_t start, uint64_t end, uint64_t offset, uint64_t protection);
  // Records that nothing is mapped there.
  Edit Unmap(uint64_t start, uint64_t end);
  void Clear() { ranges_.clear(); }
  size_t size() const { return ranges_.size(); }
  // Sorted by start.
  auto begin() const { return ranges_.begin(); }
  auto end() const { return ranges_.end(); }

 private:
  using Iterator = std::map<uint64_t, Range>::iterator;

  // The first that ends above `address`.
  Iterator FirstBehind(uint64_t address);
  // Splits a range in two: the second begins at `address`. Returns the second.
  Iterator Split(Iterator range, uint64_t address);
  void Erase(uint64_t start, uint64_t end);
  void Insert(uint64_t start, Range range);

  // None overlap.
  std::map<uint64_t, Range> ranges_;
};

}  // namespace hv
