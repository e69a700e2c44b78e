// file_rule.h: what a guest sees of the host's files.
#pragma once

namespace hv {

struct FileRule {
  // A directory or a file, opened in any mode. The descriptor stays the caller's.
  int fd;
  bool is_writable;
};

}  // namespace hv
