// stack-overflow: endless recursion ends at the stack's limit, without another stack for the handler. man 2 setrlimit.
// status: 139
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void handler(int number) {
  (void)number;
  _exit(1);
}

static int recurse(int depth) {
  volatile char frame[1024];
  frame[0] = (char)depth;
  return depth < 1 << 30 ? recurse(depth + 1) + frame[0] : 0;
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_STACK, &limit);
  signal(SIGSEGV, handler);
  return recurse(0);
}
