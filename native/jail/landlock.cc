// landlock.cc: makes rulesets, and enforces them on each thread. The numbers are from linux/landlock.h, which older hosts lack.

#include "jail/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "sys/fd.h"
#include "sys/kernel_file_system.h"

namespace hv {
namespace {

// The same on all architectures.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;

struct RulesetAttributes {
  uint64_t files;
  uint64_t net;
  uint64_t scopes;
};
struct [[gnu::packed]] PathBeneath {
  uint64_t allowed;
  int32_t parent_fd;
};
constexpr int kPathBeneath = 1;
constexpr unsigned kAskVersion = 1, kAskErrata = 2;

constexpr uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2,
                   kReadDirectory = 1 << 3, kMakeCharacterDevice = 1 << 6,
                   kMakeBlockDevice = 1 << 11, kRefer = 1 << 13, kTruncate = 1 << 14,
                   kIoctlDevice = 1 << 15;
// The access rights to files that each version knows: all bits below this one.
constexpr int kFileBits[] = {13, 14, 15, 15, 16};
constexpr uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr uint64_t kNever = kExecute | kMakeCharacterDevice | kMakeBlockDevice | kIoctlDevice;
constexpr uint64_t kBindTcp = 1 << 0, kConnectTcp = 1 << 1;
constexpr int kVersionOfTcp = 4, kVersionOfScopes = 6;
constexpr uint64_t kAbstractSockets = 1 << 0, kSignals = 1 << 1;
// Erratum 2: on kernels without it a thread may not signal another thread of the same process.
constexpr long kSignalsWithinProcess = 1 << 1;

uint64_t FilesOf(int version) {
  const int newest = static_cast<int>(std::size(kFileBits));
  return (uint64_t{1} << kFileBits[(version < newest ? version : newest) - 1]) - 1;
}

int Create(const RulesetAttributes& attributes) {
  // An older kernel accepts a longer structure if the part that it does not know is 0.
  return static_cast<int>(::syscall(kCreateRuleset, &attributes, sizeof(attributes), 0));
}

int Restrict(int ruleset) {
  // Without it only administrators may do the rest.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::syscall(kRestrictSelf, ruleset, 0) == 0 ? 0 : errno;
}

struct Rulesets {
  int files;
  int reach;
  const Others& others;
};

int RestrictThread(const void* argument) {
  const Rulesets& rulesets = *static_cast<const Rulesets*>(argument);
  const pid_t self = static_cast<pid_t>(::syscall(SYS_gettid));
  if (rulesets.reach >= 0 && rulesets.others.contains(self))
    if (const int error = Restrict(rulesets.reach); error != 0) return error;
  return Restrict(rulesets.files);
}

int Add(const Fd& ruleset, const FileRule& rule, uint64_t known) {
  const int64_t mode = ModeOf(rule.fd, "");
  if (mode < 0) return errno;
  uint64_t allowed = rule.is_writable ? known & ~kNever : kReadFile | kReadDirectory;
  if (!S_ISDIR(mode)) allowed &= kOfFiles;
  const PathBeneath beneath = {allowed & known, rule.fd};
  return ::syscall(kAddRule, ruleset.get(), kPathBeneath, &beneath, 0) == 0 ? 0 : errno;
}

// Lets names be moved between directories beneath this one. The rule hangs on the directory itself, in whatever mount it is later found.
bool AllowMoves(const Fd& ruleset, int directory) {
  const PathBeneath beneath = {kRefer, directory};
  return ::syscall(kAddRule, ruleset.get(), kPathBeneath, &beneath, 0) == 0;
}

// Returns a negative descriptor and sets errno if the host has no such thing.
Fd CreateReach(int version, const std::vector<FileRule>& files) {
  RulesetAttributes attributes = {};
  if (version >= kVersionOfTcp) attributes.net = kBindTcp | kConnectTcp;
  if (version >= kVersionOfScopes) {
    attributes.scopes = kAbstractSockets;
    const long errata = ::syscall(kCreateRuleset, nullptr, 0, kAskErrata);
    if (errata > 0 && (errata & kSignalsWithinProcess)) attributes.scopes |= kSignals;
  }
  // A ruleset must handle something.
  if (attributes.net == 0) {
    errno = EOPNOTSUPP;
    return Fd();
  }
  // Every ruleset forbids moving names between directories, except where it says otherwise.
  attributes.files = kRefer;
  Fd ruleset(Create(attributes));
  const Fd top(::open("/", O_PATH | O_CLOEXEC));
  if (ruleset.get() >= 0 && !AllowMoves(ruleset, top.get())) return Fd();
  // What has a mount of its own no longer lies beneath `/`: own_mount.h.
  for (const FileRule& file : files)
    if (ruleset.get() >= 0 && file.is_writable && S_ISDIR(ModeOf(file.fd, "")) &&
        !AllowMoves(ruleset, file.fd))
      return Fd();
  return ruleset;
}

}  // namespace

int LandlockVersion() {
  const long version = ::syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version < 0 ? -errno : static_cast<int>(version);
}

int RestrictReach(int version, const std::vector<FileRule>& files) {
  const Fd ruleset = CreateReach(version, files);
  return ruleset.get() < 0 ? errno : Restrict(ruleset.get());
}

int RestrictFiles(EveryThread& threads, int version, const std::vector<FileRule>& rules,
                  const Others& others) {
  const uint64_t known = FilesOf(version);
  const Fd ruleset(Create({known, 0, 0}));
  if (ruleset.get() < 0) return errno;
  for (const FileRule& rule : rules)
    if (const int error = Add(ruleset, rule, known); error != 0) return error;
  const Fd reach = CreateReach(version, rules);
  const Rulesets rulesets = {ruleset.get(), reach.get(), others};
  return threads.Do(RestrictThread, &rulesets);
}

}  // namespace hv
