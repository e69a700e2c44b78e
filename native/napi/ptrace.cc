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

// new Tracer(memoryBytes, cpus = 1): the MemoryFile of programs, and the thread that traces them.
class TracerObject : public Napi::ObjectWrap<TracerObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Tracer",
                       {InstanceMethod<&TracerObject::ShowMemory>("showMemory"),
                        InstanceAccessor<&TracerObject::IsCrowded>("isCrowded"),
                        InstanceMethod<&TracerObject::BecomeTarget>("becomeTarget"),
                        InstanceMethod<&TracerObject::WaitAny>("waitAny"),
                        InstanceMethod<&TracerObject::OpenGate>("openGate"),
                        InstanceMethod<&TracerObject::SetBriefNs>("setBriefNs"),
                        InstanceMethod<&TracerObject::Spread>("spread"),
                        InstanceMethod<&TracerObject::Release>("release"),
                        InstanceMethod<&TracerObject::Dispose>("dispose")});
  }

  explicit TracerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TracerObject>(info) {
    Guard(info.Env(), [&] {
      // A guest's page is a page of the host: nothing smaller can be mapped into a process.
      if (::sysconf(_SC_PAGESIZE) != 4096)
        throw std::system_error(EOPNOTSUPP, std::generic_category(), "pages of the host");
      auto memory =
          std::make_shared<SharedMemory>(SharedMemory::OfFile("hv-guest", ToSize(info[0])));
      memory_ = RegionBuffer(memory);
      pin_ = std::make_unique<CpuPin>();
      const uint32_t cpus = info[1].IsNumber() ? info[1].ToNumber().Uint32Value() : 1;
      tracer_ = std::make_shared<Tracer>(std::move(memory), cpus, pin_->Others());
    });
  }
  ~TracerObject() override { Free(); }

  // Throws when it was disposed.
  std::shared_ptr<Tracer> Get() const {
    if (tracer_ == nullptr) throw std::invalid_argument("the tracer is disposed");
    return tracer_;
  }

 private:
  // showMemory(bytes)
  Napi::Value ShowMemory(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return memory_.Show(info.Env(), ToSize(info[0])); });
  }

  Napi::Value IsCrowded(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] { return Napi::Boolean::New(info.Env(), Get()->is_crowded()); });
  }

  // Makes the watcher interrupt whatever runs.
  void BecomeTarget(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      watcher_ = UnwrapWatcher(info[0]);
      watcher_->SetTarget(this, [tracer = Get().get()] { tracer->Kick(); });
    });
  }

  void WaitAny(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->WaitAny(); });
  }

  Napi::Value OpenGate(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      return Napi::Number::New(info.Env(), static_cast<double>(Get()->OpenGate()));
    });
  }

  void SetBriefNs(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->set_brief_ns(info[0].ToNumber().Int64Value()); });
  }

  // spread(manyStops: number)
  void Spread(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->Spread(info[0].ToNumber().Uint32Value()); });
  }

  void Release(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get()->memory().Release(ToSize(info[0]), ToSize(info[1])); });
  }

  void Dispose(const Napi::CallbackInfo&) {
    memory_.Detach();
    Free();
    pin_.reset();
  }

  void Free() {
    if (watcher_ != nullptr) watcher_->ClearTarget(this);
    watcher_.reset();
    if (tracer_ != nullptr) tracer_->Close();
    tracer_.reset();
  }

  std::shared_ptr<Tracer> tracer_;
  std::shared_ptr<Watcher> watcher_;
  std::unique_ptr<CpuPin> pin_;
  RegionBuffer memory_;
};

// new TracedSpace(): it has none until `open`.
class TracedSpaceObject : public Napi::ObjectWrap<TracedSpaceObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "TracedSpace",
                       {InstanceMethod<&TracedSpaceObject::Open>("open"),
                        InstanceAccessor<&TracedSpaceObject::Pid>("pid"),
                        InstanceMethod<&TracedSpaceObject::Set>("set"),
                        InstanceMethod<&TracedSpaceObject::Commit>("commit"),
                        InstanceMethod<&TracedSpaceObject::ReadFpState>("readFpState"),
                        InstanceMethod<&TracedSpaceObject::Kill>("kill"),
                        InstanceMethod<&TracedSpaceObject::Dispose>("dispose")});
  }

  explicit TracedSpaceObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<TracedSpaceObject>(info) {}
  ~TracedSpaceObject() override { Free(); }

  std::shared_ptr<TracedSpace> Get() const {
    if (space_ == nullptr) throw std::invalid_argument("the address space is disposed");
    return space_;
  }

 private:
  Stub& GetStub() const { return Get()->Get(); }

  // open(tracer), or open(another TracedSpace, true): a fork. Precondition: it has none, or its last one was disposed of.
  void Open(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      auto from = info[0].As<Napi::Object>();
      if (info[1].ToBoolean())
        space_ = std::make_shared<TracedSpace>(*TracedSpaceObject::Unwrap(from)->Get());
      else
        space_ = std::make_shared<TracedSpace>(TracerObject::Unwrap(from)->Get());
    });
  }

  Napi::Value Pid(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      return Napi::Number::New(info.Env(), GetStub().leader().tracee().process());
    });
  }

  void Set(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      GetStub().Set(ToSize(info[0]), ToSize(info[1]), ToSize(info[2]), ToSize(info[3]),
                    info[4].ToBoolean());
    });
  }

  void Commit(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { GetStub().Commit(); });
  }

  // The state of the process as it is now: after its start, what a program begins with.
  Napi::Value ReadFpState(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      return ToUint8Array(info.Env(), GetStub().leader().tracee().ReadFpState());
    });
  }

  void Kill(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { GetStub().Kill(); });
  }

  void Dispose(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Free(); });
  }

  void Free() {
    if (space_ != nullptr) space_->Close();
    space_.reset();
  }

  std::shared_ptr<TracedSpace> space_;
};

class TracedContextObject : public ContextObjectBase<TracedContextObject, TracedContext> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "TracedContext",
                       Methods({InstanceMethod<&TracedContextObject::Open>("open"),
                                InstanceMethod<&TracedContextObject::SetSpace>("setSpace"),
                                InstanceAccessor<&TracedContextObject::IsAway>("isAway"),
                                InstanceMethod<&TracedContextObject::HasPlace>("hasPlace"),
                                InstanceMethod<&TracedContextObject::Poll>("poll"),
                                InstanceMethod<&TracedContextObject::Halt>("halt"),
                                InstanceMethod<&TracedContextObject::Know>("know"),
                                InstanceMethod<&TracedContextObject::Start>("start"),
                                InstanceMethod<&TracedContextObject::Preempt>("preempt"),
                                InstanceMethod<&TracedContextObject::Explain>("explain")}));
  }

  // new TracedContext(): it has none until `open`.
  explicit TracedContextObject(const Napi::CallbackInfo& info) : ContextObjectBase(info) {}

  ~TracedContextObject() override { Free(); }

 private:
  // open(watcher, fpState, tracer). Precondition: as for spaces.
  void Open(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), sizeof(TrapWords));
      words_ = Napi::Persistent(buffer);
      // SAFETY: the persistent reference keeps the buffer, and it does not move.
      auto* words = new (buffer.Data()) TrapWords();
      Own(std::make_unique<TracedContext>(TracerObject::Unwrap(info[2].As<Napi::Object>())->Get(),
                                          *words, ToBytes(info[1])),
          UnwrapWatcher(info[0]));
      Value().Set("words", buffer);
      Value().Set("recordOffset", Napi::Number::New(info.Env(), offsetof(TrapWords, record)));
    });
  }

  void SetSpace(const Napi::CallbackInfo& info) {
    Guard(info.Env(),
          [&] { Get().SetSpace(TracedSpaceObject::Unwrap(info[0].As<Napi::Object>())->Get()); });
  }

  Napi::Value IsAway(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      const StubThread* thread = Get().thread();
      return Napi::Boolean::New(info.Env(), thread != nullptr && thread->is_away);
    });
  }

  Napi::Value HasPlace(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      return Napi::Boolean::New(
          info.Env(), Get().HasPlace(info[0].ToNumber().Uint32Value(), info[1].ToBoolean()));
    });
  }

  // poll(spin: number, answer: number, perStop: number)
  void Poll(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      auto count = [&](size_t i) { return info[i].ToNumber().Uint32Value(); };
      Get().Poll({count(0), count(1), std::max<uint32_t>(1, count(2))});
    });
  }

  // know(results: Uint32Array)
  void Know(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Know(ToWords(info[0])); });
  }

  void Halt(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Halt(); });
  }

  void Start(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Record(Get().Start()); });
  }

  void Preempt(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Record(Get().Preempt()); });
  }

  void Record(Trap trap) { Get().record().stopped = static_cast<uint32_t>(trap); }

  void Explain(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { Get().Explain(); });
  }

  Napi::Reference<Napi::ArrayBuffer> words_;
};

// The stub's own pages, as triples of start, end and protection.
Napi::Value StubMappings(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const auto home = static_cast<double>(arch::StubAddress());
    const double words[] = {home + HV_STUB_CODE,   home + HV_STUB_CALLS,  PROT_READ | PROT_EXEC,
                            home + HV_STUB_CALLS,  home + HV_STUB_STACKS, PROT_READ,
                            home + HV_STUB_STACKS, home + HV_STUB_BYTES,  PROT_READ | PROT_WRITE};
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
  // These are functions because arm64 probes where addresses end.
  exports.Set("tracedUserTop", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                return Guard(info.Env(), [&] {
                  return Napi::Number::New(info.Env(), static_cast<double>(arch::StubAddress()));
                });
              }));
  exports.Set("stubMappings", Napi::Function::New(env, StubMappings));
}

}  // namespace hv
