// file_rule.h: what a guest sees of the host's files.
#ifndef HV_JAIL_FILE_RULE_H_
#define HV_JAIL_FILE_RULE_H_

namespace hv {

struct FileRule {
  // A directory or a file, opened in any mode. The descriptor stays the caller's.
  int fd;
  bool is_writable;
};

}  // namespace hv

#endif  // HV_JAIL_FILE_RULE_H_
