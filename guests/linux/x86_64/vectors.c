// vectors: YMM, ZMM and opmask registers survive system calls, faults, signals and preemption. SDM vol. 1, 13 and 14.
#include <cpuid.h>
#include <sys/time.h>
#include <ucontext.h>

#include "check.h"

#define FEATURE_AVX 4ul
#define FEATURES_AVX512 0xe0ul
#define FEATURE_TILE_DATA 0x40000ul
#define XSTATE_LEAF 0xd
#define HEADER_END 576

// As wide as the processor has them: 32 registers of 64 bytes and 8 masks of 16 bits, or 16 registers of 32 bytes.
struct vectors {
  unsigned char registers[32][64];
  uint16_t masks[8];
};

// Each is a function (vectors to load, vectors to store, count, address) that does something between load and store.
#define REPEAT_16(macro) macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7) \
    macro(8) macro(9) macro(10) macro(11) macro(12) macro(13) macro(14) macro(15)
#define REPEAT_32(macro) REPEAT_16(macro) macro(16) macro(17) macro(18) macro(19) macro(20) macro(21) macro(22) macro(23) \
    macro(24) macro(25) macro(26) macro(27) macro(28) macro(29) macro(30) macro(31)
#define LOAD_ZMM(n) "vmovdqu64 64*" #n "(%rdi), %zmm" #n "\n"
#define STORE_ZMM(n) "vmovdqu64 %zmm" #n ", 64*" #n "(%rsi)\n"
#define LOAD_YMM(n) "vmovdqu 64*" #n "(%rdi), %ymm" #n "\n"
#define STORE_YMM(n) "vmovdqu %ymm" #n ", 64*" #n "(%rsi)\n"
#define LOAD_MASK(n) "kmovw 2048+2*" #n "(%rdi), %k" #n "\n"
#define STORE_MASK(n) "kmovw %k" #n ", 2048+2*" #n "(%rsi)\n"
#define MASKS(macro) macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7)

typedef void across(const struct vectors *in, struct vectors *out, uint64_t count, void *address);
#define ACROSS(name, instructions) \
  across name##_avx, name##_avx512; \
  __asm__(".text\n" #name "_avx:\n" REPEAT_16(LOAD_YMM) instructions REPEAT_16(STORE_YMM) "vzeroupper\nret\n" \
          #name "_avx512:\n" REPEAT_32(LOAD_ZMM) MASKS(LOAD_MASK) instructions \
          REPEAT_32(STORE_ZMM) MASKS(STORE_MASK) "vzeroupper\nret\n");

ACROSS(calls, "7: mov $39, %eax; syscall; dec %rdx; jnz 7b\n")
ACROSS(sleeping_call, "push %rsi; mov $7, %eax; xor %edi, %edi; xor %esi, %esi; syscall; pop %rsi\n")
ACROSS(first_touches, "7: movb $1, (%rcx); add $4096, %rcx; dec %rdx; jnz 7b\n")
ACROSS(undefined_opcode, "ud2\n")
ACROSS(signal_to_itself,
       "push %rsi; mov $39, %eax; syscall; mov %eax, %edi; mov $10, %esi; mov $62, %eax; syscall; pop %rsi\n")
ACROSS(spin, "7: dec %rdx; jnz 7b\n")

static uint64_t features;
static bool avx512;
static struct vectors pattern;
static volatile sig_atomic_t handled;
static bool change_frame;
static uint32_t magic1, magic2, extended_size, xstate_size;
static uint64_t frame_features, in_use;
static bool frame_right, starts_clean;

static uint32_t leaf(unsigned function, unsigned index, int reg) {
  unsigned words[4];
  __cpuid_count(function, index, words[0], words[1], words[2], words[3]);
  return words[reg];
}

// The size with the frame's own features.
static size_t area_bytes(void) {
  size_t bytes = HEADER_END;
  for (unsigned feature = 2; frame_features >> feature; feature++) {
    size_t end = leaf(XSTATE_LEAF, feature, 0) + leaf(XSTATE_LEAF, feature, 1);
    if ((frame_features >> feature & 1) && end > bytes) bytes = end;
  }
  return bytes;
}

// The upper half of YMM0 in a frame.
static unsigned char *upper_half(unsigned char *area) { return area + leaf(XSTATE_LEAF, 2, 1); }

static void on_signal(int number, siginfo_t *info, void *pointer) {
  unsigned char first[32];
  __asm__ volatile("vmovdqu %%ymm0, %0" : "=m"(first));
  starts_clean = true;
  for (size_t i = 0; i < sizeof(first); i++) starts_clean = starts_clean && first[i] == 0;
  __asm__ volatile("vpcmpeqd %%xmm0, %%xmm0, %%xmm0; vinsertf128 $1, %%xmm0, %%ymm0, %%ymm0; vmovaps %%ymm0, %%ymm9;"
                   "vmovaps %%ymm0, %%ymm15" ::: "xmm0", "xmm9", "xmm15");
  if (avx512)
    __asm__ volatile("vpternlogd $255, %%zmm31, %%zmm31, %%zmm31; vpternlogd $255, %%zmm1, %%zmm1, %%zmm1; kxnorw %%k1, %%k1, %%k1;"
                     "kxnorw %%k7, %%k7, %%k7" ::: "xmm1", "memory");
  (void)info;
  handled++;
  ucontext_t *context = pointer;
  if (number == SIGILL) context->uc_mcontext.gregs[REG_RIP] += 2;

  unsigned char *area = (unsigned char *)context->uc_mcontext.fpregs;
  memcpy(&magic1, area + 464, 4);
  memcpy(&extended_size, area + 468, 4);
  memcpy(&frame_features, area + 472, 8);
  memcpy(&xstate_size, area + 480, 4);
  memcpy(&in_use, area + 512, 8);
  if (xstate_size <= 4096) memcpy(&magic2, area + xstate_size, 4);
  frame_right = !memcmp(area + 160, pattern.registers[0], 16) && !memcmp(upper_half(area), pattern.registers[0] + 16, 16);
  if (change_frame) memset(upper_half(area), 0x77, 16);
}

static void check_kept(const char *what, across *avx_version, across *avx512_version, uint64_t count, void *address) {
  struct vectors out;
  memset(&out, 0, sizeof(out));
  (avx512 ? avx512_version : avx_version)(&pattern, &out, count, address);
  int registers = avx512 ? 32 : 16, bytes = avx512 ? 64 : 32;
  bool right = true;
  for (int i = 0; i < registers; i++) right = right && !memcmp(out.registers[i], pattern.registers[i], bytes);
  if (avx512) right = right && !memcmp(out.masks, pattern.masks, sizeof(out.masks));
  if (!right) fail(__FILE__, __LINE__, what, 0, 0);
}
#define CHECK_KEPT(name, count, address) check_kept(#name, name##_avx, name##_avx512, count, address)

static void check_frame(void) {
  CHECK_EQ(magic1, FP_XSTATE_MAGIC1);
  CHECK_EQ(magic2, FP_XSTATE_MAGIC2);
  // It has the vectors, but nothing that the processor lacks, and no tile data, which is only for programs that ask. XGETBV may report
  // more (protection keys) than a VM saves.
  uint64_t vectors = FEATURE_AVX | (avx512 ? FEATURES_AVX512 : 0);
  CHECK_EQ(frame_features & vectors, vectors);
  CHECK_EQ(frame_features & ~features, 0);
  CHECK_EQ(xstate_size, area_bytes());
  CHECK_EQ(extended_size, area_bytes() + 4);
  CHECK_EQ(in_use & FEATURE_AVX, FEATURE_AVX);
  CHECK_EQ(in_use & ~frame_features, 0);
  CHECK(frame_right);
  CHECK(starts_clean);
}

// The program afterwards has what a handler wrote into the frame's upper halves.
static void check_change(void) {
  struct vectors out;
  change_frame = true;
  (avx512 ? signal_to_itself_avx512 : signal_to_itself_avx)(&pattern, &out, 0, 0);
  change_frame = false;
  CHECK(!memcmp(out.registers[0], pattern.registers[0], 16));
  for (int i = 16; i < 32; i++) CHECK_EQ(out.registers[0][i], 0x77);
  CHECK(!memcmp(out.registers[1], pattern.registers[1], avx512 ? 64 : 32));
}

static void check_preemption(void) {
  struct itimerval often = {{0, 1000}, {0, 1000}}, off = {0};
  handled = 0;
  REQUIRE(setitimer(ITIMER_REAL, &often, 0) == 0);
  // If no signal comes, the runner's time-out ends the guest.
  while (handled < 20) CHECK_KEPT(spin, 300000, 0);
  setitimer(ITIMER_REAL, &off, 0);
}

// Tiles are for programs that ask, and under hv for none.
static void check_no_tiles(void) {
  uint64_t permitted = 0;
  // The kernel's asm/prctl.h: ARCH_GET_XCOMP_PERM, ARCH_REQ_XCOMP_PERM.
  enum { get_permission = 0x1022, ask_permission = 0x1023 };
  CHECK_EQ(syscall(SYS_arch_prctl, get_permission, &permitted), 0);
  CHECK_EQ(permitted, frame_features);
  CHECK_ERRNO(syscall(SYS_arch_prctl, get_permission, 8), EFAULT);
  CHECK_ERRNO(syscall(SYS_arch_prctl, ask_permission, 2), EOPNOTSUPP);
  CHECK_ERRNO(syscall(SYS_arch_prctl, ask_permission, 63), EINVAL);
}

int main(void) {
  if (!(leaf(1, 0, 2) & bit_OSXSAVE)) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  features = ((uint64_t)high << 32 | low) & ~FEATURE_TILE_DATA;
  if (!(features & FEATURE_AVX)) return 0;
  avx512 = (features & FEATURES_AVX512) == FEATURES_AVX512 && (leaf(7, 0, 1) & bit_AVX512F);
  for (size_t i = 0; i < sizeof(pattern); i++) ((unsigned char *)&pattern)[i] = (unsigned char)(i * 7 + (i >> 6) + 1);

  static const int signals[] = {SIGUSR1, SIGILL, SIGALRM};
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  for (size_t i = 0; i < COUNT(signals); i++) REQUIRE(sigaction(signals[i], &action, 0) == 0);
  char *fresh = mmap(0, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(fresh != MAP_FAILED);

  CHECK_KEPT(calls, 1, 0);
  // Enough calls that the sentry may start polling for them.
  CHECK_KEPT(calls, 3000, 0);
  CHECK_KEPT(sleeping_call, 2, 0);
  CHECK_KEPT(first_touches, 64, fresh);
  CHECK_EQ(handled, 0);
  CHECK_KEPT(undefined_opcode, 0, 0);
  CHECK_EQ(handled, 1);
  check_frame();
  CHECK_KEPT(signal_to_itself, 0, 0);
  CHECK_EQ(handled, 2);
  check_frame();
  check_change();
  check_preemption();
  check_no_tiles();
  return finish();
}
