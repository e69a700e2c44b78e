# A kernel with a Multiboot header: prints its parameters and its first module, then T for each of three interrupts of the timer, and ends by
# the exit port with status 42; 1 if no Multiboot loader has started it.
#
# Multiboot Specification 0.6.96, 3.1 to 3.3. Its header says where it lies, as this file is no ELF file.

        .set BASE, 0x100000
        .set TOP, BASE + 0x10000
        .set MAGIC, 0x1badb002
        .set FLAGS, 0x10003     # modules are aligned, a memory map, and addresses in the header
        .set TIMER, 0x20        # the vector

        .code32
        .text
start:  .long MAGIC, FLAGS, -(MAGIC + FLAGS)
        .long BASE, BASE, 0, TOP, BASE + entry - start

gdt:    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:   .word 23
        .long BASE + gdt - start
idtr:   .word TIMER * 8 + 7
        .long TOP - 0x1000

        .macro send port, value
        mov $\value, %al
        outb %al, $\port
        .endm

entry:  mov $TOP - 0x1000, %esp
        mov %eax, %ebp
        mov $1, %al
        cmp $0x2badb002, %ebp
        jne end

        mov $0x3f8, %edx
        mov 16(%ebx), %esi      # cmdline
say:    lodsb
        test %al, %al
        jz said
        outb %al, %dx
        jmp say
said:   mov $'\n', %al
        outb %al, %dx
        cmpl $0, 20(%ebx)       # mods_count
        je ticks
        mov 24(%ebx), %edi      # mods_addr
        mov (%edi), %esi
        mov 4(%edi), %ecx
        sub %esi, %ecx
        rep outsb

ticks:  lgdt BASE + gdtr - start
        ljmp $8, $BASE + 1f - start
1:      movl $0x80000 + (BASE + tick - start) % 0x10000, TOP - 0x1000 + TIMER * 8
        movl $(BASE + tick - start) / 0x10000 * 0x10000 + 0x8e00, TOP - 0x1000 + TIMER * 8 + 4
        lidt BASE + idtr - start
        send 0x20, 0x11
        send 0x21, TIMER
        send 0x21, 4
        send 0x21, 1
        send 0x21, 0xfe
        send 0x43, 0x34
        send 0x40, 0xff
        send 0x40, 0x0f
        xor %ebx, %ebx

wait:   cmp $3, %ebx
        je done
        sti
        hlt
done:   mov $42, %al
end:    outb %al, $0xf4

tick:   mov $'T', %al
        outb %al, %dx
        inc %ebx
        send 0x20, 0x20
        add $12, %esp           # not by IRET, which PVM hosts do not interpret: interrupts come to the HLT alone
        jmp wait
