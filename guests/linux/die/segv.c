// segv: a store to an unmapped address, no handler. man 7 signal.
// status: 139
int main(void) {
  *(volatile int *)8 = 1;
  return 0;
}
