// sentry_calls.h: the calls that a sentry or a bare machine makes on this architecture alone: see jail/call_filter.cc.
#pragma once

#include <linux/kvm.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <array>
#include <cstdint>

namespace hv::arch {

// Calls that arm64 never had, and rseq(2), which older headers lack.
constexpr long kSentryCalls[] = {SYS_stat,    SYS_lstat,      SYS_access, SYS_readlink,
                                 SYS_dup2,    SYS_epoll_wait, SYS_poll,   SYS_select,
                                 SYS_getpgrp, SYS_time,       334};
constexpr long kOldOpen[] = {SYS_open};
constexpr uint32_t kSentryKvmRequests[] = {KVM_GET_SUPPORTED_CPUID, KVM_SET_CPUID2, KVM_SET_MSRS,
                                           KVM_GET_XSAVE,           KVM_SET_XSAVE,  KVM_SET_XCRS};
// None: CPUID is set when a vCPU is made, and registers need no requests of this architecture alone.
constexpr std::array<uint32_t, 0> kMachineRequests = {};
// For a kernel: an NMI, and that its machine was paused.
constexpr uint32_t kKernelRequests[] = {KVM_NMI, KVM_KVMCLOCK_CTRL};
// Floating-point and vector registers.
constexpr uint32_t kVectorRequests[] = {KVM_GET_XSAVE, KVM_GET_XSAVE2, KVM_SET_XSAVE};
// More of a vCPU for a core file.
constexpr uint32_t kDumpRequests[] = {KVM_GET_MSRS};
constexpr uint32_t kMakingRequests[] = {KVM_SET_TSS_ADDR, KVM_SET_IDENTITY_MAP_ADDR,
                                        KVM_CREATE_IRQCHIP, KVM_CREATE_PIT2};
constexpr uint32_t kSentryTraceRequests[] = {PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_POKEUSER};

}  // namespace hv::arch
