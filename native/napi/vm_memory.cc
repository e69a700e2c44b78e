// vm_memory.cc: a memory slot of a VM for JavaScript. src/vm/addon.ts has its type.

#include <linux/kvm.h>
#include <sys/mman.h>

#include <cstring>

#include "arch/arch.h"
#include "napi/exports.h"
#include "napi/objects.h"
#include "napi/region_buffer.h"

namespace hv {
namespace {

SharedMemory MemoryOf(size_t size, int file, off_t offset, bool writable) {
  if (file < 0) return SharedMemory::Anonymous(size);
  // What the host stores into memory that the guest can only read stays in this process.
  int sharing = writable ? MAP_SHARED : MAP_PRIVATE;
  return {Mapping(size, PROT_READ | PROT_WRITE, sharing | MAP_NORESERVE, file, offset,
                  "mmap guest memory"),
          Fd()};
}

class MemorySlotObject : public OwnerObject<MemorySlotObject, Region> {
 public:
  static constexpr const char* kName = "the memory slot";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "MemorySlot",
                       {InstanceAccessor<&MemorySlotObject::Memory>("memory"),
                        InstanceMethod<&MemorySlotObject::Publish>("publish"),
                        InstanceMethod<&MemorySlotObject::TakeDirty>("takeDirty"),
                        InstanceMethod<&MemorySlotObject::Release>("release"),
                        InstanceMethod<&MemorySlotObject::Dispose>("dispose")});
  }

  // new MemorySlot(vm, address, bytes, readOnly, logsDirty, hugePages, file, fileOffset); file -1: anonymous memory.
  explicit MemorySlotObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      vm_ = FromJs<std::shared_ptr<Vm>>(info[0]);
      uint64_t address = Whole(info[1]);
      size_t size = Whole(info[2]);
      bool read_only = info[3].ToBoolean();
      is_file_ = info[6].ToNumber().Int32Value() >= 0;
      SharedMemory memory = MemoryOf(size, info[6].ToNumber().Int32Value(),
                                     static_cast<off_t>(Whole(info[7])), !read_only);
      // A hint: the host may have no huge pages.
      if (info[5].ToBoolean()) ::madvise(memory.mapping.data(), size, MADV_HUGEPAGE);
      uint32_t flags = 0;
      if (read_only) flags |= KVM_MEM_READONLY;
      if (info[4].ToBoolean()) flags |= KVM_MEM_LOG_DIRTY_PAGES;
      owned_ = vm_->AddRegion(address, std::move(memory), flags);
      shown_ = RegionBuffer(owned_);
      memory_ = Napi::Persistent(shown_.Show(info.Env(), size));
    });
  }

 private:
  static uint64_t Whole(const Napi::Value& value) {
    return static_cast<uint64_t>(value.ToNumber().Int64Value());
  }

  // Host memory of `length` bytes from `offset` on.
  uint8_t* Range(const Napi::Value& offset, const Napi::Value& length) const {
    const Mapping& mapping = Get()->mapping;
    if (Whole(offset) > mapping.size() || Whole(length) > mapping.size() - Whole(offset)) {
      throw std::out_of_range("guest memory");
    }
    return mapping.data() + Whole(offset);
  }

  Napi::Value Memory(const Napi::CallbackInfo& info) {
    return memory_.IsEmpty() ? info.Env().Undefined() : memory_.Value();
  }

  // publish(offset, length): makes what the host stored in the memory visible to instruction fetches, too.
  void Publish(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { arch::PublishMemory(Range(info[0], info[1]), Whole(info[1])); });
  }

  // takeDirty(out: BigUint64Array): a bit for each page; the lowest is the first page's.
  void TakeDirty(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      Napi::BigUint64Array out = info[0].As<Napi::BigUint64Array>();
      std::vector<uint64_t> dirty = vm_->TakeDirty(*Get());
      if (out.ElementLength() < dirty.size()) throw std::out_of_range("dirty pages");
      std::memcpy(out.Data(), dirty.data(), dirty.size() * sizeof(uint64_t));
    });
  }

  // release(offset, length): gives the memory back to the host; it reads as zeros, or as the file again.
  void Release(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      int advice = is_file_ ? MADV_REMOVE : MADV_DONTNEED;
      Check(::madvise(Range(info[0], info[1]), Whole(info[1]), advice), "madvise");
    });
  }

  // dispose(withVm): JavaScript's views become empty; the guest loses the memory, unless the VM is about to go with it.
  void Dispose(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      if (owned_ == nullptr) return;
      if (!info[0].ToBoolean()) vm_->RemoveRegion(*owned_);
      shown_.Detach();
      owned_.reset();
      vm_.reset();
    });
  }

  std::shared_ptr<Vm> vm_;
  RegionBuffer shown_;
  Napi::Reference<Napi::Value> memory_;
  bool is_file_ = false;
};

}  // namespace

void ExportVmMemory(Napi::Env env, Napi::Object exports) {
  exports.Set("MemorySlot", MemorySlotObject::Define(env));
}

}  // namespace hv
