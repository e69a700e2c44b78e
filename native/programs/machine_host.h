// machine_host.h: how machine_init.c talks to its host: over vsock(7), or through the console when it cannot go on.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <time.h>

#include "machine_init.h"
#include "no_libc.h"

enum { kComplaintBytes = 1 << 15, kConnectSeconds = 60 };

static _Noreturn void PowerOff(void) {
  Call(SYS_sync, 0);
  for (;;)
    Call(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
}

// The host shows its user the last lines of the console.
static void Complain(const char* what, const char* of, long error) {
  char text[kComplaintBytes];
  char* end = Append(Append(Append(text, "hv-init: "), what), of);
  end = Append(AppendNumber(Append(end, ": errno "), (unsigned long)error), "\n");
  Call(SYS_write, 1, text, end - text);
}

enum { kFirstProcess = 1 };

// A machine without its first process, or a program without its relay.
static _Noreturn void GiveUp(void) {
  if (Call(SYS_getpid, 0) == kFirstProcess) PowerOff();
  Exit(1);
}

static _Noreturn void Fail(const char* what, const char* of, long error) {
  Complain(what, of, error);
  GiveUp();
}

// A negative errno: the host refuses the connection.
static long TryConnect(unsigned port) {
  const long fd = Call(SYS_socket, AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const struct timeval timeout = {kConnectSeconds, 0};
  Call(SYS_setsockopt, fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &timeout, sizeof(timeout));
  const struct sockaddr_vm host = {
      .svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_HOST};
  const long result = Call(SYS_connect, fd, &host, sizeof(host));
  if (result == 0) return fd;
  Call(SYS_close, fd);
  return result;
}

static int Connect(unsigned port) {
  const long fd = TryConnect(port);
  if (fd < 0) Fail("connect ", "AF_VSOCK", -fd);
  return (int)fd;
}

static void Read(int fd, void* to, long bytes) {
  for (long done = 0; done < bytes;) {
    const long got = Call(SYS_read, fd, (char*)to + done, bytes - done);
    if (got == -EINTR) continue;
    // The host is gone, or no longer wants this machine, or program.
    if (got <= 0) GiveUp();
    done += got;
  }
}

// How readily Linux kills a process for lack of memory (proc_pid_oom_score_adj(5)): hv's own only when no program is left, as without
// any process that may be killed the kernel panics. `proc` is a descriptor of procfs: a program may take /proc away.
#define OWN_OOM_SCORE "-999"
#define PROGRAM_OOM_SCORE "0"

// A negative errno, or what was written.
static long SetOomScore(int proc, const char* score) {
  const long file = Call(SYS_openat, proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return file;
  const long result = Call(SYS_write, file, score, Length(score));
  Call(SYS_close, file);
  return result;
}

static void Tell(int control, unsigned kind, unsigned value) {
  const struct News news = {kind, value};
  Call(SYS_write, control, &news, sizeof(news));
}
