// line-discipline: what a terminal does to what is typed and printed: lines, erasing, echo, flow. man 3 termios, N_TTY.
// not in CI's beds: emulation makes it slow
#include "pty.h"

static void check_lines(void) {
  TYPE("one\rtwo\n");
  SHOWS("one\r\ntwo\r\n");
  READ_ONCE(100, "one\n");
  READ_ONCE(2, "tw");
  READ_ONCE(100, "o\n");
  SILENT(slave);
  TYPE("half");
  SHOWS("half");
  SILENT(slave);
  TYPE("\n");
  SHOWS("\r\n");
  READ_ONCE(100, "half\n");
}

static void check_end_of_file(void) {
  TYPE("abc\x04");
  SHOWS("abc");
  READ_ONCE(100, "abc");
  SILENT(slave);
  TYPE("\x04");
  READ_ONCE(100, "");
  SILENT(slave);
  // A read of exactly what is there also takes the end with it.
  TYPE("abc\x04");
  READ_ONCE(3, "abc");
  SILENT(slave);
  TYPE("abc\x04\x04");
  READ_ONCE(2, "ab");
  READ_ONCE(2, "c");
  READ_ONCE(2, "");
  SILENT(slave);
  SHOWS("abcabc");
}

static void check_other_ends(void) {
  struct termios modes = fresh;
  modes.c_cc[VEOL] = ';';
  modes.c_cc[VEOL2] = '!';
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  TYPE("a;b!c\n");
  SHOWS("a;b!c\r\n");
  READ_ONCE(100, "a;");
  READ_ONCE(100, "b!");
  READ_ONCE(100, "c\n");
  modes.c_lflag &= ~(tcflag_t)IEXTEN;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  TYPE("b!c\n");
  SHOWS("b!c\r\n");
  READ_ONCE(100, "b!c\n");
}

static void check_erasing(void) {
  TYPE(
      "abx\x7f\x7f"
      "c\n");
  SHOWS("abx\b \b\b \bc\r\n");
  READ_ONCE(100, "ac\n");
  TYPE(
      "one two_3 ,\x17"
      "4\n");
  SHOWS("one two_3 ,\b \b\b \b\b \b\b \b\b \b\b \b\b \b4\r\n");
  READ_ONCE(100, "one 4\n");
  TYPE("wrong\x15right\n");
  SHOWS("wrong\b \b\b \b\b \b\b \b\b \bright\r\n");
  READ_ONCE(100, "right\n");
  // Erasing stops at the line's beginning.
  TYPE("\x7f\x17\x15\n");
  SHOWS("\r\n");
  READ_ONCE(100, "\n");
  TYPE("a\x01\x7f\n");
  SHOWS("a^A\b \b\b \b\r\n");
  READ_ONCE(100, "a\n");
  // Erasing a tab goes back to where it began.
  TYPE("ab\tc\x7f\x7f\n");
  SHOWS("ab\tc\b \b\b\b\b\b\b\b\r\n");
  READ_ONCE(100, "ab\n");
  PRINT("> ");
  TYPE("\t\x7f\n");
  SHOWS("> \t\b\b\b\b\b\b\r\n");
  READ_ONCE(100, "\n");
  TYPE("\ta\t\x7f\n");
  SHOWS("\ta\t\b\b\b\b\b\b\b\r\n");
  READ_ONCE(100, "\ta\n");
}

static void check_erase_modes(void) {
  set_flags(NONE, NONE, OFF(ECHOE));
  TYPE("ab\x7f\n");
  SHOWS("ab^?\r\n");
  READ_ONCE(100, "a\n");
  TYPE(
      "ab\x15"
      "c\n");
  SHOWS("ab^U\r\nc\r\n");
  READ_ONCE(100, "c\n");
  set_flags(NONE, NONE, OFF(ECHOKE));
  TYPE(
      "ab\x15"
      "c\n");
  SHOWS("ab^U\r\nc\r\n");
  READ_ONCE(100, "c\n");
  set_flags(NONE, NONE, OFF(ECHOK | ECHOKE));
  TYPE(
      "ab\x15"
      "c\n");
  SHOWS("ab^Uc\r\n");
  READ_ONCE(100, "c\n");
  set_flags(NONE, NONE, ON(ECHOPRT));
  TYPE(
      "abc\x7f\x7f"
      "d\n");
  SHOWS("abc\\cb/d\r\n");
  READ_ONCE(100, "ad\n");
  TYPE("ab\x7f\x7f\n");
  SHOWS("ab\\ba/\r\n");
  READ_ONCE(100, "\n");
  set_flags(NONE, NONE, OFF(IEXTEN));
  TYPE("a b\x17\n");
  SHOWS("a b^W\r\n");
  READ_ONCE(100, "a b\x17\n");
  set_flags(NONE, NONE, OFF(ECHO));
  TYPE(
      "ab\x7f\x15"
      "c\n");
  SILENT(master);
  READ_ONCE(100, "c\n");
}

static void check_utf8(void) {
  set_flags(ON(IUTF8), NONE, NONE);
  TYPE(
      "a\xc3\xa9\x7f"
      "b\n");
  SHOWS("a\xc3\xa9\b \bb\r\n");
  READ_ONCE(100, "ab\n");
  TYPE("\xe2\x82\xac\tx\x7f\x7f\n");
  SHOWS("\xe2\x82\xac\tx\b \b\b\b\b\b\b\b\b\r\n");
  READ_ONCE(100, "\xe2\x82\xac\n");
  set_flags(OFF(IUTF8), NONE, NONE);
  TYPE(
      "a\xc3\xa9\x7f"
      "b\n");
  SHOWS("a\xc3\xa9\b \bb\r\n");
  READ_ONCE(100,
            "a\xc3"
            "b\n");
}

static void check_literal_and_reprint(void) {
  TYPE(
      "a\x16\x7f\x16\x04"
      "b\n");
  SHOWS("a^\b^?^\b^Db\r\n");
  READ_ONCE(100,
            "a\x7f\x04"
            "b\n");
  TYPE("a\x16\nb\n");
  SHOWS("a^\b^Jb\r\n");
  READ_ONCE(100, "a\nb\n");
  TYPE(
      "ab\x12"
      "c\n");
  SHOWS("ab^R\r\nabc\r\n");
  READ_ONCE(100, "abc\n");
}

static void check_echo(void) {
  TYPE("\x01\x1b\t\n");
  SHOWS("^A^[\t\r\n");
  READ_ONCE(100, "\x01\x1b\t\n");
  set_flags(NONE, NONE, OFF(ECHOCTL));
  TYPE(
      "\x01\x7f"
      "b\n");
  SHOWS(
      "\x01"
      "b\r\n");
  READ_ONCE(100, "b\n");
  set_flags(NONE, NONE, BOTH(ECHONL, ECHO));
  TYPE("secret\n");
  SHOWS("\r\n");
  READ_ONCE(100, "secret\n");
  set_flags(NONE, NONE, OFF(ECHO));
  TYPE("secret\n");
  READ_ONCE(100, "secret\n");
  SILENT(master);
  set_flags(NONE, NONE, OFF(ICANON));
  TYPE("a\x7f\x04\r");
  SHOWS("a^?^D\r\n");
  READS("a\x7f\x04\n");
  set_flags(OFF(ICRNL), NONE, OFF(ICANON));
  TYPE("\n\r");
  SHOWS("^J^M");
  READS("\n\r");
}

static void check_input_flags(void) {
  set_flags(OFF(ICRNL), NONE, NONE);
  TYPE("a\rb\n");
  SHOWS("a^Mb\r\n");
  READ_ONCE(100, "a\rb\n");
  set_flags(BOTH(IGNCR, 0), NONE, NONE);
  TYPE("a\rb\n");
  SHOWS("ab\r\n");
  READ_ONCE(100, "ab\n");
  set_flags(BOTH(INLCR, ICRNL), NONE, NONE);
  TYPE("a\n\x04");
  SHOWS("a^M");
  READ_ONCE(100, "a\r");
  set_flags(ON(ISTRIP), NONE, NONE);
  TYPE("\xe1\n");
  SHOWS("a\r\n");
  READ_ONCE(100, "a\n");
  set_flags(ON(IUCLC), NONE, NONE);
  TYPE("ABc\n");
  SHOWS("abc\r\n");
  READ_ONCE(100, "abc\n");
  set_flags(ON(PARMRK), NONE, NONE);
  TYPE("\xff\n");
  SHOWS("\xff\r\n");
  READ_ONCE(100, "\xff\xff\n");
}

static void check_output_flags(void) {
  PRINT("a\nb\r\tc\b");
  SHOWS("a\r\nb\r\tc\b");
  set_flags(NONE, OFF(OPOST), NONE);
  PRINT("a\nb\r\tc");
  SHOWS("a\nb\r\tc");
  set_flags(NONE, OFF(ONLCR), NONE);
  PRINT("a\nb");
  SHOWS("a\nb");
  set_flags(NONE, BOTH(OCRNL, ONLCR), NONE);
  PRINT("\ra\rb");
  SHOWS("\na\nb");
  set_flags(NONE, NONE, NONE);
  PRINT("\n");
  SHOWS("\r\n");
  set_flags(NONE, ON(ONOCR), NONE);
  PRINT("\rab\r\rc\n\r");
  SHOWS("ab\rc\r\n");
  set_flags(NONE, BOTH(ONOCR | ONLRET, ONLCR), NONE);
  PRINT("ab\n\rc\r");
  SHOWS("ab\nc\r");
  set_flags(NONE, ON(OLCUC), NONE);
  PRINT("ab\x01");
  SHOWS("AB\x01");
  set_flags(NONE, NONE, NONE);
  PRINT("\r");
  SHOWS("\r");
  set_flags(NONE, ON(XTABS), NONE);
  PRINT("\tab\tc\b\td\x01\t\n");
  SHOWS("        ab      c\b        d\x01       \r\n");
  set_flags(ON(IUTF8), ON(XTABS), NONE);
  PRINT("\xc3\xa9\t\n");
  SHOWS("\xc3\xa9       \r\n");
}

static void check_flow(void) {
  TYPE("\x13");
  CHECK(EVENTUALLY(!is_writable(slave)));
  CHECK_ERRNO(write(slave, "x", 1), EAGAIN);
  struct pollfd entry = {slave, POLLOUT, 0};
  CHECK_EQ(poll(&entry, 1, 0), 0);
  TYPE("ab");
  SILENT(master);
  TYPE("\x11");
  SHOWS("ab");
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);
  PRINT("y");
  SHOWS("y");
  TYPE("\n");
  SHOWS("\r\n");
  READ_ONCE(100, "ab\n");

  set_flags(ON(IXANY), NONE, NONE);
  TYPE("\x13");
  CHECK(EVENTUALLY(!is_writable(slave)));
  CHECK_ERRNO(write(slave, "x", 1), EAGAIN);
  TYPE("a\n");
  SHOWS("a\r\n");
  PRINT("y");
  SHOWS("y");
  READ_ONCE(100, "a\n");

  // Without IXON they are bytes, and turning it off lets the output go on.
  set_flags(NONE, NONE, NONE);
  TYPE("\x13");
  CHECK(EVENTUALLY(!is_writable(slave)));
  CHECK_ERRNO(write(slave, "x", 1), EAGAIN);
  set_flags(OFF(IXON), NONE, NONE);
  PRINT("y");
  SHOWS("y");
  TYPE("\x13\x11\n");
  SHOWS("^S^Q\r\n");
  READ_ONCE(100, "\x13\x11\n");

  CHECK_EQ(tcflow(slave, TCOOFF), 0);
  CHECK_ERRNO(write(slave, "x", 1), EAGAIN);
  set_flags(NONE, NONE, NONE);
  CHECK_ERRNO(write(slave, "x", 1), EAGAIN);
  // Keys do not undo what the program did with tcflow.
  TYPE("\x11");
  settle();
  CHECK_ERRNO(write(slave, "x", 1), EAGAIN);
  CHECK_EQ(tcflow(slave, TCOON), 0);
  PRINT("z");
  SHOWS("z");
  CHECK_EQ(tcflow(slave, TCIOFF), 0);
  CHECK_EQ(tcflow(slave, TCION), 0);
  SHOWS("\x13\x11");
  CHECK_ERRNO(ioctl(slave, TCXONC, 4), EINVAL);
}

static void check_flushing(void) {
  int waiting;
  TYPE("one\ntwo\nthr");
  SHOWS("one\r\ntwo\r\nthr");
  CHECK_EQ(ioctl(slave, FIONREAD, &waiting), 0);
  CHECK_EQ(waiting, 8);
  CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
  CHECK_EQ(ioctl(slave, FIONREAD, &waiting), 0);
  CHECK_EQ(waiting, 0);
  SILENT(slave);
  TYPE("x\n");
  SHOWS("x\r\n");
  READ_ONCE(100, "x\n");
  TYPE("gone\n");
  SHOWS("gone\r\n");
  CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &fresh), 0);
  SILENT(slave);
  PRINT("out");
  CHECK(EVENTUALLY(input_at(master) == 3));
  CHECK_EQ(ioctl(slave, TIOCOUTQ, &waiting), 0);
  CHECK_EQ(waiting, 0);
  CHECK_EQ(tcflush(master, TCIFLUSH), 0);
  SILENT(master);
  CHECK_ERRNO(ioctl(slave, TCFLSH, 3), EINVAL);
  CHECK_EQ(tcdrain(slave), 0);
  CHECK_EQ(tcsendbreak(slave, 0), 0);
}

// VMIN and VTIME: man 3 termios, "Canonical and noncanonical mode". The descriptor that waits is a separate one.
static void check_min_and_time(void) {
  char bytes[16];
  struct termios modes = fresh;
  int blocking = open(ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(blocking >= 0);
  cfmakeraw(&modes);
  modes.c_cc[VMIN] = 3;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  struct pollfd entry = {slave, POLLIN, 0};
  TYPE("ab");
  CHECK(EVENTUALLY(input_at(slave) == 2));
  CHECK_EQ(poll(&entry, 1, 0), 0);
  // A non-blocking read gets less.
  CHECK_EQ(read(slave, bytes, 16), 2);
  TYPE("abcd");
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);
  CHECK_EQ(read(blocking, bytes, 16), 4);
  TYPE("ab");
  CHECK_EQ(read(blocking, bytes, 2), 2);

  modes.c_cc[VTIME] = 1;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  TYPE("ab");
  CHECK_EQ(read(blocking, bytes, 16), 2);

  modes.c_cc[VMIN] = 0;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  CHECK_EQ(read(blocking, bytes, 16), 0);
  CHECK_ERRNO(read(slave, bytes, 16), EAGAIN);
  TYPE("ab");
  CHECK_EQ(read(blocking, bytes, 16), 2);
  modes.c_cc[VTIME] = 0;
  CHECK_EQ(tcsetattr(slave, TCSANOW, &modes), 0);
  CHECK_EQ(read(blocking, bytes, 16), 0);
  CHECK_EQ(read(slave, bytes, 16), 0);
  CHECK_EQ(poll(&entry, 1, 0), 0);
  close(blocking);
}

static void check_switching(void) {
  TYPE("left");
  SHOWS("left");
  SILENT(slave);
  set_flags(NONE, NONE, OFF(ICANON));
  READS("left");
  TYPE("raw");
  SHOWS("raw");
  // The echo comes first.
  CHECK(EVENTUALLY(input_at(slave) == 3));
  set_flags(NONE, NONE, NONE);
  READ_ONCE(100, "raw");
  SILENT(slave);
}

// Writes until there is no room, and none comes: Linux makes some when its thread has moved bytes to the other end.
static long long fill(int fd, const char *block, size_t size) {
  long long total = 0;
  for (int failed = 0; failed < 5 && total < 200000; settle()) {
    errno = 0;
    ssize_t n = write(fd, block, size);
    CHECK(n > 0 || errno == EAGAIN);
    failed = n > 0 ? 0 : failed + 1;
    total += n > 0 ? n : 0;
  }
  return total;
}

static void check_limits(void) {
  char block[1024], line[8192];
  int waiting;
  memset(block, 'x', sizeof(block));
  set_flags(NONE, NONE, OFF(ECHO));
  // Of a line, 4095 bytes and its end are kept; the rest is lost.
  for (int i = 0; i < 6; i++) {
    CHECK_EQ(write(master, block, sizeof(block)), sizeof(block));
    settle();
  }
  SILENT(slave);
  TYPE("yz\n");
  ssize_t n = 0;
  wait_input(slave, TIMEOUT_MS);
  CHECK_EQ(n = read(slave, line, sizeof(line)), 4096);
  if (n == 4096) CHECK(line[4094] == 'x' && line[4095] == '\n');
  SILENT(slave);

  // Without lines nothing is lost: the master has to wait.
  set_flags(NONE, NONE, OFF(ECHO | ICANON));
  long long typed = fill(master, block, sizeof(block));
  CHECK(typed >= 4095 && typed < 200000);
  struct pollfd entry = {master, POLLOUT, 0};
  CHECK_EQ(poll(&entry, 1, 0), 0);
  CHECK_EQ(ioctl(slave, FIONREAD, &waiting), 0);
  CHECK_EQ(waiting, 4095);
  long long got = 0;
  while (got < typed && (n = collect(slave, line, sizeof(line), (size_t)(typed - got))) > 0)
    got += n;
  CHECK_EQ(got, typed);
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);

  // Nor can the slave print without end.
  long long printed = fill(slave, block, sizeof(block));
  CHECK(printed >= 4095 && printed < 200000);
  entry.fd = slave;
  CHECK_EQ(poll(&entry, 1, 0), 0);
  got = 0;
  while (got < printed && (n = collect(master, line, sizeof(line), (size_t)(printed - got))) > 0)
    got += n;
  CHECK_EQ(got, printed);
  CHECK_EQ(poll(&entry, 1, TIMEOUT_MS), 1);
}

// A line keeps 4095 bytes and its end. The rest is shown, and discarded: each byte pushes out the one before it.
static void check_full_line(void) {
  enum { TYPED = 5000, KEPT = 4095 };
  static char typed[TYPED], got[2 * TYPED];
  int waiting = -1;
  for (int i = 0; i < TYPED; i++) typed[i] = (char)('!' + i % 90);
  CHECK_EQ(write(master, typed, TYPED), TYPED);
  CHECK_EQ(collect(master, got, sizeof(got), TYPED), TYPED);
  CHECK(memcmp(got, typed, TYPED) == 0);
  SILENT(slave);
  TYPE("\n");
  SHOWS("\r\n");
  CHECK_EQ(collect(slave, got, sizeof(got), KEPT + 1), KEPT + 1);
  CHECK(memcmp(got, typed, KEPT) == 0 && got[KEPT] == '\n');
  // Erasing begins at the last byte that was kept.
  CHECK_EQ(write(master, typed, TYPED), TYPED);
  CHECK_EQ(collect(master, got, sizeof(got), TYPED), TYPED);
  TYPE("\x7f\x7fyz\n");
  SHOWS("\b \b\b \byz\r\n");
  CHECK_EQ(collect(slave, got, sizeof(got), KEPT + 1), KEPT + 1);
  CHECK(memcmp(got, typed, KEPT - 2) == 0 && memcmp(got + KEPT - 2, "yz\n", 3) == 0);
  // What was discarded does not come back when lines are switched off.
  CHECK_EQ(write(master, typed, TYPED), TYPED);
  CHECK_EQ(collect(master, got, sizeof(got), TYPED), TYPED);
  set_flags(NONE, NONE, OFF(ICANON));
  CHECK_EQ(ioctl(slave, FIONREAD, &waiting), 0);
  CHECK_EQ(waiting, KEPT);
  CHECK_EQ(collect(slave, got, sizeof(got), KEPT), KEPT);
  CHECK(memcmp(got, typed, KEPT) == 0);
}

int main(void) {
  static void (*const checks[])(void) = {
      check_lines,
      check_end_of_file,
      check_other_ends,
      check_erasing,
      check_erase_modes,
      check_utf8,
      check_literal_and_reprint,
      check_echo,
      check_input_flags,
      check_output_flags,
      check_flow,
      check_flushing,
      check_min_and_time,
      check_switching,
      check_limits,
      check_full_line,
  };
  for (size_t i = 0; i < COUNT(checks); i++) check_fresh_pair(checks[i]);
  return finish();
}
