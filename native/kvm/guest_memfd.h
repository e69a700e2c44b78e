// guest_memfd.h: memory of a guest_memfd (api.rst, KVM_CREATE_GUEST_MEMFD, KVM_SET_MEMORY_ATTRIBUTES), which kernel headers before 6.8,
// or before 6.18, lack.
#pragma once

#include <linux/kvm.h>
#include <sys/mman.h>

#include <utility>

#include "sys/ioctl.h"
#include "sys/shared_memory.h"

namespace hv::guest_memfd {

// KVM_MEM_GUEST_MEMFD.
constexpr uint32_t kSlotFlag = 1 << 2;

// Throws std::system_error.
inline Fd CreateFile(int vm, size_t size, uint64_t flags) {
  struct {  // kvm_create_guest_memfd
    uint64_t size, flags, reserved[6];
  } request = {};
  request.size = size;
  request.flags = flags;
  constexpr unsigned long kRequest = _IOWR(KVMIO, 0xd4, request);
  return Fd(Ioctl(vm, kRequest, "KVM_CREATE_GUEST_MEMFD", &request));
}

// Memory for a slot of this VM with kSlotFlag; this process maps it, too. Throws std::system_error.
inline SharedMemory Create(int vm, size_t size) {
  constexpr uint64_t kMapped = 1 << 0, kShared = 1 << 1;  // GUEST_MEMFD_FLAG_MMAP, _INIT_SHARED
  Fd file = CreateFile(vm, size, kMapped | kShared);
  Mapping mapping(size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0, "mmap guest_memfd");
  return {std::move(mapping), std::move(file)};
}

// The same for a VM with private memory: the mapping is anonymous memory, which the guest sees where a page is shared; the file, which
// nobody maps, has the private pages. Throws std::system_error.
inline SharedMemory CreateWithPrivate(int vm, size_t size) {
  SharedMemory memory = SharedMemory::Anonymous(size);
  memory.file = CreateFile(vm, size, 0);
  return memory;
}

// Whether the guest finds these pages in the file or in the mapping. Their slot may be any. Throws std::system_error.
inline void SetPrivate(int vm, uint64_t address, uint64_t size, bool is_private) {
  struct {  // kvm_memory_attributes
    uint64_t address, size, attributes, flags;
  } request = {};
  constexpr uint64_t kPrivate = 1 << 3;  // KVM_MEMORY_ATTRIBUTE_PRIVATE
  request.address = address;
  request.size = size;
  request.attributes = is_private ? kPrivate : 0;
  constexpr unsigned long kRequest = _IOW(KVMIO, 0xd2, request);
  Ioctl(vm, kRequest, "KVM_SET_MEMORY_ATTRIBUTES", &request);
}

// Makes or (no size) removes a slot. Throws std::system_error.
inline void SetSlot(int vm, const kvm_userspace_memory_region& slot, int file) {
  struct {  // kvm_userspace_memory_region2
    kvm_userspace_memory_region slot;
    uint64_t offset;
    uint32_t file, padding[29];
  } request = {};
  request.slot = slot;
  request.file = static_cast<uint32_t>(file);
  constexpr unsigned long kRequest = _IOW(KVMIO, 0x49, request);
  Ioctl(vm, kRequest, "KVM_SET_USER_MEMORY_REGION2", &request);
}

}  // namespace hv::guest_memfd
