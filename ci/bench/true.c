// true.c: the smallest program: start-up and nothing else.
int main(void) { return 0; }
