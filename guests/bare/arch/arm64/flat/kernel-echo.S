// A kernel with Linux's boot protocol for arm64: says hello, then echoes its console's input; q switches the machine off, r resets it,
// f floods the console for ever.
//
// Linux, Documentation/arch/arm64/booting.rst; Power State Coordination Interface, DEN 0022.

        .text
        b start
        .word 0
        .quad 0                 // text_offset
        .quad end               // image_size
        .quad 0xa               // flags: little-endian, 4 KiB, anywhere
        .quad 0, 0, 0
        .ascii "ARM\x64"
        .word 0

start:  mov x19, #0x09000000    // the PL011
        mov w0, #0x10           // receive interrupts on: the host then sends input
        str w0, [x19, #0x38]
        adr x1, text
say:    ldrb w0, [x1], #1
        cbz w0, echo
        str w0, [x19]
        b say

echo:   ldr w0, [x19, #0x18]
        tbnz w0, #4, echo
        ldr w0, [x19]
        and w0, w0, #0xff
        cmp w0, #'q'
        b.eq off
        cmp w0, #'r'
        b.eq reset
        cmp w0, #'f'
        b.eq flood
        str w0, [x19]
        b echo

flood:  str w0, [x19]
        b flood

off:    ldr w0, =0x84000008     // SYSTEM_OFF
        hvc #0
reset:  ldr w0, =0x84000009     // SYSTEM_RESET
        hvc #0

text:   .asciz "console=ttyAMA0\n"
        .ltorg
        .balign 0x1000
end:
