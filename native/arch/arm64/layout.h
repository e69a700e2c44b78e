// layout.h: where things lie in guest memory, and what the frame has on arm64 alone. For C++ and for the assembler.
#pragma once

// Guest physical (IPA): the supervisor region (page tables, shim, frames) at 0, the MemoryFile from 4 GiB on: all of it below
// 2^36, which every host supports (Apple's M1 supports no more).
#define HV_SUPERVISOR_BASE 0x0
#define HV_SUPERVISOR_LIMIT 0x40000000
#define HV_MEMORY_BASE 0x100000000
// No memory will ever be here: a load exits.
#define HV_NOWHERE 0x80000000

// Guest virtual: the program has all that TTBR0_EL1 translates, the shim all that TTBR1_EL1 translates. Addresses of the latter are
// given by their low 48 bits, the ones that the page-table walk uses.
#define HV_USER_TOP 0x1000000000000
#define HV_KERNEL_HALF 0xffff000000000000
#define HV_KERNEL_CODE 0x0
// Two pages for each Cpu: its frame, where SP_EL1 always points, and the doorbells.
#define HV_KERNEL_WINDOWS 0x200000
#define HV_WINDOW_SIZE 0x2000
#define HV_WINDOW_COUNT 0x1000

// Doorbells, offsets from SP_EL1: single-register loads, since others give KVM no syndrome (Arm ARM, ESR_EL2, ISS of a data abort).
#define HV_DOORBELLS 0x1000
#define HV_DOORBELL_SYSCALL 0x0
#define HV_DOORBELL_FAULT 0x8
#define HV_DOORBELL_DEAD 0x10

// In the frame, within reach of LDP and STP. The program's registers: x0-x30, SP, PC, PSTATE, TPIDR_EL0, as regs.h has them.
#define HV_FRAME_REGISTERS 0x80
#define HV_FRAME_SYNDROME 0x1b0  // ESR_EL1, FAR_EL1
