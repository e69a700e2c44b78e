// ptrace.cc: the ptrace platform's objects for JavaScript: Tracer, TracedSpace and TracedContext. src/platform/ptrace/addon.ts
// has their types.

#include <unistd.h>

#include <cstddef>

#include "napi/context.h"
#include "napi/exports.h"
#include "napi/guard.h"
#include "napi/region_buffer.h"
#include "napi/size.h"
#include "napi/watcher.h"
#include "ptrace/traced_context.h"
#include "shim/stub.h"
#include "sys/cpu_pin.h"

namespace hv {
namespace {

// The MemoryFile of programs, and the thread that traces them.
class TracerObject : public Napi::ObjectWrap<TracerObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Tracer",
                       {InstanceAccessor<&TracerObject::Buffer>("memory"),
                        InstanceMethod<&TracerObject::Release>("release"),
                        InstanceMethod<&TracerObject::Dispose>("dispose")});
  }

  explicit TracerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TracerObject>(info) {
    Guard(info.Env(), [&] {
      // A page of a guest is one of the host's: nothing smaller can be mapped into a process.
      if (::sysconf(_SC_PAGESIZE) != 4096)
        throw std::system_error(EOPNOTSUPP, std::generic_category(), "pages of the host");
      memory_ = std::make_shared<SharedMemory>(SharedMemory::OfFile("hv-guest", ToSize(info[0])));
      buffer_ = RegionBuffer(info.Env(), memory_);
      pin_ = std::make_unique<CpuPin>();
    });
  }

  // Throws when it was disposed.
  SharedMemory& memory() const {
    if (memory_ == nullptr) throw std::invalid_argument("the tracer is disposed");
    return *memory_;
  }

 private:
  Napi::Value Buffer(const Napi::CallbackInfo& info) { return buffer_.Value(info.Env()); }

  void Release(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { memory().Release(ToSize(info[0]), ToSize(info[1])); });
  }

  void Dispose(const Napi::CallbackInfo&) {
    buffer_.Detach();
    memory_.reset();
    pin_.reset();
  }

  std::shared_ptr<SharedMemory> memory_;
  std::unique_ptr<CpuPin> pin_;
  RegionBuffer buffer_;
};

class TracedSpaceObject : public Napi::ObjectWrap<TracedSpaceObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "TracedSpace",
                       {InstanceAccessor<&TracedSpaceObject::Pid>("pid"),
                        InstanceMethod<&TracedSpaceObject::Set>("set"),
                        InstanceMethod<&TracedSpaceObject::ReadFpState>("readFpState"),
                        InstanceMethod<&TracedSpaceObject::Dispose>("dispose")});
  }

  explicit TracedSpaceObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<TracedSpaceObject>(info) {
    Guard(info.Env(), [&] {
      stub_ = std::make_shared<Stub>(TracerObject::Unwrap(info[0].As<Napi::Object>())->memory());
    });
  }

  std::shared_ptr<Stub> Get() const {
    if (stub_ == nullptr) throw std::invalid_argument("the address space is disposed");
    return stub_;
  }

 private:
  Napi::Value Pid(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Number::New(info.Env(), Get()->tracee().pid()); });
  }

  void Set(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Get()->Set(ToSize(info[0]), ToSize(info[1]), ToSize(info[2]), ToSize(info[3]),
                 info[4].ToBoolean());
    });
  }

  // Of the process as it is now: after its start, what a program begins with.
  Napi::Value ReadFpState(const Napi::CallbackInfo& info) {
    return Guard(info.Env(),
                 [&] { return ToUint8Array(info.Env(), Get()->tracee().ReadFpState()); });
  }

  void Dispose(const Napi::CallbackInfo&) { stub_.reset(); }

  std::shared_ptr<Stub> stub_;
};

class TracedContextObject : public ContextObjectBase<TracedContextObject, TracedContext> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "TracedContext",
                       Methods({InstanceMethod<&TracedContextObject::SetSpace>("setSpace"),
                                InstanceMethod<&TracedContextObject::Explain>("explain"),
                                InstanceMethod<&TracedContextObject::Dispose>("dispose")}));
  }

  // new TracedContext(watcher, fpState)
  explicit TracedContextObject(const Napi::CallbackInfo& info) : ContextObjectBase(info) {
    Guard(info.Env(), [&] {
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), sizeof(TrapWords));
      words_ = Napi::Persistent(buffer);
      // SAFETY: the persistent reference keeps the buffer, and it does not move.
      auto* words = new (buffer.Data()) TrapWords();
      Own(std::make_unique<TracedContext>(*words, ToBytes(info[1])), UnwrapWatcher(info[0]));
      Value().Set("words", buffer);
      Value().Set("recordOffset", Napi::Number::New(info.Env(), offsetof(TrapWords, record)));
    });
  }

  ~TracedContextObject() override { Free(); }

 private:
  void SetSpace(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      watcher_->ClearTarget(this);
      Get().SetStub(TracedSpaceObject::Unwrap(info[0].As<Napi::Object>())->Get());
    });
  }

  void Explain(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Explain(); });
  }

  void Dispose(const Napi::CallbackInfo&) { Free(); }

  void Free() {
    if (context_ == nullptr) return;
    Retire();
    context_.reset();
    watcher_.reset();
  }

  Napi::Reference<Napi::ArrayBuffer> words_;
};

// The stub's own pages, as triples of start, end and protection.
Napi::Value StubMappings(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const auto home = static_cast<double>(arch::StubAddress());
    const double words[] = {home + HV_STUB_CODE,  home + HV_STUB_CALLS,     PROT_READ | PROT_EXEC,
                            home + HV_STUB_CALLS, home + HV_STUB_STACK,     PROT_READ,
                            home + HV_STUB_STACK, home + HV_STUB_STACK_END, PROT_READ | PROT_WRITE};
    Napi::Array out = Napi::Array::New(info.Env());
    for (double word : words) out.Set(out.Length(), Napi::Number::New(info.Env(), word));
    return out;
  });
}

}  // namespace

void ExportPtrace(Napi::Env env, Napi::Object exports) {
  exports.Set("Tracer", TracerObject::Define(env));
  exports.Set("TracedSpace", TracedSpaceObject::Define(env));
  exports.Set("TracedContext", TracedContextObject::Define(env));
  // Functions, as arm64 probes where addresses end.
  exports.Set("tracedUserTop", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                return Guard(info.Env(), [&] {
                  return Napi::Number::New(info.Env(), static_cast<double>(arch::StubAddress()));
                });
              }));
  exports.Set("stubMappings", Napi::Function::New(env, StubMappings));
}

}  // namespace hv
