// own-network.h: shared by guests whose checks the connections of other programs would disturb.
#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

// Natively, as root: a CI machine has thousands of connections in TIME_WAIT, which hold ports. hv's guests have a network of their own.
UNUSED static void enter_own_network(void) {
  if (is_hv() || unshare(CLONE_NEWNET) != 0) return;
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_EQ(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
  close(fd);
}
