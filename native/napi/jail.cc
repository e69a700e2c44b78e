// jail.cc: the layers of a sentry's jail, one function for each. src/jail/addon.ts has its types.

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "jail/call_filter.h"
#include "jail/every_thread.h"
#include "jail/landlock.h"
#include "jail/namespaces.h"
#include "jail/rights.h"
#include "napi/bind.h"
#include "napi/exports.h"
#include "napi/host_change.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

// Of two lists of descriptors: what is read, and what is also written.
std::vector<FileRule> ToRules(const std::vector<int>& read, const std::vector<int>& written) {
  std::vector<FileRule> rules;
  for (int fd : read) rules.push_back({fd, false});
  for (int fd : written) rules.push_back({fd, true});
  return rules;
}

// What `names` has under the name.
template <typename Named>
Named ByName(std::initializer_list<std::pair<const char*, Named>> names, const std::string& name) {
  for (const auto& [known, named] : names)
    if (name == known) return named;
  throw std::invalid_argument("it has no " + name);
}

// Its descriptor is of procfs, from which all of the host's files can be reached: it is closed with the last right that is given up.
std::optional<EveryThread> threads;

std::optional<Builder> builder;
// Threads whose reach is not restricted yet.
Others others;

EveryThread& Threads() {
  if (!threads) threads.emplace();
  return *threads;
}

int Launcher() { return ThreadFds::Lend(OpenLauncher()); }

int Resource(const std::string& name, double most) {
  const int resource = ByName<int>(
      {{"data", RLIMIT_DATA}, {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}}, name);
  return LimitResource(resource, static_cast<uint64_t>(std::clamp(most, 0.0, 0x1p40)));
}

// A path that cannot be opened is reported when it is opened for the guest.
int Reach(const std::vector<std::string>& writable_paths) {
  const int version = LandlockVersion();
  others = EveryThread().Others();
  if (!builder) builder.emplace();
  std::vector<Fd> directories;
  std::vector<FileRule> files;
  for (const std::string& path : writable_paths) {
    Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) continue;
    files.push_back({fd.get(), true});
    directories.push_back(std::move(fd));
  }
  return version < 0 ? -version : RestrictReach(version, files);
}

int Files(const std::vector<int>& fds, const std::vector<int>& writable_fds) {
  const std::vector<FileRule> rules = ToRules(fds, writable_fds);
  const int version = LandlockVersion();
  return version < 0 ? -version : RestrictFiles(Threads(), version, rules, others);
}

// Errors by name.
Napi::Object Namespaces(const std::vector<std::string>& shown, const std::vector<int>& fds,
                        const std::vector<int>& writable_fds, Napi::Env env) {
  if (!builder) builder.emplace();
  const std::vector<FileRule> files = ToRules(fds, writable_fds);
  EveryThread& all = Threads();
  std::vector<Namespace> entered;
  builder->Run([&] { entered = EnterNamespaces(all, shown, files); });
  builder.reset();
  Napi::Object result = Napi::Object::New(env);
  for (const Namespace& each : entered) result.Set(each.name, each.error);
  return result;
}

// `uid`: of what the process becomes, or undefined.
int Rights(const std::vector<uint32_t>& capabilities, Napi::Value uid, Napi::Value gid) {
  uint64_t keep = 0;
  for (uint32_t number : capabilities) keep |= uint64_t{1} << (number & 63);
  std::optional<Identity> identity;
  if (uid.IsNumber()) identity = {FromJs<uint32_t>(uid), FromJs<uint32_t>(gid)};
  const int error = GiveUpRights(Threads(), keep, identity);
  threads.reset();
  return error;
}

int Filter(const std::string& caller_name, bool has_children, bool is_undecided, bool accepts,
           bool dumps, const std::string& changes_name) {
  const Caller caller = ByName<Caller>({{"kvm", Caller::kKvm},
                                        {"ptrace", Caller::kPtrace},
                                        {"machine", Caller::kMachine},
                                        {"kernel", Caller::kKernel}},
                                       caller_name);
  const Changes changes = ByName<Changes>({{"none", Changes::kNone},
                                           {"through open files", Changes::kThroughOpenFiles},
                                           {"any", Changes::kAny}},
                                          changes_name);
  MayChangeByPath() = changes == Changes::kAny;
  return FilterCalls({caller, has_children, is_undecided, accepts, dumps, changes});
}

}  // namespace

void ExportJail(Napi::Env, Napi::Object exports) {
  Export<Launcher>(exports, "openLauncher");
  Export<Resource>(exports, "limitResource");
  Export<ShareNoCore>(exports, "shareNoCore");
  Export<LimitSpeculation>(exports, "limitSpeculation");
  Export<Reach>(exports, "restrictReach");
  Export<Files>(exports, "restrictFiles");
  Export<Namespaces>(exports, "enterNamespaces");
  Export<Rights>(exports, "giveUpRights");
  Export<Filter>(exports, "filterCalls");
}

}  // namespace hv
