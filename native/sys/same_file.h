// same_file.h: whether two descriptors lead to one file; O_PATH descriptors will do.
#ifndef HV_SYS_SAME_FILE_H_
#define HV_SYS_SAME_FILE_H_

#include <fcntl.h>
#include <sys/stat.h>

namespace hv {

inline bool IsSameFile(int one, int other) {
  struct statx of_one, of_other;
  return ::statx(one, "", AT_EMPTY_PATH, STATX_INO, &of_one) == 0 &&
         ::statx(other, "", AT_EMPTY_PATH, STATX_INO, &of_other) == 0 &&
         of_one.stx_ino == of_other.stx_ino && of_one.stx_dev_major == of_other.stx_dev_major &&
         of_one.stx_dev_minor == of_other.stx_dev_minor;
}

}  // namespace hv

#endif  // HV_SYS_SAME_FILE_H_
