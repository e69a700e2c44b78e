// check.cc: what `hv check` asks /dev/kvm: can it be opened, which API, which capabilities, does it make a VM.

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string>
#include <vector>

#include "napi/exports.h"
#include "napi/guard.h"
#include "sys/fd.h"

namespace hv {
namespace {

// An errno is 0 when the call succeeded or was not reached. Nothing throws: a refusal is the finding.
struct KvmProbe {
  int open_errno = 0;
  int api_version = -1;
  int create_vm_errno = 0;
  std::vector<int> extensions;
};

KvmProbe ProbeKvm(const std::string& path, const std::vector<int>& capabilities) {
  KvmProbe probe;
  Fd kvm(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (kvm.get() < 0) {
    probe.open_errno = errno;
    return probe;
  }
  probe.api_version = ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0);
  for (int capability : capabilities) {
    int value = ::ioctl(kvm.get(), KVM_CHECK_EXTENSION, capability);
    probe.extensions.push_back(value < 0 ? 0 : value);
  }
  Fd vm(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
  if (vm.get() < 0) probe.create_vm_errno = errno;
  return probe;
}

// probeKvm(path: string, capabilities: number[]): KvmProbe of src/check/addon.ts.
Napi::Value JsProbeKvm(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  return Guard(env, [&]() -> Napi::Value {
    if (info.Length() < 2 || !info[0].IsString() || !info[1].IsArray()) {
      throw std::invalid_argument("probeKvm takes a path and an array of capability numbers");
    }
    Napi::Array asked = info[1].As<Napi::Array>();
    std::vector<int> capabilities;
    for (uint32_t i = 0; i < asked.Length(); i++) {
      capabilities.push_back(asked.Get(i).ToNumber().Int32Value());
    }

    KvmProbe probe = ProbeKvm(info[0].As<Napi::String>().Utf8Value(), capabilities);
    Napi::Array extensions = Napi::Array::New(env, probe.extensions.size());
    for (uint32_t i = 0; i < probe.extensions.size(); i++) {
      extensions.Set(i, Napi::Number::New(env, probe.extensions[i]));
    }
    Napi::Object record = Napi::Object::New(env);
    record.Set("openErrno", Napi::Number::New(env, probe.open_errno));
    record.Set("apiVersion", Napi::Number::New(env, probe.api_version));
    record.Set("createVmErrno", Napi::Number::New(env, probe.create_vm_errno));
    record.Set("extensions", extensions);
    return record;
  });
}

}  // namespace

void ExportCheck(Napi::Env env, Napi::Object exports) {
  exports.Set("probeKvm", Napi::Function::New(env, JsProbeKvm, "probeKvm"));
}

}  // namespace hv
