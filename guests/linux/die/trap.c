// trap: a breakpoint without a debugger. man 7 signal.
// status: 133
int main(void) {
#if defined(__x86_64__)
  __asm__ volatile("int3");
#elif defined(__aarch64__)
  __asm__ volatile("brk #0");
#endif
  return 0;
}
