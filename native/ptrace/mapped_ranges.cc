// mapped_ranges.cc: splits and merges ranges as Linux does with its mappings.

#include "ptrace/mapped_ranges.h"

#include <iterator>

namespace hv {

MappedRanges::Edit MappedRanges::Map(uint64_t start, uint64_t end, uint64_t offset,
                                     uint64_t protection) {
  // All of the range is already mapped to the same pages, as far as the loop has seen.
  bool is_same = true;
  bool has_protection = true;
  bool loses_rights = false;
  uint64_t covered = start;
  Iterator first = FirstBehind(start);
  const bool overlaps = first != ranges_.end() && first->first < end;
  for (Iterator range = first; range != ranges_.end() && range->first < end && is_same; range++) {
    const auto& [from, is] = *range;
    is_same = from <= covered && is.offset + (covered - from) == offset + (covered - start);
    has_protection &= is.protection == protection;
    loses_rights |= (is.protection & ~protection) != 0;
    covered = is.end;
  }
  is_same &= covered >= end;
  if (overlaps && is_same && has_protection) return {Call::kNone, false};
  Erase(start, end);
  Insert(start, {end, offset, protection});
  if (!overlaps) return {Call::kMap, false};
  if (is_same) return {Call::kProtect, loses_rights};
  return {Call::kMap, true};
}

MappedRanges::Edit MappedRanges::Unmap(uint64_t start, uint64_t end) {
  Iterator first = FirstBehind(start);
  if (first == ranges_.end() || first->first >= end) return {Call::kNone, false};
  Erase(start, end);
  return {Call::kUnmap, true};
}

MappedRanges::Iterator MappedRanges::FirstBehind(uint64_t address) {
  Iterator range = ranges_.upper_bound(address);
  if (range != ranges_.begin() && std::prev(range)->second.end > address) return std::prev(range);
  return range;
}

MappedRanges::Iterator MappedRanges::Split(Iterator range, uint64_t address) {
  Range tail = range->second;
  tail.offset += address - range->first;
  range->second.end = address;
  return ranges_.emplace_hint(std::next(range), address, tail);
}

void MappedRanges::Erase(uint64_t start, uint64_t end) {
  Iterator range = FirstBehind(start);
  if (range != ranges_.end() && range->first < start) range = Split(range, start);
  while (range != ranges_.end() && range->first < end) {
    if (range->second.end > end) Split(range, end);
    range = ranges_.erase(range);
  }
}

void MappedRanges::Insert(uint64_t start, Range range) {
  auto continues = [](uint64_t from, const Range& before, uint64_t at, const Range& after) {
    return before.end == at && before.protection == after.protection &&
           before.offset + (at - from) == after.offset;
  };
  Iterator after = ranges_.lower_bound(start);
  if (after != ranges_.end() && continues(start, range, after->first, after->second)) {
    range.end = after->second.end;
    after = ranges_.erase(after);
  }
  if (after != ranges_.begin()) {
    Iterator before = std::prev(after);
    if (continues(before->first, before->second, start, range)) {
      before->second.end = range.end;
      return;
    }
  }
  ranges_.emplace_hint(after, start, range);
}

}  // namespace hv
