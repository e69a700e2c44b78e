// layout.h: where things lie in guest memory and in a Cpu's window. For C++ and for the assembler.
#pragma once

// Guest physical: the supervisor region (page tables, shim, windows) at 0, the MemoryFile from 4 GiB on; between them the
// pages that KVM on Intel wants for real mode (KVM_SET_TSS_ADDR, KVM_SET_IDENTITY_MAP_ADDR).
#define HV_SUPERVISOR_BASE 0x0
#define HV_SUPERVISOR_LIMIT 0x40000000
#define HV_IDENTITY_MAP_ADDRESS 0xfffbc000
#define HV_TSS_ADDRESS 0xfffbd000
#define HV_MEMORY_BASE 0x100000000
// No memory will ever be here: an access exits.
#define HV_NOWHERE 0x80000000

// Guest virtual: the program has [0, HV_USER_TOP); a window for each Cpu follows, far below 2^47, so that the address
// after any SYSCALL of the program is canonical (the condition for sysret, SDM vol. 2B SYSRET).
#define HV_USER_TOP 0x7fff00000000
#define HV_WINDOW_SIZE 0x8000
#define HV_WINDOW_COUNT 0x1000

// A window's pages. Supervisor-only; on a PVM host the program can use the first two and the last, too: see pvm.h.
#define HV_WINDOW_ENTRY 0x0000     // read, execute: where SYSCALL goes
#define HV_WINDOW_FRAME 0x1000     // read, write: the trap frame
#define HV_WINDOW_STUBS 0x2000     // read, execute: fault stubs and the way back
#define HV_WINDOW_PRIVATE 0x3000   // read, write: IDT, GDT, TSS, stacks
#define HV_WINDOW_DOORBELL 0x4000  // PVM only: read, write, without memory

// The private page.
#define HV_PRIVATE_IDT 0x000  // 32 gates
#define HV_PRIVATE_GDT 0x200  // 10 descriptors
#define HV_PRIVATE_TSS 0x280
#define HV_PRIVATE_STACK_TOP 0xc00
#define HV_PRIVATE_DOUBLE_FAULT_STACK_TOP 0x1000

// Linux's selectors: programs see their own in signal frames.
#define HV_KERNEL_CS 0x10
#define HV_KERNEL_DS 0x18
#define HV_USER_CS32 0x23
#define HV_USER_DS 0x2b
#define HV_USER_CS 0x33
#define HV_TSS_SELECTOR 0x40
#define HV_TRAP_FLAG 0x100  // RFLAGS.TF

// Doorbells: ports that the shim writes to.
#define HV_PORT_SYSCALL 0xf0
#define HV_PORT_FAULT 0xf1

#define HV_VECTORS 32
#define HV_STUB_SIZE 16
