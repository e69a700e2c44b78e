// sigreturn.S: what a signal handler returns to on arm64: rt_sigreturn(2), as Linux's vDSO has it.
// Unwinders recognize a signal frame by these two instructions at the return address, and only where there is no unwind
// information: so there is none (Linux arch/arm64/kernel/vdso/sigreturn.S; MD_FALLBACK_FRAME_STATE_FOR of libgcc).

#include <asm/unistd.h>

        .text
        // An unwinder looks up the address before the return address: it must not find the function above.
        nop
        .globl  __kernel_rt_sigreturn
        .type   __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
        mov     x8, #__NR_rt_sigreturn
        svc     #0
        .size   __kernel_rt_sigreturn, . - __kernel_rt_sigreturn

        .section .note.GNU-stack, "", %progbits
