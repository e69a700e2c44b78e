// xpledge-open: after xpledge(XPLEDGE_OPEN) files can be opened and closed, but not read or written. Linux has no such call.
#include "pledge.h"

int main(void) {
  char byte;
  if (!is_hv()) {
    CHECK_ERRNO(xpledge(XPLEDGE_OPEN), ENOSYS);
    return finish();
  }
  CHECK_EQ(xpledge(XPLEDGE_OPEN), 0);
  int zero = open("/dev/zero", O_RDWR);
  CHECK(zero >= 0);
  CHECK_ERRNO(read(zero, &byte, 1), EPERM);
  CHECK_ERRNO(write(zero, &byte, 1), EPERM);
  CHECK_EQ(close(zero), 0);
  // Only the status can report a failure: nothing can be written any more.
  return finish();
}
