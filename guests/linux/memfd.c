// memfd: files without a name, their seals, their mappings. man 2 memfd_create, man 2 fcntl.
#include "fault.h"

int main(void) {
  struct stat status;
  char byte;
  catch_faults();
  int fd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(fd >= 0);
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fstat(fd, &status), 0);
  CHECK_EQ(status.st_mode & S_IFMT, S_IFREG);
  CHECK_EQ(status.st_size, 0);
  CHECK_EQ(status.st_nlink, 0);
  CHECK_EQ(write(fd, "0123456789", 10), 10);
  CHECK_EQ(pread(fd, &byte, 1, 4), 1);
  CHECK_EQ(byte, '4');
  CHECK_EQ(ftruncate(fd, (off_t)(2 * PAGE)), 0);
  char *memory = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(memory != MAP_FAILED);
  CHECK_EQ(memory[9], '9');
  memory[PAGE] = 'M';
  CHECK_EQ(pread(fd, &byte, 1, (off_t)PAGE), 1);
  CHECK_EQ(byte, 'M');

  CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
  CHECK_ERRNO(ftruncate(fd, 0), EPERM);
  CHECK_ERRNO(ftruncate(fd, (off_t)(3 * PAGE)), EPERM);
  // Writes cannot be sealed while a writable mapping lives.
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
  CHECK_EQ(munmap(memory, 2 * PAGE), 0);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL), 0);
  CHECK_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
  CHECK_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
  CHECK(mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);

  // Without MFD_ALLOW_SEALING, sealing is sealed.
  int plain = memfd_create("", 0);
  CHECK_EQ(fcntl(plain, F_GETFD), 0);
  CHECK_EQ(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
  CHECK_ERRNO(fcntl(plain, F_ADD_SEALS, F_SEAL_WRITE), EPERM);

  char name[260];
  memset(name, 'n', sizeof(name));
  name[250] = 0;
  CHECK_ERRNO(memfd_create(name, 0), EINVAL);
  name[249] = 0;
  CHECK(memfd_create(name, 0) >= 0);
  CHECK_ERRNO(memfd_create("x", 0x4000), EINVAL);
  for (BAD_POINTER(p)) CHECK_ERRNO(syscall(SYS_memfd_create, *p, 0), EFAULT);
  return finish();
}
