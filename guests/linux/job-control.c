// job-control: sessions, foreground and background jobs on a pseudo-terminal: stops, keys, orphans, hang-ups. man 4 tty, credentials(7).
// not in CI's beds: emulation makes it slow
#include <sys/wait.h>

#include "pty.h"

// What all processes of a check share.
static volatile struct shared {
  int failures, seen[NSIG], step;
} *shared;

static void on_signal(int signal) { shared->seen[signal]++; }

static void watch(int signal) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  CHECK_EQ(sigaction(signal, &action, NULL), 0);
}

static bool comes(volatile int *value, int wanted) {
  (void)EVENTUALLY(*value >= wanted);
  return *value == wanted;
}

static void begin_step(void) {
  memset((void *)shared->seen, 0, sizeof(shared->seen));
  shared->step = 0;
}

static void leave(void) {
  shared->failures += failures;
  _exit(0);
}

static void take_foreground(void) { CHECK_EQ(tcsetpgrp(slave, getpgrp()), 0); }

// From the background, where SIGTTOU would stop a process that does this.
static void come_forward(void) {
  signal(SIGTTOU, SIG_IGN);
  take_foreground();
}

// A job in a group of its own, in the foreground or not, that does this work and ends.
static pid_t start_job(void (*work)(void), pid_t group, bool foreground) {
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    failures = 0;
    setpgid(0, group);
    if (foreground) come_forward();
    signal(SIGTTOU, SIG_DFL);
    work();
    leave();
  }
  setpgid(pid, group);
  if (foreground) tcsetpgrp(slave, group ? group : pid);
  return pid;
}

static int wait_for(pid_t pid) {
  int status = -1;
  CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
  return status;
}

#define STOPPED_BY(pid, signal) \
  do { \
    int status_ = wait_for(pid); \
    CHECK(WIFSTOPPED(status_) && WSTOPSIG(status_) == (signal)); \
  } while (0)
#define ENDED_BY(pid, signal) \
  do { \
    int status_ = wait_for(pid); \
    CHECK(WIFSIGNALED(status_) && WTERMSIG(status_) == (signal)); \
  } while (0)
#define ENDED(pid) \
  do { \
    int status_ = wait_for(pid); \
    CHECK(WIFEXITED(status_) && WEXITSTATUS(status_) == 0); \
  } while (0)

static void pause_for_ever(void) {
  shared->step++;
  for (;;) pause();
}

static void check_keys(void) {
  begin_step();
  pid_t background = start_job(pause_for_ever, 0, false);
  pid_t first = start_job(pause_for_ever, 0, true);
  pid_t second = start_job(pause_for_ever, first, true);
  CHECK(comes(&shared->step, 3));
  CHECK_EQ(tcgetpgrp(slave), first);
  TYPE("\x1a");
  STOPPED_BY(first, SIGTSTP);
  STOPPED_BY(second, SIGTSTP);
  CHECK_EQ(waitpid(background, NULL, WUNTRACED | WNOHANG), 0);
  take_foreground();
  CHECK_EQ(tcsetpgrp(slave, first), 0);
  CHECK_EQ(kill(-first, SIGCONT), 0);
  TYPE("\x03");
  ENDED_BY(first, SIGINT);
  ENDED_BY(second, SIGINT);
  CHECK_EQ(waitpid(background, NULL, WUNTRACED | WNOHANG), 0);
  take_foreground();
  kill(background, SIGKILL);
  ENDED_BY(background, SIGKILL);
  SHOWS("^Z^C");
}

static void read_line(void) {
  char line[16];
  int fd = open("/dev/tty", O_RDWR);
  shared->step++;
  ssize_t n = read(fd, line, sizeof(line));
  CHECK(n == 3 && memcmp(line, "in\n", 3) == 0);
  close(fd);
}

static void check_reading(void) {
  begin_step();
  pid_t reader = start_job(read_line, 0, false);
  STOPPED_BY(reader, SIGTTIN);
  // Meanwhile the input is the shell's; continued in the background, the job stops again.
  TYPE("mine\n");
  READ_ONCE(16, "mine\n");
  kill(reader, SIGCONT);
  STOPPED_BY(reader, SIGTTIN);
  CHECK_EQ(tcsetpgrp(slave, reader), 0);
  kill(reader, SIGCONT);
  TYPE("in\n");
  ENDED(reader);
  take_foreground();
  SHOWS("mine\r\nin\r\n");
}

static void read_ignoring(void) {
  char byte;
  signal(SIGTTIN, SIG_IGN);
  CHECK_ERRNO(read(slave, &byte, 1), EIO);
}

static void read_handling(void) {
  char byte;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTTIN, &action, NULL);
  CHECK_ERRNO(read(slave, &byte, 1), EINTR);
  CHECK_EQ(shared->seen[SIGTTIN], 1);
}

static void print_something(void) { CHECK_EQ(write(slave, "out", 3), 3); }

static void print_ignoring(void) {
  signal(SIGTTOU, SIG_IGN);
  print_something();
}

static void change_modes(void) {
  CHECK_EQ(tcsetattr(slave, TCSANOW, &fresh), 0);
  CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
}

static void change_ignoring(void) {
  signal(SIGTTOU, SIG_IGN);
  change_modes();
}

static void check_background(void) {
  begin_step();
  ENDED(start_job(read_ignoring, 0, false));
  ENDED(start_job(read_handling, 0, false));
  ENDED(start_job(print_something, 0, false));
  SHOWS("out");
  set_flags(NONE, NONE, ON(TOSTOP));
  ENDED(start_job(print_ignoring, 0, false));
  SHOWS("out");
  void (*const stopping[])(void) = {print_something, change_modes, take_foreground};
  for (size_t i = 0; i < COUNT(stopping); i++) {
    set_flags(NONE, NONE, ON(TOSTOP));
    pid_t job = start_job(stopping[i], 0, false);
    STOPPED_BY(job, SIGTTOU);
    CHECK_EQ(tcsetpgrp(slave, job), 0);
    kill(job, SIGCONT);
    ENDED(job);
    take_foreground();
  }
  SHOWS("out");
  ENDED(start_job(change_ignoring, 0, false));
  set_flags(NONE, NONE, NONE);
}

static void check_groups(void) {
  begin_step();
  pid_t other = start_job(pause_for_ever, 0, false);
  CHECK(comes(&shared->step, 1));
  CHECK_EQ(tcsetpgrp(slave, other), 0);
  CHECK_EQ(tcgetpgrp(slave), other);
  CHECK_EQ(tcgetpgrp(master), other);
  take_foreground();
  CHECK_ERRNO(tcsetpgrp(slave, getppid()), EPERM);
  struct winsize size = {1, 2, 0, 0};
  watch(SIGWINCH);
  CHECK_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  CHECK(comes(&shared->seen[SIGWINCH], 1));
  kill(other, SIGKILL);
  ENDED_BY(other, SIGKILL);
}

static void orphan_work(void) {
  char byte;
  // Waits until its parent is gone, and has been waited for.
  CHECK(comes(&shared->step, 2));
  CHECK_ERRNO(read(slave, &byte, 1), EIO);
  CHECK_ERRNO(tcsetattr(slave, TCSANOW, &fresh), EIO);
  CHECK_ERRNO(tcsetpgrp(slave, getpgrp()), ENOTTY);
  shared->step = 3;
  leave();
}

// A job whose parent ends has nobody to continue it.
static void leave_orphan(void) {
  pid_t pid = fork();
  if (pid == 0) {
    failures = 0;
    setpgid(0, 0);
    orphan_work();
  }
  setpgid(pid, pid);
}

static void stopped_orphan(void) {
  pid_t pid = fork();
  if (pid == 0) {
    failures = 0;
    setpgid(0, 0);
    watch(SIGHUP);
    watch(SIGCONT);
    shared->step = 1;
    raise(SIGSTOP);
    CHECK(comes(&shared->seen[SIGHUP], 1) && comes(&shared->seen[SIGCONT], 1));
    shared->step = 3;
    leave();
  }
  setpgid(pid, pid);
  int status;
  CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
}

static void check_orphans(void) {
  begin_step();
  ENDED(start_job(leave_orphan, 0, false));
  shared->step = 2;
  CHECK(comes(&shared->step, 3));
  begin_step();
  ENDED(start_job(stopped_orphan, 0, false));
  CHECK(comes(&shared->step, 3));
}

// Ends the session's leader, which frees its terminal.
static void check_leader_end(void) {
  begin_step();
  pid_t job = fork();
  if (job == 0) {
    failures = 0;
    setpgid(0, 0);
    come_forward();
    watch(SIGHUP);
    watch(SIGCONT);
    shared->step = 1;
    CHECK(comes(&shared->seen[SIGHUP], 1));
    usleep(20000);
    CHECK_EQ(shared->seen[SIGCONT], 0);
    CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
    CHECK_ERRNO(tcgetpgrp(slave), ENOTTY);
    shared->step = 2;
    leave();
  }
  CHECK(comes(&shared->step, 1));
  leave();
}

static void check_free(void) {
  CHECK_EQ(tcgetpgrp(slave), getpgrp());
  CHECK_EQ(tcgetsid(slave), getpid());
}

// A hang-up signals the leader; the leader's end signals the foreground.
static void check_hang_up(void) {
  begin_step();
  watch(SIGHUP);
  watch(SIGCONT);
  pid_t job = fork();
  if (job == 0) {
    failures = 0;
    setpgid(0, 0);
    come_forward();
    signal(SIGHUP, SIG_DFL);
    close(master);
    shared->step = 1;
    for (;;) pause();
  }
  CHECK(comes(&shared->step, 1));
  close(master);
  shared->step = 2;
  CHECK(comes(&shared->seen[SIGHUP], 1) && comes(&shared->seen[SIGCONT], 1));
  usleep(20000);
  CHECK_EQ(waitpid(job, NULL, WNOHANG), 0);
  char byte;
  CHECK_EQ(read(slave, &byte, 1), 0);
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  shared->step = job;
  leave();
}

// Runs in a session of its own with the slave as its terminal.
static void in_session(void (*work)(void), bool keeps_master) {
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    failures = 0;
    CHECK_EQ(setsid(), getpid());
    int fd = open(ptsname(master), O_RDWR);
    CHECK(fd >= 0);
    close(fd);
    signal(SIGTTOU, SIG_IGN);
    work();
    leave();
  }
  if (!keeps_master) close(master);
  ENDED(pid);
}

static void in_new_pair(void (*work)(void)) {
  open_pair();
  CHECK_EQ(tcgetattr(slave, &fresh), 0);
  in_session(work, true);
  close_pair();
}

int main(void) {
  shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  in_new_pair(check_keys);
  in_new_pair(check_reading);
  in_new_pair(check_background);
  in_new_pair(check_groups);
  in_new_pair(check_orphans);

  open_pair();
  CHECK_EQ(tcgetattr(slave, &fresh), 0);
  in_session(check_leader_end, true);
  CHECK(comes(&shared->step, 2));
  in_session(check_free, true);
  close_pair();

  open_pair();
  in_session(check_hang_up, false);
  pid_t job = shared->step;
  CHECK(EVENTUALLY(kill(job, 0) < 0));
  CHECK_ERRNO(kill(job, 0), ESRCH);
  failures += shared->failures;
  return finish();
}
