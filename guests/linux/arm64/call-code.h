// call-code.h: for call-sites.h: arm64's code that makes the call CALL, and what a call must leave alone here.
#pragma once

#define TEXT_OF(number) #number
#define MOV(number) "mov x8, " TEXT_OF(number) "\n"

// The code that is moved and written has a page of its own.
__asm__(
    ".text\n.balign 4096\n.global code, call_itself, spin, spin_end, code_end, call_between\n"
    // long code(void)
    "code: mov x0, 0\n" MOV(CALL) "call_itself: svc 0\n"
    "nop\nret\n"
    // void spin(long *count): calls for ever
    ".balign 16\n"
    "spin: mov x9, x0\n"
    "1: mov x0, 0\n" MOV(CALL) "svc 0\n"
    "ldr x10, [x9]\nadd x10, x10, 1\nstr x10, [x9]\nb 1b\n"
    "spin_end:\n"
    ".balign 4096\ncode_end:\n"
    // void call_between(uint64_t words[31]): loads x0 to x7, x9 to x30 and the flags (x8's word), makes the call, and stores them all
    "call_between: sub sp, sp, 128\n"
    "stp x19, x20, [sp]\nstp x21, x22, [sp, 16]\nstp x23, x24, [sp, 32]\nstp x25, x26, [sp, 48]\n"
    "stp x27, x28, [sp, 64]\nstp x29, x30, [sp, 80]\nstr x0, [sp, 96]\n"
    "ldr x1, [x0, 64]\nmsr nzcv, x1\n"
    "ldp x1, x2, [x0, 8]\nldp x3, x4, [x0, 24]\nldp x5, x6, [x0, 40]\nldr x7, [x0, 56]\nldp x9, x10, [x0, 72]\n"
    "ldp x11, x12, [x0, 88]\nldp x13, x14, [x0, 104]\nldp x15, x16, [x0, 120]\nldp x17, x18, [x0, 136]\nldp x19, x20, [x0, 152]\n"
    "ldp x21, x22, [x0, 168]\nldp x23, x24, [x0, 184]\nldp x25, x26, [x0, 200]\nldp x27, x28, [x0, 216]\nldp x29, x30, [x0, 232]\n"
    "ldr x0, [x0]\n" MOV(CALL) "svc 0\n"
    "stp x8, x9, [sp, 104]\nldr x9, [sp, 96]\n"
    "stp x0, x1, [x9]\nstp x2, x3, [x9, 16]\nstp x4, x5, [x9, 32]\nstp x6, x7, [x9, 48]\nstr x10, [x9, 80]\n"
    "mrs x0, nzcv\nldp x1, x2, [sp, 104]\nadd x0, x0, x1\nstp x0, x2, [x9, 64]\n"
    "stp x11, x12, [x9, 88]\nstp x13, x14, [x9, 104]\nstp x15, x16, [x9, 120]\nstp x17, x18, [x9, 136]\nstp x19, x20, [x9, 152]\n"
    "stp x21, x22, [x9, 168]\nstp x23, x24, [x9, 184]\nstp x25, x26, [x9, 200]\nstp x27, x28, [x9, 216]\nstp x29, x30, [x9, 232]\n"
    "ldp x19, x20, [sp]\nldp x21, x22, [sp, 16]\nldp x23, x24, [sp, 32]\nldp x25, x26, [sp, 48]\nldp x27, x28, [sp, 64]\n"
    "ldp x29, x30, [sp, 80]\nadd sp, sp, 128\nret\n");
void call_between(uint64_t words[31]);

#define SITE_CODE(number) \
  {0, 0, 0x80, 0xd2, ((number) << 5 & 0xff) | 8, (number) >> 3, 0x80, 0xd2, 0x01, 0, 0, 0xd4, 0x1f, 0x20, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6}

static void check_registers(void) {
  for (uint64_t i = 0; i < OFTEN; i++) {
    uint64_t words[31], before[31];
    for (size_t j = 0; j < COUNT(words); j++) words[j] = 0x0123456789abcdef * (i + 1) * (j + 3);
    words[0] = 0;
    words[8] = i % 16 << 28;
    memcpy(before, words, sizeof(words));
    call_between(words);
    before[0] = (uint64_t)RESULT();
    // Word 8 has the flags, and x8 the number.
    before[8] += CALL;
    for (size_t j = 0; j < COUNT(words); j++) CHECK_EQ(words[j], before[j]);
  }
}

// A stack pointer that leads nowhere is the program's own business.
static void check_stack_pointers(void) {
  static const uintptr_t pointers[] = {0, 8, 0x7fff00001800, 0xdeadbeefdeadbeef, -1ul};
  for (size_t i = 0; i < OFTEN; i++) {
    uintptr_t pointer = pointers[i % COUNT(pointers)], after = 0;
    CHECK_EQ(call_on_stack(pointer, &after, CALL, 0, 0, 0), RESULT());
    CHECK_EQ(after, pointer);
  }
}

// The same instruction makes other calls for code that jumps to it with another number.
static void check_other_numbers(void) {
  static const long numbers[] = {SYS_getpid, CALL, 4095, 4096, CALL + (1l << 16), CALL + (1l << 32), CALL | 1l << 31, -1};
  for (size_t i = 0; i < OFTEN; i++) {
    register long x8 __asm__("x8") = numbers[i % COUNT(numbers)];
    register long x0 __asm__("x0") = 0;
    __asm__ volatile("blr %[call]" : "+r"(x0), "+r"(x8) : [call] "r"(call_itself) : "x30", "memory");
    long result = x0, number = x8;
    CHECK_EQ(number, numbers[i % COUNT(numbers)]);
    CHECK_EQ(result, number == SYS_getpid ? getpid() : (int)number == CALL ? RESULT() : -ENOSYS);
  }
}

static void check_architecture(void) {
  check(check_registers);
  check(check_stack_pointers);
  check(check_other_numbers);
}
