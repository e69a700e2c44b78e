# A kernel with Linux's 64-bit boot protocol for x86_64: prints its parameters, then echoes its console's input; q switches the machine off,
# r resets it, f floods the console for ever, and x raises a fault that nothing handles.
#
# Linux, Documentation/arch/x86/boot.rst.

        .code64
        .text
start:
        .org 0x1f1
        .byte 1                 # setup_sects: the kernel begins at 0x400
        .org 0x1fe
        .word 0xaa55
        .byte 0xeb, header_end - start - 0x202
        .ascii "HdrS"
        .word 0x20c             # version 2.12
        .org 0x22c
        .long 0x7fffffff        # initrd_addr_max
        .org 0x236
        .word 1                 # xloadflags: a 64-bit entry
        .long 255               # cmdline_size
        .org 0x258
        .quad 0x1000000         # pref_address
        .long 0x100000          # init_size
header_end:

        .org 0x600              # 0x200 after the kernel's beginning
        movl 0x228(%rsi), %esi  # from boot_params: cmd_line_ptr
        mov $0x3f8, %edx
say:    lodsb
        test %al, %al
        jz said
        outb %al, %dx
        jmp say
said:   mov $'\n', %al
        outb %al, %dx

        mov $0x3f9, %edx
        mov $1, %al             # receive interrupts on: the host then sends input
        outb %al, %dx
echo:   mov $0x3fd, %edx
        inb %dx, %al
        test $1, %al
        jz echo
        mov $0x3f8, %edx
        inb %dx, %al
        cmp $'q', %al
        je off
        cmp $'r', %al
        je reset
        cmp $'f', %al
        je flood
        cmp $'x', %al
        je fail
        outb %al, %dx
        jmp echo

flood:  mov $0x1000, %ecx
        mov $0x1000000, %esi
        rep outsb
        jmp flood

off:    mov $0x600, %edx        # sleep control: S5
        mov $0x34, %al
        outb %al, %dx
reset:  mov $0x602, %edx
        outb %al, %dx
fail:   lidt none(%rip)
        ud2

none:   .fill 10, 1, 0
