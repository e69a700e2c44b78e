// seccomp: filters over a program's own calls: which programs, what they compute, each action. man 2 seccomp, PR_SET_SECCOMP(2const).
#include "filter.h"
#include "processes.h"

#define CALL SYS_getppid

static void actions_that_exist(void) {
  static const uint32_t known[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                                   SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW};
  for (size_t i = 0; i < COUNT(known); i++) CHECK_EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &known[i]), 0);
  uint32_t unknown = 0x10000;
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &unknown), EOPNOTSUPP);
  unknown = SECCOMP_RET_ERRNO | 1;
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &unknown), EOPNOTSUPP);
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &unknown), EINVAL);
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, 0), EFAULT);
}

static void bad_arguments(void) {
  const struct sock_filter allow[] = {RETURN(SECCOMP_RET_ALLOW)};
  static struct sock_filter many[BPF_MAXINSNS + 1];
  for (size_t i = 0; i < COUNT(many); i++) many[i] = allow[0];
  CHECK_ERRNO(syscall(SYS_seccomp, 77, 0, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, allow), EINVAL);
  CHECK_ERRNO(set_filter(1u << 30, allow, 1), EINVAL);
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 0), EFAULT);
  CHECK_ERRNO(set_filter(0, allow, 0), EINVAL);
  CHECK_ERRNO(set_filter(0, many, COUNT(many)), EINVAL);
  CHECK_ERRNO(set_filter(0, 0, 1), EINVAL);
  CHECK_ERRNO(set_filter(0, bad_pointers[2], 1), EFAULT);
  CHECK_ERRNO(prctl(PR_SET_SECCOMP, 3, 0, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_SET_SECCOMP, 0, 0, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0), EFAULT);
}

static void bad_programs(void) {
#define BAD(...) \
  do { \
    const struct sock_filter program[] = {__VA_ARGS__}; \
    CHECK_ERRNO(set_filter(0, program, COUNT(program)), EINVAL); \
  } while (0)
  const struct sock_filter end = RETURN(SECCOMP_RET_ALLOW);
  BAD(LOAD(NUMBER));
  BAD(LOAD(1), end);
  BAD(LOAD(sizeof(struct seccomp_data)), end);
  BAD(LOAD((uint32_t)SKF_AD_OFF), end);
  BAD(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), end);
  BAD(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), end);
  BAD(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), end);
  BAD(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), end);
  BAD(BPF_STMT(BPF_LD | BPF_MEM, 0), end);
  BAD(BPF_STMT(BPF_ST, 16), end);
  BAD(BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 16), end);
  BAD(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), end);
  BAD(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), end);
  BAD(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), end);
  BAD(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 33), end);
  BAD(BPF_STMT(BPF_JMP | BPF_JA, 1), end);
  BAD(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), end);
  BAD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), end);
  BAD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_X, 0, 0, 255), end);
  BAD(BPF_STMT(BPF_RET | BPF_X, 0));
  BAD(BPF_STMT(0xffff, 0), end);
  // Only one of the two ways there stores it.
  BAD(LOAD(NUMBER), UNLESS_EQUAL(1, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), end);
  BAD(LOAD(NUMBER), UNLESS_EQUAL(1, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3), end);
#undef BAD
}

static void needs_no_new_privileges(void) {
  if (geteuid() == 0) {
    const struct sock_filter allow[] = {RETURN(SECCOMP_RET_ALLOW)};
    CHECK_EQ(set_filter(0, allow, 1), 0);
    become_lone_user();
  }
  CHECK_ERRNO(answer(0, CALL, SECCOMP_RET_ERRNO), EACCES);
  // Before the program is read, after its length is.
  CHECK_ERRNO(set_filter(0, bad_pointers[2], 1), EACCES);
  CHECK_ERRNO(set_filter(0, 0, 0), EINVAL);
  renounce_privileges();
  CHECK_EQ(answer(0, CALL, SECCOMP_RET_ERRNO), 0);
}

static void modes(void) {
  int before = prctl(PR_GET_SECCOMP), filters = status_field("Seccomp_filters:");
  CHECK_EQ(status_field("Seccomp:"), before);
  CHECK_EQ(answer(0, CALL, SECCOMP_RET_ERRNO | EXDEV), 0);
  CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
  CHECK_EQ(status_field("Seccomp:"), SECCOMP_MODE_FILTER);
  CHECK_EQ(status_field("Seccomp_filters:"), filters + 1);
  CHECK_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0), EINVAL);
  CHECK_ERRNO(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), EINVAL);
}

static void errors(void) {
  // The call's site is a warm one.
  for (int i = 0; i < 5000; i++) getppid();
  CHECK_EQ(answer(0, CALL, SECCOMP_RET_ERRNO | EXDEV), 0);
  for (int i = 0; i < 100; i++) CHECK_ERRNO(syscall(CALL), EXDEV);
  // glibc takes it for one that cannot fail.
  CHECK_EQ(getppid(), -EXDEV);
  CHECK_EQ(answer(SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW, SYS_getuid, SECCOMP_RET_ERRNO), 0);
  CHECK_EQ(syscall(SYS_getuid), 0);
  CHECK_EQ(answer(0, SYS_getgid, SECCOMP_RET_ERRNO | 0xffff), 0);
  CHECK_EQ(raw_call(SYS_getgid, (uint64_t[6]){0}), -4095);
  // A call that does not exist.
  CHECK_EQ(answer(0, 9999, SECCOMP_RET_ERRNO | ENOTBLK), 0);
  CHECK_ERRNO(syscall(9999), ENOTBLK);
  CHECK_ERRNO(syscall(9998), ENOSYS);
}

// Each of these calls has a filter: it returns 12 bits of a word, from bit 0, 12 or 24 on, as its errno.
#define SHIFTS 3
#define BITS_FROM(shift) \
  BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, shift), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff), \
      BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0)

// What the calls from that number on tell of a word.
static uint32_t word_of(long number, const uint64_t *arguments) {
  uint32_t word = 0;
  for (int i = 0; i < SHIFTS; i++) word |= (uint32_t)-raw_call(number + i, arguments) << 12 * i;
  return word;
}

#define WORDS (sizeof(struct seccomp_data) / 4)

static void data_that_a_program_sees(void) {
  for (unsigned i = 0; i < WORDS * SHIFTS; i++) {
    const struct sock_filter program[] = {LOAD(NUMBER),        UNLESS_EQUAL(9000 + i, 5),         LOAD(4 * (i / SHIFTS)),
                                          BITS_FROM(12 * (i % SHIFTS)), RETURN(SECCOMP_RET_ALLOW)};
    REQUIRE(set_filter(0, program, COUNT(program)) == 0);
  }
  const uint64_t arguments[6] = {0x1122334455667788, UINT64_MAX, 0x8000000000000001, 0, 1ull << 32, 0xdeadbeef};
  CHECK_EQ(word_of(9000 + SHIFTS, arguments), MACHINE_AUDIT_ARCH);
  uint64_t address = word_of(9000 + 2 * SHIFTS, arguments) | (uint64_t)word_of(9000 + 3 * SHIFTS, arguments) << 32;
  CHECK(llabs((long long)(address - (uintptr_t)actions_that_exist)) < 1 << 20);
  for (unsigned i = 4; i < WORDS; i++)
    CHECK_EQ(word_of(9000 + i * SHIFTS, arguments), (uint32_t)(arguments[(i - 4) / 2] >> 32 * (i % 2)));
}

static const uint32_t operands[] = {0, 1, 2, 5, 31, 32, 33, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

static uint32_t computed(unsigned operation, uint32_t a, uint32_t x) {
  switch (operation) {
    case BPF_ADD: return a + x;
    case BPF_SUB: return a - x;
    case BPF_MUL: return a * x;
    case BPF_DIV: return a / x;
    case BPF_OR: return a | x;
    case BPF_AND: return a & x;
    case BPF_XOR: return a ^ x;
    case BPF_LSH: return a << x % 32;
    case BPF_RSH: return a >> x % 32;
    default: return -a;
  }
}

static void check_operation(unsigned operation, uint32_t a, uint32_t x) {
  // Twice: with X, and with k.
  for (int from = 0; from < 2; from++) {
    if (from == 1 && ((operation == BPF_DIV && x == 0) || ((operation == BPF_LSH || operation == BPF_RSH) && x >= 32))) continue;
    unsigned source = operation == BPF_NEG || from ? BPF_K : BPF_X;
    CHECK_IN_CHILD {
      for (unsigned i = 0; i < SHIFTS; i++) {
        const struct sock_filter program[] = {
            LOAD(NUMBER), UNLESS_EQUAL(9000 + i, 12),
            // A and X, by the scratch memory and back.
            LOAD(ARGUMENT(1)), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_STX, 15), LOAD(ARGUMENT(0)), BPF_STMT(BPF_ST, 0),
            BPF_STMT(BPF_LDX | BPF_MEM, 15), BPF_STMT(BPF_LD | BPF_MEM, 0), BPF_STMT(BPF_ALU | operation | source, x),
            BITS_FROM(12 * i), RETURN(SECCOMP_RET_ALLOW)};
        REQUIRE(set_filter(0, program, COUNT(program)) == 0);
      }
      CHECK_EQ(word_of(9000, (uint64_t[6]){a, x}), computed(operation, a, x));
    }
  }
}

static void operations(void) {
  static const unsigned known[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG};
  unsigned at = 0;
  for (size_t i = 0; i < COUNT(known); i++) {
    for (size_t j = 0; j < COUNT(operands); j++, at += 7) {
      uint32_t x = operands[at % COUNT(operands)];
      if (known[i] == BPF_DIV && x == 0) x = 3;
      check_operation(known[i], operands[j], x);
    }
  }
}

static bool jumps(unsigned test, uint32_t a, uint32_t x) {
  return test == BPF_JEQ ? a == x : test == BPF_JGT ? a > x : test == BPF_JGE ? a >= x : (a & x) != 0;
}

static void jumps_and_lengths(void) {
  static const unsigned tests[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
  const uint32_t k = 0x80000001;
  for (unsigned i = 0; i < COUNT(tests); i++) {
    const struct sock_filter by_x[] = {
        LOAD(NUMBER), UNLESS_EQUAL(9000 + i, 6), LOAD(ARGUMENT(1)), BPF_STMT(BPF_MISC | BPF_TAX, 0), LOAD(ARGUMENT(0)),
        BPF_JUMP(BPF_JMP | tests[i] | BPF_X, 0, 0, 1), RETURN(SECCOMP_RET_ERRNO | 1), RETURN(SECCOMP_RET_ERRNO | 2),
        RETURN(SECCOMP_RET_ALLOW)};
    const struct sock_filter by_k[] = {
        LOAD(NUMBER), UNLESS_EQUAL(9100 + i, 5), LOAD(ARGUMENT(0)), BPF_JUMP(BPF_JMP | tests[i] | BPF_K, k, 1, 0),
        BPF_STMT(BPF_JMP | BPF_JA, 1), RETURN(SECCOMP_RET_ERRNO | 1), RETURN(SECCOMP_RET_ERRNO | 2), RETURN(SECCOMP_RET_ALLOW)};
    REQUIRE(set_filter(0, by_x, COUNT(by_x)) == 0);
    REQUIRE(set_filter(0, by_k, COUNT(by_k)) == 0);
  }
  const struct sock_filter length[] = {
      LOAD(NUMBER), UNLESS_EQUAL(9200, 5), BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
      BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0),
      RETURN(SECCOMP_RET_ALLOW)};
  REQUIRE(set_filter(0, length, COUNT(length)) == 0);
  for (size_t i = 0; i < COUNT(operands); i++) {
    for (unsigned j = 0; j < COUNT(tests); j++) {
      uint64_t arguments[6] = {operands[i], 0x7fffffff};
      CHECK_EQ(raw_call(9000 + j, arguments), jumps(tests[j], operands[i], 0x7fffffff) ? -1 : -2);
      CHECK_EQ(raw_call(9100 + j, arguments), jumps(tests[j], operands[i], k) ? -1 : -2);
    }
  }
  CHECK_ERRNO(syscall(9200), 2 * sizeof(struct seccomp_data));
}

// It ends with the result 0: the strictest action but one.
static void division_by_zero(void) {
  const struct sock_filter program[] = {LOAD(NUMBER), UNLESS_EQUAL(9000, 2), BPF_STMT(BPF_LDX | BPF_IMM, 0),
                                        BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RETURN(SECCOMP_RET_ALLOW)};
  REQUIRE(set_filter(0, program, COUNT(program)) == 0);
  syscall(9000);
}

static siginfo_t trap;
static uintptr_t trap_pc;

static void on_trap(int number, siginfo_t *info, void *context) {
  (void)number;
  trap = *info;
  trap_pc = *context_pc(context);
}

static void traps(void) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGSYS, &action, 0) == 0);
  for (int i = 0; i < 5000; i++) getppid();
  REQUIRE(answer(0, CALL, SECCOMP_RET_TRAP | 0x1234) == 0);
  for (int i = 0; i < 3; i++) {
    memset(&trap, 0, sizeof(trap));
    // The registers are as they were at the call: with the number, or the first argument, where a result would be.
    const uint64_t arguments[6] = {CALL, 2, 3, 4, 5, 6};
    if (i == 0) getppid();
    else CHECK_EQ(raw_call(CALL, arguments), CALL);
    CHECK_EQ(trap.si_signo, SIGSYS);
    CHECK_EQ(trap.si_code, SYS_SECCOMP);
    CHECK_EQ(trap.si_errno, 0x1234);
    CHECK_EQ(trap.si_syscall, CALL);
    CHECK_EQ(trap.si_arch, MACHINE_AUDIT_ARCH);
    CHECK_EQ((uintptr_t)trap.si_call_addr, trap_pc);
  }
}

static void kills(unsigned action) {
  struct sigaction handler = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  REQUIRE(sigaction(SIGSYS, &handler, 0) == 0);
  sigset_t all;
  sigfillset(&all);
  REQUIRE(sigprocmask(SIG_BLOCK, &all, 0) == 0);
  REQUIRE(answer(0, CALL, action) == 0);
  getppid();
}

static void ignored_trap(void) {
  REQUIRE(signal(SIGSYS, SIG_IGN) != SIG_ERR);
  REQUIRE(answer(0, CALL, SECCOMP_RET_TRAP) == 0);
  getppid();
}

static void others(void) {
  pid_t parent = getppid();
  REQUIRE(answer(0, CALL, SECCOMP_RET_LOG) == 0);
  CHECK_EQ(getppid(), parent);
  REQUIRE(answer(0, SYS_getuid, SECCOMP_RET_TRACE | 3) == 0);
  CHECK_ERRNO(syscall(SYS_getuid), ENOSYS);
}

static void chains(void) {
  REQUIRE(answer(0, CALL, SECCOMP_RET_ERRNO | 1) == 0);
  REQUIRE(answer(0, CALL, SECCOMP_RET_ERRNO | 2) == 0);
  REQUIRE(answer(0, CALL, SECCOMP_RET_ALLOW) == 0);
  // The newest of the strictest.
  CHECK_ERRNO(syscall(CALL), 2);
  REQUIRE(answer(0, SYS_getuid, SECCOMP_RET_LOG) == 0);
  REQUIRE(answer(0, SYS_getuid, SECCOMP_RET_TRACE) == 0);
  CHECK_ERRNO(syscall(SYS_getuid), ENOSYS);
  REQUIRE(answer(0, SYS_getuid, SECCOMP_RET_ERRNO | 9) == 0);
  CHECK_ERRNO(syscall(SYS_getuid), 9);
  CHECK_IN_CHILD {
    CHECK_ERRNO(syscall(CALL), 2);
    REQUIRE(answer(0, CALL, SECCOMP_RET_TRAP) == 0);
    // It is the child's alone.
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    REQUIRE(sigaction(SIGSYS, &action, 0) == 0);
    syscall(CALL);
    CHECK_EQ(trap.si_signo, SIGSYS);
  }
  CHECK_ERRNO(syscall(CALL), 2);
}

// So many instructions on the way, and no more.
static void too_many(void) {
  static struct sock_filter many[BPF_MAXINSNS];
  for (size_t i = 0; i + 1 < COUNT(many); i++) many[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 1);
  many[COUNT(many) - 1] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
  for (int i = 0; i < 7; i++) REQUIRE(set_filter(0, many, COUNT(many)) == 0);
  CHECK_ERRNO(set_filter(0, many, COUNT(many)), ENOMEM);
}

static void strict(void) {
  REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
  char byte;
  syscall(SYS_read, -1, &byte, 1);
  syscall(SYS_write, -1, &byte, 1);
  syscall(SYS_exit, 0);
}

static void breaks_strict(long number) {
  REQUIRE(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0) == 0);
  syscall(number, 0);
}

int main(int argc, char **argv) {
  limit_time();
  if (argc > 1) {
    CHECK_ERRNO(syscall(CALL), EDOM);
    return finish();
  }
  actions_that_exist();
  CHECK_IN_CHILD needs_no_new_privileges();
  renounce_privileges();
  bad_arguments();
  bad_programs();
  CHECK_IN_CHILD modes();
  CHECK_IN_CHILD errors();
  CHECK_IN_CHILD data_that_a_program_sees();
  operations();
  CHECK_IN_CHILD jumps_and_lengths();
  CHECK_EQ(ended(CHILD(division_by_zero())), 128 + SIGSYS);
  CHECK_IN_CHILD traps();
  CHECK_EQ(ended(CHILD(kills(SECCOMP_RET_KILL_PROCESS))), 128 + SIGSYS);
  CHECK_EQ(ended(CHILD(kills(SECCOMP_RET_KILL_THREAD))), 128 + SIGSYS);
  // An action that does not exist is the strictest.
  CHECK_EQ(ended(CHILD(kills(0x00010000))), 128 + SIGSYS);
  CHECK_EQ(ended(CHILD(ignored_trap())), 128 + SIGSYS);
  CHECK_IN_CHILD others();
  CHECK_IN_CHILD chains();
  CHECK_IN_CHILD too_many();
  CHECK_IN_CHILD strict();
  CHECK_EQ(ended(CHILD(breaks_strict(SYS_getpid))), 128 + SIGKILL);
  CHECK_EQ(ended(CHILD(breaks_strict(SYS_exit_group))), 128 + SIGKILL);
  CHECK_EQ(ended(CHILD(breaks_strict(9999))), 128 + SIGKILL);
  // Filters stay across execve(2).
  CHECK_IN_CHILD {
    REQUIRE(answer(0, CALL, SECCOMP_RET_ERRNO | EDOM) == 0);
    execl("/proc/self/exe", argv[0], "again", (char *)0);
  }
  return finish();
}
