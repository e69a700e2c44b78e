// sysv-msg: System V message queues, as one process sees them: msgget(2), msgop(2), msgctl(2).
// not in CI's beds: emulation makes it slow
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

struct message {
  long type;
  char text[8200];
};

static int queue;
static struct message buffer;

static int send_text(long type, const char *text, int flags) {
  struct message message = {.type = type};
  strcpy(message.text, text);
  return msgsnd(queue, &message, strlen(text), flags);
}

// Receives, and is that the text?
static bool gives(long type, int flags, const char *text) {
  memset(&buffer, 0, sizeof buffer);
  ssize_t length = msgrcv(queue, &buffer, 100, type, flags | IPC_NOWAIT);
  return length == (ssize_t)strlen(text) && memcmp(buffer.text, text, length) == 0;
}

static void nothing(int signal) { (void)signal; }

static void order(void) {
  CHECK_EQ(send_text(3, "three", 0), 0);
  CHECK_EQ(send_text(1, "one", 0), 0);
  CHECK_EQ(send_text(2, "two", 0), 0);
  CHECK_EQ(send_text(1, "more", 0), 0);
  CHECK_EQ(send_text((1l << 60) + 1, "far", 0), 0);
  CHECK_EQ(send_text((1l << 60) + 2, "farther", 0), 0);
  CHECK(gives((1l << 60) + 2, 0, "farther"));
  CHECK_EQ(buffer.type, (1l << 60) + 2);
  CHECK(gives(2, 0, "two"));
  CHECK(gives(-2, 0, "one"));
  CHECK_EQ(buffer.type, 1);
  CHECK(gives(3, MSG_EXCEPT, "more"));
  CHECK_ERRNO(msgrcv(queue, &buffer, 100, 5, IPC_NOWAIT), ENOMSG);
  CHECK_ERRNO(msgrcv(queue, &buffer, 100, -2, IPC_NOWAIT), ENOMSG);
  CHECK(gives(0, 0, "three"));
  CHECK(gives(-__LONG_MAX__ - 1, 0, "far"));
  CHECK_ERRNO(msgrcv(queue, &buffer, 100, 0, IPC_NOWAIT), ENOMSG);
}

static void lengths(void) {
  CHECK_EQ(send_text(1, "too long", 0), 0);
  CHECK_ERRNO(msgrcv(queue, &buffer, 3, 0, 0), E2BIG);
  memset(&buffer, 0, sizeof buffer);
  CHECK_EQ(msgrcv(queue, &buffer, 3, 0, MSG_NOERROR), 3);
  CHECK(strcmp(buffer.text, "too") == 0);
  CHECK_ERRNO(msgrcv(queue, &buffer, 3, 0, MSG_NOERROR | IPC_NOWAIT), ENOMSG);
  CHECK_EQ(send_text(1, "", 0), 0);
  CHECK_EQ(msgrcv(queue, &buffer, 0, 0, 0), 0);
  buffer.type = 1;
  CHECK_EQ(msgsnd(queue, &buffer, 8192, 0), 0);
  CHECK_EQ(msgsnd(queue, &buffer, 8192, 0), 0);
  CHECK_ERRNO(msgsnd(queue, &buffer, 1, IPC_NOWAIT), EAGAIN);
  CHECK_EQ(msgsnd(queue, &buffer, 0, IPC_NOWAIT), 0);
  CHECK_EQ(msgrcv(queue, &buffer, 8192, 0, 0), 8192);
  CHECK_EQ(msgrcv(queue, &buffer, 8192, 0, 0), 8192);
  CHECK_EQ(msgrcv(queue, &buffer, 8192, 0, 0), 0);
}

// A kernel without CONFIG_CHECKPOINT_RESTORE has no MSG_COPY.
static void copies(void) {
  CHECK_EQ(send_text(9, "first", 0), 0);
  CHECK_EQ(send_text(9, "second", 0), 0);
  ssize_t length = msgrcv(queue, &buffer, 100, 1, MSG_COPY | IPC_NOWAIT);
  CHECK(length == 6 ? memcmp(buffer.text, "second", 6) == 0 : length == -1 && errno == ENOSYS);
  if (length == 6) {
    CHECK_ERRNO(msgrcv(queue, &buffer, 100, 2, MSG_COPY | IPC_NOWAIT), ENOMSG);
    CHECK_ERRNO(msgrcv(queue, &buffer, 100, 0, MSG_COPY), EINVAL);
    CHECK_ERRNO(msgrcv(queue, &buffer, 100, 0, MSG_COPY | IPC_NOWAIT | MSG_EXCEPT), EINVAL);
    // A copy is never cut; and its room is made from the buffer, whatever the message.
    CHECK_ERRNO(msgrcv(queue, &buffer, 2, 0, MSG_COPY | IPC_NOWAIT), E2BIG);
    CHECK_ERRNO(msgrcv(queue, &buffer, 2, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR), EINVAL);
    CHECK_ERRNO(msgrcv(queue, at_page_end(50, 0), 1000, 0, MSG_COPY | IPC_NOWAIT), EFAULT);
    CHECK_ERRNO(msgrcv(-1, &buffer, 100, 0, MSG_COPY | IPC_NOWAIT), EINVAL);
  }
  CHECK(gives(0, 0, "first"));
  CHECK(gives(0, 0, "second"));
}

static void waits(void) {
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, 0);
  struct itimerval often = {{0, 20000}, {0, 20000}}, off = {0};
  setitimer(ITIMER_REAL, &often, 0);
  CHECK_ERRNO(msgrcv(queue, &buffer, 100, 0, 0), EINTR);
  buffer.type = 1;
  while (msgsnd(queue, &buffer, 8000, IPC_NOWAIT) == 0) continue;
  CHECK_ERRNO(msgsnd(queue, &buffer, 8000, 0), EINTR);
  setitimer(ITIMER_REAL, &off, 0);
  while (msgrcv(queue, &buffer, 8192, 0, IPC_NOWAIT) >= 0) continue;
}

static void settings(void) {
  struct msqid_ds ds = {0};
  CHECK_EQ(send_text(1, "abcde", 0), 0);
  CHECK_EQ(msgctl(queue, IPC_STAT, &ds), 0);
  CHECK_EQ(ds.msg_qnum, 1);
  CHECK_EQ(ds.__msg_cbytes, 5);
  CHECK_EQ(ds.msg_lspid, getpid());
  CHECK_EQ(ds.msg_perm.mode, 0640);
  CHECK(ds.msg_stime >= time(0) - 60);
  ds.msg_qbytes = 6;
  ds.msg_perm.mode = 0600;
  CHECK_EQ(msgctl(queue, IPC_SET, &ds), 0);
  CHECK_ERRNO(send_text(1, "xy", IPC_NOWAIT), EAGAIN);
  memset(&ds, 0, sizeof ds);
  CHECK_EQ(msgctl(queue, IPC_STAT, &ds), 0);
  CHECK_EQ(ds.msg_qbytes, 6);
  CHECK_EQ(ds.msg_perm.mode, 0600);
  CHECK_EQ(ds.msg_lrpid, getpid());

  struct msginfo info;
  CHECK(msgctl(0, IPC_INFO, (struct msqid_ds *)&info) >= 0);
  CHECK(info.msgmax >= 1 && info.msgmnb >= 1 && info.msgmni >= 1);
  int highest = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);
  CHECK(highest >= 0 && info.msgpool >= 1 && info.msgmap >= 1 && info.msgtql >= 5);
  bool seen = false;
  for (int i = 0; i <= highest; i++) seen |= msgctl(i, MSG_STAT, &ds) == queue;
  CHECK(seen);

  FILE *file = fopen("/proc/sysvipc/msg", "r");
  REQUIRE(file);
  char line[512];
  seen = false;
  while (fgets(line, sizeof line, file)) {
    int key, id, bytes, count;
    unsigned mode;
    if (sscanf(line, "%d %d %o %d %d", &key, &id, &mode, &bytes, &count) == 5 && id == queue)
      seen = mode == 0600 && bytes == 5 && count == 1;
  }
  fclose(file);
  CHECK(seen);
}

static void errors(int key) {
  CHECK_EQ(msgget(key, 0), queue);
  CHECK_EQ(msgget(key, IPC_CREAT | 0600), queue);
  CHECK_ERRNO(msgget(key, IPC_CREAT | IPC_EXCL), EEXIST);
  CHECK_ERRNO(msgget(key + 1, 0600), ENOENT);
  CHECK_ERRNO(send_text(0, "x", 0), EINVAL);
  CHECK_ERRNO(send_text(-5, "x", 0), EINVAL);
  buffer.type = 1;
  CHECK_ERRNO(msgsnd(queue, &buffer, 8193, 0), EINVAL);
  CHECK_ERRNO(msgsnd(queue, &buffer, -1, 0), EINVAL);
  CHECK_ERRNO(msgsnd(-1, &buffer, 1, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_msgsnd, queue, (void *)8, 1, 0), EFAULT);
  CHECK_ERRNO(msgrcv(queue, &buffer, -1, 0, 0), EINVAL);
  CHECK_ERRNO(msgrcv(-1, &buffer, 1, 0, 0), EINVAL);
  CHECK_ERRNO(msgctl(queue, 99, 0), EINVAL);
  CHECK_ERRNO(msgctl(queue, -1, 0), EINVAL);
}

int main(void) {
  int key = 0x68760000 + getpid();
  queue = msgget(key, IPC_CREAT | IPC_EXCL | 0640);
  REQUIRE(queue >= 0);
  order();
  lengths();
  copies();
  waits();
  errors(key);
  settings();
  CHECK_EQ(msgctl(queue, IPC_RMID, 0), 0);
  CHECK_ERRNO(msgrcv(queue, &buffer, 1, 0, 0), EINVAL);
  return finish();
}
