// jail.cc: the layers of a sentry's jail, one function for each. src/jail/addon.ts has its types.

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "jail/call_filter.h"
#include "jail/every_thread.h"
#include "jail/landlock.h"
#include "jail/launcher.h"
#include "jail/namespaces.h"
#include "jail/rights.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/host_change.h"
#include "sys/thread_fds.h"

namespace hv {
namespace {

std::vector<std::string> ToStrings(const Napi::Value& value) {
  std::vector<std::string> result;
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t at = 0; at < array.Length(); at++) result.push_back(array.Get(at).ToString());
  return result;
}

// Of two lists of descriptors: what is read, and what is also written.
std::vector<FileRule> ToRules(const Napi::Value& read, const Napi::Value& written) {
  std::vector<FileRule> rules;
  const auto add = [&](const Napi::Value& list, bool is_writable) {
    const Napi::Array fds = list.As<Napi::Array>();
    for (uint32_t at = 0; at < fds.Length(); at++)
      rules.push_back({fds.Get(at).ToNumber().Int32Value(), is_writable});
  };
  add(read, false);
  add(written, true);
  return rules;
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

Napi::Value Answer(Napi::Env env, int error) { return Napi::Number::New(env, error); }

// openLauncher(): a descriptor
Napi::Value Launcher(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return Answer(info.Env(), ThreadFds::Lend(OpenLauncher())); });
}

// limitResource(name, most)
Napi::Value Resource(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const std::string name = info[0].ToString();
    const double most = std::clamp(info[1].ToNumber().DoubleValue(), 0.0, 0x1p40);
    int resource;
    if (name == "data") {
      resource = RLIMIT_DATA;
    } else if (name == "nofile") {
      resource = RLIMIT_NOFILE;
    } else if (name == "nproc") {
      resource = RLIMIT_NPROC;
    } else {
      throw std::invalid_argument("no such resource");
    }
    return Answer(info.Env(), LimitResource(resource, static_cast<uint64_t>(most)));
  });
}

// shareNoCore()
Napi::Value Core(const Napi::CallbackInfo& info) { return Answer(info.Env(), ShareNoCore()); }

// limitSpeculation()
Napi::Value Speculation(const Napi::CallbackInfo& info) {
  return Answer(info.Env(), LimitSpeculation());
}

// restrictReach(writablePaths): one that cannot be opened is reported when it is opened for the guest
Napi::Value Reach(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const int version = LandlockVersion();
    others = EveryThread().Others();
    if (!builder) builder.emplace();
    std::vector<Fd> directories;
    std::vector<FileRule> files;
    for (const std::string& path : ToStrings(info[0])) {
      Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (fd.get() < 0) continue;
      files.push_back({fd.get(), true});
      directories.push_back(std::move(fd));
    }
    return Answer(info.Env(), version < 0 ? -version : RestrictReach(version, files));
  });
}

// restrictFiles(fds, writableFds)
Napi::Value Files(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const std::vector<FileRule> rules = ToRules(info[0], info[1]);
    const int version = LandlockVersion();
    return Answer(info.Env(),
                  version < 0 ? -version : RestrictFiles(Threads(), version, rules, others));
  });
}

// enterNamespaces(directories, fds, writableFds): errors by name
Napi::Value Namespaces(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    if (!builder) builder.emplace();
    const std::vector<std::string> shown = ToStrings(info[0]);
    const std::vector<FileRule> files = ToRules(info[1], info[2]);
    EveryThread& all = Threads();
    std::vector<Namespace> entered;
    builder->Run([&] { entered = EnterNamespaces(all, shown, files); });
    builder.reset();
    Napi::Object result = Napi::Object::New(info.Env());
    for (const Namespace& each : entered) result.Set(each.name, Answer(info.Env(), each.error));
    return result;
  });
}

// giveUpRights(capabilities, uid?, gid?)
Napi::Value Rights(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    uint64_t keep = 0;
    const Napi::Array numbers = info[0].As<Napi::Array>();
    for (uint32_t at = 0; at < numbers.Length(); at++)
      keep |= uint64_t{1} << (numbers.Get(at).ToNumber().Uint32Value() & 63);
    std::optional<Identity> identity;
    if (info[1].IsNumber())
      identity = {info[1].ToNumber().Uint32Value(), info[2].ToNumber().Uint32Value()};
    const int error = GiveUpRights(Threads(), keep, identity);
    threads.reset();
    return Answer(info.Env(), error);
  });
}

Changes ToChanges(const std::string& name) {
  if (name == "none") return Changes::kNone;
  if (name == "through open files") return Changes::kThroughOpenFiles;
  if (name == "any") return Changes::kAny;
  throw std::invalid_argument("no such changes");
}

// filterCalls(caller, hasTerminal, isUndecided, accepts, dumps, changes)
Napi::Value Filter(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const std::string name = info[0].ToString();
    Caller caller;
    if (name == "kvm") {
      caller = Caller::kKvm;
    } else if (name == "ptrace") {
      caller = Caller::kPtrace;
    } else if (name == "machine") {
      caller = Caller::kMachine;
    } else if (name == "kernel") {
      caller = Caller::kKernel;
    } else {
      throw std::invalid_argument("no such caller");
    }
    const Changes changes = ToChanges(info[5].ToString());
    MayChangeByPath() = changes == Changes::kAny;
    return Answer(info.Env(), FilterCalls({caller, info[1].ToBoolean(), info[2].ToBoolean(),
                                           info[3].ToBoolean(), info[4].ToBoolean(), changes}));
  });
}

}  // namespace

void ExportJail(Napi::Env env, Napi::Object exports) {
  exports.Set("openLauncher", Napi::Function::New(env, Launcher));
  exports.Set("limitResource", Napi::Function::New(env, Resource));
  exports.Set("shareNoCore", Napi::Function::New(env, Core));
  exports.Set("limitSpeculation", Napi::Function::New(env, Speculation));
  exports.Set("restrictReach", Napi::Function::New(env, Reach));
  exports.Set("restrictFiles", Napi::Function::New(env, Files));
  exports.Set("enterNamespaces", Napi::Function::New(env, Namespaces));
  exports.Set("giveUpRights", Napi::Function::New(env, Rights));
  exports.Set("filterCalls", Napi::Function::New(env, Filter));
}

}  // namespace hv
