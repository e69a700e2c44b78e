// ptrace.cc: the ptrace platform's objects for JavaScript: Tracer, TracedSpace and TracedContext. src/platform/ptrace/addon.ts
// has their types.

#include <unistd.h>

#include <cstddef>
#include <span>

#include "napi/context.h"
#include "napi/exports.h"
#include "napi/region_buffer.h"
#include "ptrace/traced_context.h"
#include "shim/stub.h"
#include "sys/cpu_pin.h"

namespace hv {
namespace {

// new Tracer(memoryBytes, cpus = 1): the MemoryFile of programs, and the thread that traces them.
class TracerObject : public OwnerObject<TracerObject, Tracer> {
 public:
  static constexpr const char* kName = "the tracer";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Tracer",
        {Method<&TracerObject::ShowMemory>("showMemory"), Getter<&Tracer::is_crowded>("isCrowded"),
         Method<&TracerObject::BecomeTarget>("becomeTarget"), Method<&Tracer::WaitAny>("waitAny"),
         Method<&Tracer::OpenGate>("openGate"), Method<&Tracer::set_brief_ns>("setBriefNs"),
         Method<&Tracer::Spread>("spread"), Method<Release>("release"),
         Method<&TracerObject::Dispose>("dispose")});
  }

  explicit TracerObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      // A guest's page is a page of the host: nothing smaller can be mapped into a process.
      if (::sysconf(_SC_PAGESIZE) != 4096)
        throw std::system_error(EOPNOTSUPP, std::generic_category(), "pages of the host");
      auto memory =
          std::make_shared<SharedMemory>(SharedMemory::OfFile("hv-guest", ToSize(info[0])));
      memory_ = RegionBuffer(memory);
      pin_ = std::make_unique<CpuPin>();
      const uint32_t cpus = info[1].IsNumber() ? info[1].ToNumber().Uint32Value() : 1;
      owned_ = std::make_shared<Tracer>(std::move(memory), cpus, pin_->Others());
    });
  }
  ~TracerObject() override { Free(); }

 private:
  Napi::Value ShowMemory(uint64_t bytes) { return memory_.Show(Env(), bytes); }

  // Makes the watcher interrupt whatever runs.
  void BecomeTarget(std::shared_ptr<Watcher> watcher) {
    watcher_ = std::move(watcher);
    watcher_->SetTarget(this, [tracer = Get().get()] { tracer->Kick(); });
  }

  static void Release(Tracer& tracer, uint64_t offset, uint64_t length) {
    tracer.memory().Release(offset, length);
  }

  void Dispose() {
    memory_.Detach();
    Free();
    pin_.reset();
  }

  void Free() {
    if (watcher_ != nullptr) watcher_->ClearTarget(this);
    watcher_.reset();
    if (owned_ != nullptr) owned_->Close();
    owned_.reset();
  }

  std::shared_ptr<Watcher> watcher_;
  std::unique_ptr<CpuPin> pin_;
  RegionBuffer memory_;
};

// new TracedSpace(): it has none until `open`.
class TracedSpaceObject : public OwnerObject<TracedSpaceObject, TracedSpace> {
 public:
  static constexpr const char* kName = "the address space";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "TracedSpace",
        {Method<&TracedSpaceObject::Open>("open"),
         Getter<[](Stub& stub) { return stub.leader().tracee().process(); }>("pid"),
         Method<&Stub::Set>("set"), Method<&Stub::Commit>("commit"),
         // As it is now: after the process's start, what a program begins with.
         Method<[](Stub& stub) { return stub.leader().tracee().ReadFpState(); }>("readFpState"),
         Method<&Stub::Kill>("kill"), Method<&TracedSpaceObject::Free>("dispose")});
  }

  using OwnerObject::OwnerObject;
  ~TracedSpaceObject() override { Free(); }

  Stub& Callee() const { return Get()->Get(); }

 private:
  // Of a Tracer, or a fork of another TracedSpace. Precondition: it has none, or its last one was disposed of.
  void Open(Napi::Object from, bool is_fork) {
    if (is_fork)
      owned_ = std::make_shared<TracedSpace>(*TracedSpaceObject::Unwrap(from)->Get());
    else
      owned_ = std::make_shared<TracedSpace>(TracerObject::Unwrap(from)->Get());
  }

  void Free() {
    if (owned_ != nullptr) owned_->Close();
    owned_.reset();
  }
};

class TracedContextObject : public ContextObject<TracedContextObject, TracedContext> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "TracedContext",
        Methods({Method<&TracedContextObject::Open>("open"), Method<SetSpace>("setSpace"),
                 Getter<IsAway>("isAway"), Method<&TracedContext::HasPlace>("hasPlace"),
                 Method<Poll>("poll"), Method<&TracedContext::Halt>("halt"),
                 Method<&TracedContext::Deafen>("deafen"), Method<&TracedContext::Rest>("rest"),
                 Method<&TracedContext::CacheResults>("cacheResults"), Method<Start>("start"),
                 Method<Preempt>("preempt"), Method<&TracedContext::Explain>("explain")}));
  }

  // new TracedContext(): it has none until `open`.
  explicit TracedContextObject(const Napi::CallbackInfo& info) : ContextObject(info) {}

  ~TracedContextObject() override { Free(); }

 private:
  // Precondition: as for spaces.
  void Open(std::shared_ptr<Watcher> watcher, std::vector<uint8_t> fp_state, Napi::Object tracer) {
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(Env(), sizeof(TrapWords));
    words_ = Napi::Persistent(buffer);
    // SAFETY: the persistent reference keeps the buffer, and it does not move.
    auto* words = new (buffer.Data()) TrapWords();
    Own(std::make_unique<TracedContext>(TracerObject::Unwrap(tracer)->Get(), *words,
                                        std::move(fp_state)),
        std::move(watcher));
    Value().Set("words", buffer);
    Value().Set("recordOffset", offsetof(TrapWords, record));
  }

  static void SetSpace(TracedContext& context, Napi::Object space) {
    context.SetSpace(TracedSpaceObject::Unwrap(space)->Get());
  }

  static bool IsAway(TracedContext& context) {
    const StubThread* thread = context.thread();
    return thread != nullptr && thread->is_away;
  }

  static void Poll(TracedContext& context, uint32_t spin, uint32_t answer, uint32_t per_stop) {
    context.Poll({spin, answer, std::max<uint32_t>(1, per_stop)});
  }

  static void Start(TracedContext& context) { Record(context, context.Start()); }

  static void Preempt(TracedContext& context) { Record(context, context.Preempt()); }

  static void Record(TracedContext& context, Trap trap) {
    context.record().stopped = static_cast<uint32_t>(trap);
  }

  Napi::Reference<Napi::ArrayBuffer> words_;
};

// The stub's own pages, as triples of start, end and protection.
Napi::Array StubMappings(Napi::Env env) {
  const auto home = static_cast<double>(arch::StubAddress());
  const double words[] = {home + HV_STUB_CODE,   home + HV_STUB_CALLS,  PROT_READ | PROT_EXEC,
                          home + HV_STUB_CALLS,  home + HV_STUB_STACKS, PROT_READ,
                          home + HV_STUB_STACKS, home + HV_STUB_BYTES,  PROT_READ | PROT_WRITE};
  return ToArray(env, std::span(words), [&](double word) { return ToJs(env, word); });
}

}  // namespace

void ExportPtrace(Napi::Env env, Napi::Object exports) {
  exports.Set("Tracer", TracerObject::Define(env));
  exports.Set("TracedSpace", TracedSpaceObject::Define(env));
  exports.Set("TracedContext", TracedContextObject::Define(env));
  // These are functions because arm64 probes where addresses end.
  Export<arch::StubAddress>(exports, "tracedUserTop");
  Export<StubMappings>(exports, "stubMappings");
}

}  // namespace hv
