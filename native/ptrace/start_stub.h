// start_stub.h: starts the process of a stub.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sys/shared_memory.h"

namespace hv {

// Where the stub's image lies before it settles in: pages that every process may map.
constexpr uint64_t kFirstStubAddress = 0x1000000;
// The descriptors that it is started with.
constexpr int kStubMemoryFd = 0;
constexpr int kStubImageFd = 1;

// The image of a stub: see shim/stub.h. Throws std::system_error.
SharedMemory CreateStubImage();
// Where in the image a label of shim/*/stub.S is.
uint64_t StubOffset(const uint8_t* label);
// The child stops, traced by the calling thread, before its first instruction. Throws std::system_error.
pid_t StartStub(const SharedMemory& image, const SharedMemory& memory_file);

}  // namespace hv
