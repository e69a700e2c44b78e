// restorer.h: where a signal handler that the C library did not install returns to: the kernel's vDSO has it.
#ifndef HV_ARCH_ARM64_RESTORER_H_
#define HV_ARCH_ARM64_RESTORER_H_

#include <cstdint>

namespace hv::arch {

// 0: the kernel's own.
inline uint64_t RestorerAddress() { return 0; }

}  // namespace hv::arch

#endif  // HV_ARCH_ARM64_RESTORER_H_
