// vm_memory.cc: a memory slot of a VM for JavaScript. src/vm/addon.ts has its type.

#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "arch/arch.h"
#include "kvm/guest_memfd.h"
#include "napi/exports.h"
#include "napi/objects.h"
#include "napi/region_buffer.h"

namespace hv {
namespace {

// Of hugePages: see src/vm/huge-pages.ts.
constexpr uint64_t kTransparent = 1;

// The file's memory. What the host stores into memory that the guest can only read stays in this process.
SharedMemory MemoryOfFile(int file, off_t offset, size_t size, bool writable) {
  const int sharing = writable ? MAP_SHARED : MAP_PRIVATE;
  return {Mapping(size, PROT_READ | PROT_WRITE, sharing | MAP_NORESERVE, file, offset,
                  "mmap guest memory"),
          Fd()};
}

class MemorySlotObject : public OwnerObject<MemorySlotObject, Region> {
 public:
  static constexpr const char* kName = "the memory slot";

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "MemorySlot",
        {Getter<&MemorySlotObject::Memory>("memory"), Getter<MissingFd>("missingFd"),
         Getter<HostAddress>("hostAddress"), Method<Publish>("publish"),
         Method<&MemorySlotObject::TakeDirty>("takeDirty"),
         Method<&MemorySlotObject::Release>("release"),
         Method<&MemorySlotObject::Discard>("discard"), Method<Resident>("resident"),
         Method<&MemorySlotObject::MapCopyOf>("mapCopyOf"), Method<Populate>("populate"),
         Method<&MemorySlotObject::SetPrivate>("setPrivate"),
         Method<&MemorySlotObject::DiscardPrivate>("discardPrivate"),
         Method<&MemorySlotObject::Dispose>("dispose")});
  }

  // new MemorySlot(vm, options): src/vm/addon.ts.
  explicit MemorySlotObject(const Napi::CallbackInfo& info) : OwnerObject(info) {
    Guard(info.Env(), [&] {
      vm_ = FromJs<std::shared_ptr<Vm>>(info[0]);
      const auto given = info[1].As<Napi::Object>();
      const size_t size = ToSize(given.Get("bytes"));
      SharedMemory memory = MemoryOf(given, size);
      if (Has(given, "lazy")) memory.missing = std::make_unique<MissingPages>(memory.mapping);
      uint32_t flags = 0;
      if (Has(given, "readOnly")) flags |= KVM_MEM_READONLY;
      if (Has(given, "logsDirty")) flags |= KVM_MEM_LOG_DIRTY_PAGES;
      if (Has(given, "guestMemfd")) flags |= guest_memfd::kSlotFlag;
      owned_ = vm_->AddRegion(ToSize(given.Get("address")), std::move(memory), flags);
      shown_ = RegionBuffer(owned_);
      memory_ = Napi::Persistent(shown_.Show(info.Env(), size));
    });
  }

 private:
  static bool Has(const Napi::Object& options, const char* name) {
    return options.Get(name).ToBoolean();
  }

  SharedMemory MemoryOf(const Napi::Object& options, size_t size) {
    const int file = options.Get("file").ToNumber().Int32Value();
    const uint64_t page_bytes = ToSize(options.Get("hugePageBytes"));
    is_file_ = true;
    if (Has(options, "guestMemfd")) {
      has_private_ = vm_->is_protected();
      is_file_ = !has_private_;
      return has_private_ ? guest_memfd::CreateWithPrivate(vm_->fd(), size)
                          : guest_memfd::Create(vm_->fd(), size);
    }
    if (page_bytes > kTransparent) return SharedMemory::OfHugePages("hv-guest", size, page_bytes);
    is_file_ = file >= 0;
    SharedMemory memory =
        is_file_ ? MemoryOfFile(file, static_cast<off_t>(ToSize(options.Get("fileOffset"))), size,
                                !Has(options, "readOnly"))
                 : SharedMemory::Anonymous(size);
    // A hint: the host may have no huge pages.
    if (page_bytes == kTransparent) ::madvise(memory.mapping.data(), size, MADV_HUGEPAGE);
    return memory;
  }

  // Host memory of `length` bytes from `offset` on.
  static uint8_t* Range(const Region& region, uint64_t offset, uint64_t length) {
    const Mapping& mapping = region.mapping;
    if (offset > mapping.size() || length > mapping.size() - offset)
      throw std::out_of_range("guest memory");
    return mapping.data() + offset;
  }

  // The userfaultfd; -1: the memory is not lazy.
  static int MissingFd(Region& region) {
    return region.missing == nullptr ? -1 : region.missing->fd();
  }
  static double HostAddress(Region& region) {
    return static_cast<double>(AddressOf(region.mapping.data()));
  }

  Napi::Value Memory() { return memory_.IsEmpty() ? Env().Undefined() : memory_.Value(); }

  // Makes what the host stored in the memory visible to instruction fetches, too.
  static void Publish(Region& region, uint64_t offset, uint64_t length) {
    arch::PublishMemory(Range(region, offset, length), length);
  }

  // In pages. A bit for each, as DirtyLog::Take has them.
  void TakeDirty(uint64_t first, uint64_t count, Napi::BigUint64Array out) {
    std::vector<uint64_t> dirty = vm_->dirty_log().Take(Get()->slot, first, count);
    if (out.ElementLength() < dirty.size()) throw std::out_of_range("dirty pages");
    std::memcpy(out.Data(), dirty.data(), dirty.size() * sizeof(uint64_t));
  }

  // From now on its memory is what the file has from `file_offset` on; the file is never written. Precondition: anonymous memory, which no
  // vCPU uses yet.
  void MapCopyOf(int file, uint64_t file_offset) {
    if (is_file_) throw std::invalid_argument("the memory of a file");
    const Mapping& mapping = Get()->mapping;
    Remap(mapping.data(), mapping.size(), file, static_cast<off_t>(file_offset));
    is_copy_ = true;
  }

  // SAFETY: the range lies in the slot's own mapping. KVM hears of the change (mmu_notifier).
  static void Remap(uint8_t* range, size_t length, int file, off_t offset) {
    const int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED | (file < 0 ? MAP_ANONYMOUS : 0);
    if (::mmap(range, length, PROT_READ | PROT_WRITE, flags, file, offset) == MAP_FAILED)
      throw std::system_error(errno, std::generic_category(), "mmap guest memory");
  }

  // Gives the memory back to the host; it reads as zeros.
  void Release(uint64_t offset, uint64_t length) {
    if (is_copy_)
      Remap(Range(*Get(), offset, length), length, -1, 0);
    else
      Discard(offset, length);
    if (has_private_) DiscardPrivate(offset, length);
  }

  // See Vm::SetPrivate.
  void SetPrivate(uint64_t offset, uint64_t length, bool is_private) {
    if (!has_private_) throw std::invalid_argument("memory that cannot be private");
    Range(*Get(), offset, length);
    was_private_ |= is_private;
    vm_->SetPrivate(*Get(), offset, length, is_private);
  }

  // Gives the memory of private pages back to the host; they read as zeros.
  void DiscardPrivate(uint64_t offset, uint64_t length) {
    if (!has_private_) throw std::invalid_argument("memory that cannot be private");
    // fallocate(2) refuses 0 bytes.
    if (length > 0) Get()->Release(offset, length);
  }

  // The same, but a copy of a file reads as the file again. Unlike a mapping in its middle, this takes nothing of what the process may have.
  void Discard(uint64_t offset, uint64_t length) {
    int advice = is_file_ ? MADV_REMOVE : MADV_DONTNEED;
    Check(::madvise(Range(*Get(), offset, length), length, advice), "madvise");
  }

  // Bytes that the host backs at the moment (man 2 mincore); of a copy, also those of the file that are in the page cache.
  static double Resident(Region& region) {
    constexpr size_t kPiecePages = size_t{1} << 16;
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const Mapping& mapping = region.mapping;
    std::vector<unsigned char> present(kPiecePages);
    size_t pages = 0;
    for (size_t at = 0; at < mapping.size(); at += kPiecePages * page) {
      const size_t length = std::min(kPiecePages * page, mapping.size() - at);
      Check(::mincore(mapping.data() + at, length, present.data()), "mincore");
      for (size_t i = 0; i < length / page; i++) pages += present[i] & 1;
    }
    return static_cast<double>(pages * page);
  }

  // Backs it with the host's memory now.
  static void Populate(Region& region, uint64_t offset, uint64_t length) {
    // linux/mman.h's since 5.14. A guest that only reads needs no copies of a file's pages.
    constexpr int kPopulateRead = 22, kPopulateWrite = 23;
    const bool is_read = (region.flags & KVM_MEM_READONLY) != 0;
    uint8_t* range = Range(region, offset, length);
    int result;
    do {
      result = ::madvise(range, length, is_read ? kPopulateRead : kPopulateWrite);
    } while (result < 0 && errno == EINTR);
    Check(result, "madvise");
  }

  // JavaScript's views become empty; the guest loses the memory, unless the VM is about to go with it.
  void Dispose(bool with_vm) {
    if (owned_ == nullptr) return;
    // A vCPU that waits for a page would keep KVM from removing the memory.
    owned_->missing.reset();
    if (!with_vm) {
      // KVM would keep the attribute for whatever comes to these addresses next.
      if (was_private_) vm_->SetPrivate(*owned_, 0, owned_->mapping.size(), false);
      vm_->RemoveRegion(*owned_);
    }
    shown_.Detach();
    owned_.reset();
    vm_.reset();
  }

  std::shared_ptr<Vm> vm_;
  RegionBuffer shown_;
  Napi::Reference<Napi::Value> memory_;
  bool is_file_ = false;
  // Pages that nobody has written are a file's, privately.
  bool is_copy_ = false;
  // Pages may be the guest's alone; one has been.
  bool has_private_ = false, was_private_ = false;
};

}  // namespace

void ExportVmMemory(Napi::Env env, Napi::Object exports) {
  exports.Set("MemorySlot", MemorySlotObject::Define(env));
}

}  // namespace hv
