// state.h: parts of a vCPU's or a VM's state, as bytes that KVM gives and accepts back.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "sys/ioctl.h"

namespace hv {

using Bytes = std::vector<uint8_t>;

template <typename Target>
struct StatePart {
  const char* name;
  // No bytes: this host, or this VM, has no such part. Throws std::system_error.
  Bytes (*read)(Target& target);
  // Throws std::invalid_argument for a length that this part does not have here, std::system_error for what KVM refuses.
  void (*write)(Target& target, const Bytes& bytes);
};

inline void CheckLength(const Bytes& bytes, size_t length) {
  if (bytes.size() == length) return;
  throw std::invalid_argument("it has " + std::to_string(bytes.size()) + " bytes in place of " +
                              std::to_string(length));
}

// A structure that an ioctl fills or accepts.
template <typename Struct>
Bytes GetStruct(int fd, unsigned long request, const char* what) {
  Struct value = {};
  Ioctl(fd, request, what, &value);
  Bytes bytes(sizeof(value));
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

template <typename Struct>
Struct ToStruct(const Bytes& bytes) {
  CheckLength(bytes, sizeof(Struct));
  Struct value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

template <typename Struct>
void SetStruct(int fd, unsigned long request, const char* what, const Bytes& bytes) {
  Struct value = ToStruct<Struct>(bytes);
  Ioctl(fd, request, what, &value);
}

}  // namespace hv
