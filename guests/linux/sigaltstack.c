// sigaltstack: handlers on their own stack, nesting, SS_AUTODISARM, stack overflow. man 2 sigaltstack.
#include <setjmp.h>
#include <sys/resource.h>

#include "check.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char *stack_memory;
static size_t stack_size = 65536;
static volatile bool was_inside, was_nested_inside;
static stack_t seen;
static volatile int set_inside;
static sigjmp_buf out;

static bool on_alternate(const void *here) {
  return (const char *)here >= stack_memory && (const char *)here < stack_memory + stack_size;
}

static void nested(int number) { was_nested_inside = on_alternate(&number); }

static void handler(int number) {
  static char other_memory[65536];
  stack_t other = {.ss_sp = other_memory, .ss_size = sizeof(other_memory)};
  was_inside = on_alternate(&number);
  sigaltstack(0, &seen);
  errno = 0;
  // Only on the alternate stack: elsewhere it would succeed, and move the nested handler.
  if (was_inside) set_inside = sigaltstack(&other, 0) ? errno : 0;
  raise(SIGUSR2);
}

static void overflowed(int number, siginfo_t *info, void *context) {
  (void)info, (void)context;
  was_inside = on_alternate(&number);
  siglongjmp(out, 1);
}

static void install(int number, void (*function)(int), int flags) {
  struct sigaction action = {.sa_handler = function, .sa_flags = flags};
  REQUIRE(sigaction(number, &action, 0) == 0);
}

static int recurse(int depth) {
  volatile char frame[1024];
  frame[0] = (char)depth;
  return depth < 1 << 30 ? recurse(depth + 1) + frame[0] : 0;
}

int main(void) {
  stack_t now;
  stack_memory = mmap(0, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(stack_memory != MAP_FAILED);
  CHECK_EQ(sigaltstack(0, &now), 0);
  CHECK_EQ(now.ss_flags, SS_DISABLE);
  stack_t mine = {.ss_sp = stack_memory, .ss_size = stack_size};
  CHECK_EQ(sigaltstack(&mine, &now), 0);
  CHECK_EQ(sigaltstack(0, &now), 0);
  CHECK(now.ss_sp == stack_memory && now.ss_size == stack_size && now.ss_flags == 0);

  install(SIGUSR2, nested, SA_ONSTACK);
  install(SIGUSR1, handler, 0);
  raise(SIGUSR1);
  CHECK(!was_inside && was_nested_inside);
  install(SIGUSR1, handler, SA_ONSTACK);
  raise(SIGUSR1);
  CHECK(was_inside && was_nested_inside);
  CHECK_EQ(seen.ss_flags, SS_ONSTACK);
  CHECK_EQ(set_inside, EPERM);

  // SS_AUTODISARM: disabled during the handler, back afterwards.
  mine.ss_flags = (int)SS_AUTODISARM;
  CHECK_EQ(sigaltstack(&mine, 0), 0);
  mine.ss_flags = 0;
  raise(SIGUSR1);
  CHECK(was_inside);
  CHECK_EQ(seen.ss_flags & SS_DISABLE, SS_DISABLE);
  CHECK_EQ(set_inside, 0);
  CHECK_EQ(sigaltstack(0, &now), 0);
  CHECK(now.ss_sp == stack_memory && (unsigned)now.ss_flags == SS_AUTODISARM);
  CHECK_EQ(sigaltstack(&mine, 0), 0);

  // An overflow of the main stack is handled on the other one.
  struct rlimit limit;
  struct sigaction action = {.sa_sigaction = overflowed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  REQUIRE(getrlimit(RLIMIT_STACK, &limit) == 0);
  limit.rlim_cur = 1 << 20;
  REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
  REQUIRE(sigaction(SIGSEGV, &action, 0) == 0);
  was_inside = false;
  if (sigsetjmp(out, 1) == 0) recurse(0);
  CHECK(was_inside);

  CHECK_ERRNO(sigaltstack(&(stack_t){.ss_sp = stack_memory, .ss_size = 100}, 0), ENOMEM);
  CHECK_ERRNO(sigaltstack(&(stack_t){.ss_sp = stack_memory, .ss_size = stack_size, .ss_flags = 77}, 0), EINVAL);
  CHECK_EQ(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, 0), 0);
  CHECK_EQ(sigaltstack(0, &now), 0);
  CHECK_EQ(now.ss_flags, SS_DISABLE);
  CHECK_ERRNO(syscall(SYS_sigaltstack, (void *)8, 0), EFAULT);
  return finish();
}
