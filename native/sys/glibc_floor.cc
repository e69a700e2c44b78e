// glibc_floor.cc: stands in for what the static C++ run-time library takes from a glibc newer than 2.28.
//
// The binary is built on a current Debian and runs on every glibc since 2.28 (ci/glibc-floor.mjs checks it). libstdc++.a
// and libgcc_eh.a are built against the new glibc, so its symbols are defined here, hidden, in terms of old ones. And for musl 1.2, what
// has a symbol only since 1.2.5.

#include <features.h>

#ifdef __GLIBC__

#include <dlfcn.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

// Functions that moved from libpthread to libc in 2.34 and got a second version there; every glibc has the first.
#if defined(__x86_64__)
#define HV_OLD_VERSION "GLIBC_2.2.5"
#define HV_JUMP(name) "endbr64\njmp *hv_old_" name "@GOTPCREL(%rip)\n"
#elif defined(__aarch64__)
#define HV_OLD_VERSION "GLIBC_2.17"
#define HV_JUMP(name) "hint #34\nb hv_old_" name "\n"
#endif

// SAFETY: a landing pad (hint #34: BTI c), and a tail jump that leaves every register and the stack as the caller set them.
#define HV_USE_OLD(name)                                                                   \
  __asm__(".symver hv_old_" #name ", " #name "@" HV_OLD_VERSION                            \
          "\n"                                                                             \
          ".text\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name \
          ":\n" HV_JUMP(#name) ".size " #name ", . - " #name "\n")

HV_USE_OLD(__pthread_key_create);
HV_USE_OLD(pthread_create);
HV_USE_OLD(pthread_detach);
HV_USE_OLD(pthread_getcpuclockid);
HV_USE_OLD(pthread_getspecific);
HV_USE_OLD(pthread_join);
HV_USE_OLD(pthread_key_create);
HV_USE_OLD(pthread_key_delete);
HV_USE_OLD(pthread_kill);
HV_USE_OLD(pthread_once);
HV_USE_OLD(pthread_setspecific);
HV_USE_OLD(pthread_sigmask);
HV_USE_OLD(sem_destroy);
HV_USE_OLD(sem_init);
HV_USE_OLD(sem_post);
HV_USE_OLD(sem_wait);

extern "C" {

// 2.32. False only costs an atomic instruction where a plain one would do.
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;

// 2.36. The source of std::random_device.
__attribute__((visibility("hidden"))) uint32_t arc4random(void) noexcept {
  uint32_t value = 0;
  while (syscall(SYS_getrandom, &value, sizeof value, 0) != sizeof value) {
  }
  return value;
}

// 2.38: what the headers turn strtoul into.
unsigned long hv_strtoul(const char* text, char** end, int base) __asm__("strtoul");
__attribute__((visibility("hidden"))) unsigned long __isoc23_strtoul(const char* text, char** end,
                                                                     int base) {
  return hv_strtoul(text, end, base);
}

}  // extern "C"

namespace {

struct Search {
  uintptr_t address;
  dl_find_object* result;
};

// Fills in the object that holds the address; 1 ends the iteration.
int Match(dl_phdr_info* info, size_t, void* data) {
  const auto* search = static_cast<Search*>(data);
  uintptr_t start = UINTPTR_MAX;
  uintptr_t end = 0;
  uintptr_t eh_frame = 0;
  bool holds = false;

  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const uintptr_t from = info->dlpi_addr + header.p_vaddr;
    const uintptr_t to = from + header.p_memsz;
    if (header.p_type == PT_GNU_EH_FRAME) eh_frame = from;
    if (header.p_type != PT_LOAD) continue;
    if (from < start) start = from;
    if (to > end) end = to;
    if (search->address >= from && search->address < to) holds = true;
  }
  if (!holds || eh_frame == 0) return 0;

  *search->result = {};
  // SAFETY: addresses of a loaded object's own segments; the unwinder reads them while the object is loaded.
  search->result->dlfo_map_start = reinterpret_cast<void*>(start);
  search->result->dlfo_map_end = reinterpret_cast<void*>(end);
  search->result->dlfo_eh_frame = reinterpret_cast<void*>(eh_frame);
  return 1;
}

}  // namespace

// 2.35. The unwinder finds an object's exception tables with it; before, it used dl_iterate_phdr(3).
extern "C" __attribute__((visibility("hidden"))) int _dl_find_object(
    void* address, dl_find_object* result) noexcept {
  // SAFETY: an address to compare with others.
  Search search = {reinterpret_cast<uintptr_t>(address), result};
  return dl_iterate_phdr(Match, &search) == 1 ? 0 : -1;
}

#else  // musl

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern "C" {

__attribute__((visibility("hidden"))) int statx(int directory, const char* __restrict path,
                                                int flags, unsigned mask,
                                                struct statx* __restrict out) {
  return static_cast<int>(syscall(SYS_statx, directory, path, flags, mask, out));
}

// The high half of the offset is for 32-bit kernels.
__attribute__((visibility("hidden"))) ssize_t pwritev2(int fd, const iovec* pieces, int count,
                                                       off_t offset, int flags) {
  return syscall(SYS_pwritev2, fd, pieces, count, offset, 0L, flags);
}

}  // extern "C"

#endif  // __GLIBC__
