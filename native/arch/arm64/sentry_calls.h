// sentry_calls.h: the calls that a sentry or a bare machine makes on this architecture alone: see jail/call_filter.cc.
#pragma once

#include <linux/kvm.h>

#include <array>
#include <cstdint>

namespace hv::arch {

// rseq(2), which older headers lack.
constexpr long kSentryCalls[] = {293};
constexpr std::array<long, 0> kOldOpen = {};
constexpr uint32_t kSentryKvmRequests[] = {KVM_ARM_PREFERRED_TARGET, KVM_ARM_VCPU_INIT,
                                           KVM_SET_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR};
// The interrupt controller starts with the first run.
constexpr uint32_t kMachineRequests[] = {KVM_SET_DEVICE_ATTR};
constexpr std::array<uint32_t, 0> kKernelRequests = {};
// Floating-point and vector registers are read and written like the others.
constexpr std::array<uint32_t, 0> kVectorRequests = {};
constexpr std::array<uint32_t, 0> kDumpRequests = {};
constexpr uint32_t kMakingRequests[] = {KVM_CREATE_DEVICE};
// PTRACE_SETREGSET: arm64 needs no request of its own.
constexpr uint32_t kSentryTraceRequests[] = {0x4205};

}  // namespace hv::arch
