// prctl: name, dumpable, no-new-privileges, death signal, timer slack, capabilities; personality. man 2 prctl.
#include <sys/personality.h>
#include <sys/prctl.h>

#include "check.h"

int main(void) {
  char name[32];
  CHECK_EQ(prctl(PR_GET_NAME, name), 0);
  CHECK(strcmp(name, "prctl") == 0);
  CHECK_EQ(prctl(PR_SET_NAME, "sixteen characters and more"), 0);
  memset(name, '#', sizeof(name));
  CHECK_EQ(prctl(PR_GET_NAME, name), 0);
  CHECK(memcmp(name, "sixteen charact\0#", 17) == 0);
  CHECK_ERRNO(prctl(PR_SET_NAME, (char *)8), EFAULT);

  CHECK(prctl(PR_GET_DUMPABLE) >= 0);
  CHECK_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
  CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
  CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
  CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
  CHECK_ERRNO(prctl(PR_SET_DUMPABLE, 2), EINVAL);

  CHECK_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
  CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);

  int number = -1;
  CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
  CHECK_EQ(prctl(PR_GET_PDEATHSIG, &number), 0);
  CHECK_EQ(number, SIGUSR1);
  CHECK_ERRNO(prctl(PR_SET_PDEATHSIG, 99), EINVAL);
  CHECK_EQ(prctl(PR_SET_PDEATHSIG, 0), 0);

  CHECK(prctl(PR_GET_TIMERSLACK) > 0);
  CHECK_EQ(prctl(PR_SET_TIMERSLACK, 12345), 0);
  CHECK_EQ(prctl(PR_GET_TIMERSLACK), 12345);
  int bounded = prctl(PR_CAPBSET_READ, 0);
  CHECK(bounded == 0 || bounded == 1);
  CHECK_ERRNO(prctl(PR_CAPBSET_READ, 99), EINVAL);
  int keeps = prctl(PR_GET_KEEPCAPS);
  CHECK(keeps == 0 || keeps == 1);
  CHECK_ERRNO(prctl(0x7fffffff, 0, 0, 0, 0), EINVAL);

  CHECK_EQ(personality(0xffffffff) & 0xff, PER_LINUX);
  CHECK_EQ(personality(PER_LINUX), 0);
  return finish();
}
