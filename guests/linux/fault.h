// fault.h: makes an access that may fault, and keeps what the signal said. Not for faults inside other handlers.
#pragma once

#include <setjmp.h>

#include "check.h"

static sigjmp_buf fault_resume;
static siginfo_t fault_info;
static uintptr_t fault_pc;

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)number;
  fault_info = *info;
  fault_pc = *context_pc(context);
  siglongjmp(fault_resume, 1);
}

static void install_on_fault(int flags) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | flags};
  for (size_t i = 0; i < COUNT(signals); i++) REQUIRE(sigaction(signals[i], &action, 0) == 0);
}

// From here on FAULT_OF catches the synchronous signals.
UNUSED static void catch_faults(void) { install_on_fault(0); }

// The same, whatever the stack pointer is at the fault.
UNUSED static void catch_faults_on_own_stack(void) {
  static char memory[65536];
  stack_t alternate = {.ss_sp = memory, .ss_size = sizeof(memory)};
  REQUIRE(sigaltstack(&alternate, 0) == 0);
  install_on_fault(SA_ONSTACK);
}

// The signal that the statement raised, 0 if none; fault_info and fault_pc describe it.
#define FAULT_OF(statement) \
  ({ \
    memset(&fault_info, 0, sizeof(fault_info)); \
    if (sigsetjmp(fault_resume, 1) == 0) { \
      statement; \
    } \
    fault_info.si_signo; \
  })

#define READ_BYTE(address) ((void)*(volatile char *)(address))
#define WRITE_BYTE(address, value) ((void)(*(volatile char *)(address) = (char)(value)))

// Does the statement raise that signal, with that si_code and si_addr?
#define CHECK_FAULT(statement, signal, code, address) \
  do { \
    CHECK_EQ(FAULT_OF(statement), signal); \
    CHECK_EQ(fault_info.si_code, code); \
    CHECK_EQ((uintptr_t)fault_info.si_addr, (uintptr_t)(address)); \
  } while (0)
