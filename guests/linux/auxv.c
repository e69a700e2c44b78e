// auxv: what the kernel puts on the stack of a new program: argv, envp, the auxiliary vector. man 3 getauxval, the psABI.
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "check.h"

extern char **environ;
extern char _start[];
extern const char __ehdr_start[];

static void check_layout(int argc, char **argv) {
  char **env = argv + argc + 1;
  CHECK(argc >= 1);
  CHECK_EQ((uintptr_t)(argv - 1) % 16, 0);
  CHECK_EQ(((long *)argv)[-1], argc);
  CHECK(argv[argc] == 0);
  CHECK(environ == env);
  while (*env) env++;

  // The vector follows the environment and ends in AT_NULL; getauxval reads that very vector.
  ElfW(auxv_t) *entry = (ElfW(auxv_t) *)(env + 1);
  size_t count = 0;
  for (; entry->a_type != AT_NULL; entry++, count++) {
    REQUIRE(count < 64);
    if (entry->a_type == AT_HWCAP) CHECK(entry->a_un.a_val != 0);
    // glibc answers AT_HWCAP on x86 from cpuid.
    if (entry->a_type != AT_IGNORE && entry->a_type != AT_HWCAP) CHECK_EQ(getauxval(entry->a_type), entry->a_un.a_val);
  }
  CHECK(count >= 14);

  // Strings lie above the vector, packed in order: programs that rewrite their title rely on it.
  CHECK((char *)entry < argv[0]);
  for (int i = 0; i + 1 < argc; i++) CHECK(argv[i] + strlen(argv[i]) + 1 == argv[i + 1]);
  if (environ[0]) CHECK(argv[argc - 1] + strlen(argv[argc - 1]) + 1 == environ[0]);
  for (int i = 0; environ[i] && environ[i + 1]; i++) CHECK(environ[i] + strlen(environ[i]) + 1 == environ[i + 1]);
}

static void check_image(void) {
  const ElfW(Ehdr) *header = (const void *)__ehdr_start;
  const ElfW(Phdr) *segment = (const void *)getauxval(AT_PHDR);
  CHECK_EQ(getauxval(AT_PHENT), sizeof(ElfW(Phdr)));
  CHECK_EQ(getauxval(AT_PHNUM), header->e_phnum);
  CHECK_EQ(getauxval(AT_PHDR), (uintptr_t)__ehdr_start + header->e_phoff);
  CHECK_EQ(getauxval(AT_ENTRY), (uintptr_t)_start);
  CHECK_EQ(getauxval(AT_BASE), 0);
  CHECK_EQ(getauxval(AT_FLAGS), 0);
  bool loads = false;
  for (size_t i = 0; i < header->e_phnum; i++) loads |= segment[i].p_type == PT_LOAD;
  CHECK(loads);
}

static void check_values(void) {
  const unsigned char *random = (const void *)getauxval(AT_RANDOM);
  CHECK_EQ(getauxval(AT_PAGESZ), sysconf(_SC_PAGESIZE));
  CHECK_EQ(getauxval(AT_CLKTCK), 100);
  CHECK_EQ(getauxval(AT_UID), syscall(SYS_getuid));
  CHECK_EQ(getauxval(AT_EUID), syscall(SYS_geteuid));
  CHECK_EQ(getauxval(AT_GID), syscall(SYS_getgid));
  CHECK_EQ(getauxval(AT_EGID), syscall(SYS_getegid));
  CHECK_EQ(getauxval(AT_SECURE), 0);
  REQUIRE(random);
  CHECK(memcmp(random, random + 8, 8) != 0);
  REQUIRE(getauxval(AT_EXECFN));
  CHECK(strlen((const char *)getauxval(AT_EXECFN)) > 0);
  REQUIRE(getauxval(AT_PLATFORM));
  CHECK(strcmp((const char *)getauxval(AT_PLATFORM), MACHINE) == 0);
}

// A vDSO is an ELF shared object, page aligned, with a dynamic section and symbols. It is allowed to be missing.
static void check_vdso(void) {
  const ElfW(Ehdr) *header = (const void *)getauxval(AT_SYSINFO_EHDR);
  if (!header) return;
  CHECK_EQ((uintptr_t)header % PAGE, 0);
  REQUIRE(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0);
  CHECK_EQ(header->e_ident[EI_CLASS], ELFCLASS64);
  CHECK_EQ(header->e_type, ET_DYN);
  const ElfW(Phdr) *segment = (const void *)((const char *)header + header->e_phoff);
  bool dynamic = false;
  for (size_t i = 0; i < header->e_phnum; i++) dynamic |= segment[i].p_type == PT_DYNAMIC;
  CHECK(dynamic);
}

int main(int argc, char **argv) {
  check_layout(argc, argv);
  check_image();
  check_values();
  check_vdso();
  return finish();
}
