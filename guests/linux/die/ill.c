// ill: an undefined instruction. man 7 signal.
// status: 132
int main(void) {
#if defined(__x86_64__)
  __asm__ volatile("ud2");
#elif defined(__aarch64__)
  __asm__ volatile("udf #0");
#endif
  return 0;
}
