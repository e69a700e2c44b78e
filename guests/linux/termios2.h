// termios2.h: struct termios2 and its requests (asm-generic/termbits.h), whose header conflicts with libc's.
#pragma once

#include <stdint.h>
#include <sys/ioctl.h>

struct modes2 {
  uint32_t flags[4];
  uint8_t line, characters[19];
  uint32_t speeds[2];
};
#define GET_MODES2 _IOR('T', 0x2A, struct modes2)
#define SET_MODES2 _IOW('T', 0x2B, struct modes2)
