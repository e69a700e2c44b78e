// restorer.h: includes the architecture's restorer.h.
#ifndef HV_ARCH_RESTORER_H_
#define HV_ARCH_RESTORER_H_

#if defined(__x86_64__)
#include "arch/x86_64/restorer.h"
#elif defined(__aarch64__)
#include "arch/arm64/restorer.h"
#endif

#endif  // HV_ARCH_RESTORER_H_
