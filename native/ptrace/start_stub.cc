// start_stub.cc: a child that gives up what it has of this process, asks to be traced and executes the stub's image.

#include "ptrace/start_stub.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "arch/tracee.h"
#include "shim/stub.h"
#include "sys/ioctl.h"
#include "sys/thread.h"

// shim/*/stub.S
extern "C" const uint8_t hv_stub_code[], hv_stub_handler[], hv_stub_code_end[];

namespace hv {
namespace {

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

constexpr int kNamespaces =
    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP;
// From the most to the least: in a user namespace any user may have the others; some hosts forbid them all. A process that may change
// its user has to do so before it is in a user namespace, where there is no other user to become: it enters that one later.
// The last is for Yama's scope 2, which asks for power over the tracee's user namespace.
constexpr std::initializer_list<int> kTries = {CLONE_NEWUSER | kNamespaces, kNamespaces, 0};
constexpr std::initializer_list<int> kTriesWithIdentity = {kNamespaces, 0,
                                                           CLONE_NEWUSER | kNamespaces};
// The id of "nobody" on every distribution: the kernel's overflowuid.
constexpr long kUnprivilegedId = 65534;

// The start of the ELF file: one segment, the code and the calls.
struct Header {
  Elf64_Ehdr file;
  Elf64_Phdr segment;
};
constexpr uint64_t kCodeOffset = sizeof(Header);

void WriteImage(uint8_t* image) {
  Header header = {};
  std::memcpy(header.file.e_ident, ELFMAG, SELFMAG);
  header.file.e_ident[EI_CLASS] = ELFCLASS64;
  header.file.e_ident[EI_DATA] = ELFDATA2LSB;
  header.file.e_ident[EI_VERSION] = EV_CURRENT;
  header.file.e_type = ET_EXEC;
  header.file.e_machine = arch::kElfMachine;
  header.file.e_version = EV_CURRENT;
  header.file.e_entry = kFirstStubAddress + kCodeOffset + (hv_stub_handler - hv_stub_code);
  header.file.e_phoff = offsetof(Header, segment);
  header.file.e_ehsize = sizeof(Elf64_Ehdr);
  header.file.e_phentsize = sizeof(Elf64_Phdr);
  header.file.e_phnum = 1;
  header.segment.p_type = PT_LOAD;
  header.segment.p_flags = PF_R | PF_X;
  header.segment.p_vaddr = kFirstStubAddress;
  header.segment.p_filesz = header.segment.p_memsz = HV_STUB_IMAGE_BYTES;
  header.segment.p_align = HV_STUB_CALLS;
  std::memcpy(image, &header, sizeof(header));
  std::memcpy(image + kCodeOffset, hv_stub_code,
              static_cast<size_t>(hv_stub_code_end - hv_stub_code));
}

// What parent and child share: they have one memory until the child executes the image.
struct Start {
  int image;
  int memory;
  int namespaces;
  bool drops_identity;
  const char* failed;
  int error;
};

bool Try(Start& start, long result, const char* what) {
  if (result >= 0) return true;
  start.failed = what;
  start.error = errno;
  return false;
}

// Leaves only the stub's two descriptors open.
bool CloseOthers(Start& start) {
  // Moves them out of the way of the numbers that they are to have.
  int image = ::fcntl(start.image, F_DUPFD, 3);
  int memory = ::fcntl(start.memory, F_DUPFD, 3);
  if (!Try(start, std::min(image, memory), "dup")) return false;
  if (!Try(start, ::dup2(memory, kStubMemoryFd), "dup2")) return false;
  if (!Try(start, ::dup2(image, kStubImageFd), "dup2")) return false;
  if (::syscall(SYS_close_range, kStubImageFd + 1, ~0u, 0) == 0) return true;
  // Before Linux 5.9.
  rlimit limit;
  if (!Try(start, ::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit")) return false;
  for (rlim_t fd = kStubImageFd + 1; fd < limit.rlim_cur; fd++) ::close(static_cast<int>(fd));
  return true;
}

// As far as this host allows: a user namespace may know no such user, or forbid setgroups(2). Not with the C library's calls, which
// would change all threads of the parent.
void DropIdentity() {
  ::syscall(SYS_setgroups, 0, nullptr);
  ::syscall(SYS_setresgid, kUnprivilegedId, kUnprivilegedId, kUnprivilegedId);
  ::syscall(SYS_setresuid, kUnprivilegedId, kUnprivilegedId, kUnprivilegedId);
}

// Drops all of them, including those of its user namespace. execve(2) gives none back to a process that may gain no privileges; the
// bounding set is emptied where that is allowed.
bool DropCapabilities(Start& start) {
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return Try(start, ::syscall(SYS_capset, &header, none), "capset");
}

bool DropPrivileges(Start& start) {
  if (!Try(start, ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")) return false;
  if (start.drops_identity) DropIdentity();
  if (!(start.namespaces & CLONE_NEWUSER))
    ::unshare(CLONE_NEWUSER | (start.namespaces == 0 ? kNamespaces : 0));
  return DropCapabilities(start);
}

// Runs in the parent's memory: it makes only system calls. Signals are blocked: one that stopped it here would stop both. It is
// traced first, while it has the parent's rights: a parent without CAP_SYS_PTRACE may not trace others. What it gives up later
// undoes PR_SET_PDEATHSIG.
int Child(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  const rlimit no_core = {};
  bool ready = Try(start, ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr), "PTRACE_TRACEME") &&
               DropPrivileges(start) &&
               Try(start, ::prctl(PR_SET_PDEATHSIG, SIGKILL), "PR_SET_PDEATHSIG") &&
               Try(start, ::setrlimit(RLIMIT_CORE, &no_core), "setrlimit") && CloseOthers(start);
  if (!ready) ::_exit(1);
  ::setsid();
  char name[] = "hv-guest";
  char* arguments[] = {name, nullptr};
  char* environment[] = {nullptr};
  Try(start, ::syscall(SYS_execveat, kStubImageFd, "", arguments, environment, AT_EMPTY_PATH),
      "execveat");
  ::_exit(1);
}

// CAP_KILL allows kicking and killing another user's process.
bool MaySignalOthers() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {};
  return ::syscall(SYS_capget, &header, has) == 0 && (has[0].effective >> CAP_KILL & 1) != 0;
}

}  // namespace

SharedMemory CreateStubImage() {
  SharedMemory image =
      SharedMemory::OfFile(ExecutableFile("hv-stub", MFD_CLOEXEC), HV_STUB_IMAGE_BYTES);
  WriteImage(image.mapping.data());
  return image;
}

uint64_t StubOffset(const uint8_t* label) {
  return HV_STUB_CODE + kCodeOffset + static_cast<uint64_t>(label - hv_stub_code);
}

pid_t StartStub(const SharedMemory& image, const SharedMemory& memory_file) {
  Start start = {};
  constexpr size_t kStackBytes = 64 << 10;
  Mapping stack(kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0,
                "mmap");
  const bool drops_identity = MaySignalOthers();
  for (int namespaces : drops_identity ? kTriesWithIdentity : kTries) {
    start = {image.file.get(), memory_file.file.get(), namespaces, drops_identity, nullptr, 0};
    // CLONE_UNTRACED: we trace it ourselves, even if this process is traced (strace -f).
    // SAFETY: the child has a stack of its own, and this thread sleeps until it executes or ends.
    pid_t pid;
    {
      BlockedSignals blocked;
      pid = ::clone(Child, stack.data() + kStackBytes,
                    CLONE_VM | CLONE_VFORK | CLONE_UNTRACED | SIGCHLD | namespaces, &start);
      Try(start, pid, "clone");
    }
    if (start.failed == nullptr) return pid;
    while (pid > 0 && ::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  throw std::system_error(start.error, std::generic_category(), start.failed);
}

}  // namespace hv
