// die-fpe: an integer division by zero. man 7 signal.
// status: 136
int main(void) {
  volatile int one = 1, zero = 0;
  return one / zero;
}
