// machine_init.c: the first process of a kernel's machine that runs programs: mounts their tree, and forks a relay for each, which starts
// the program and hands its streams, its signals and its end on over vsock(7). src/machine/program is the other side.
//
// The initramfs has /hv/init, which is this; /hv/root, where the tree is mounted; /hv/mounts and /hv/cards (machine_init.h); and
// /hv/modules, names of kernel modules, one per line in loading order, beside the modules themselves. Built without a C library, of which only constants are used here: build_program.sh.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include "machine_core.h"
#include "machine_relay.h"

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

enum { kListBytes = 1 << 14, kCoreArguments = 3 };

static void Mount(const char* type, const char* source, const char* at, const char* options) {
  Call(SYS_mkdirat, AT_FDCWD, at, 0755);
  const long result = Call(SYS_mount, source, at, type, MS_NOSUID, options);
  if (result < 0) Fail("mount ", type, -result);
}

static void LoadModule(const char* name) {
  char path[kListBytes + 8];
  const char* end = Append(Append(path, "/hv/"), name);
  const int is_plain = end[-3] == '.' && end[-2] == 'k' && end[-1] == 'o';
  const long file = Call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  long result = file;
  if (file >= 0) {
    result = Call(SYS_finit_module, file, "", is_plain ? 0 : MODULE_INIT_COMPRESSED_FILE);
    Call(SYS_close, file);
  }
  // Only complains: the module may not be needed, and what needs it reports a failure itself.
  if (result < 0 && result != -EEXIST) Complain("load ", name, -result);
}

static void LoadModules(void) {
  char names[kListBytes];
  const long file = Call(SYS_openat, AT_FDCWD, "/hv/modules", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  const long length = Call(SYS_read, file, names, sizeof(names));
  Call(SYS_close, file);
  char* name = names;
  for (char* at = names; at < names + length; at++) {
    if (*at != '\n') continue;
    *at = '\0';
    LoadModule(name);
    name = at + 1;
  }
}

static void EnterTree(void) {
  // The machine's own tree: its set-user-ID bits count.
  const long mounted = Call(SYS_mount, "hv-root", "/hv/root", "virtiofs", 0, 0);
  if (mounted < 0) Fail("mount ", "virtiofs", -mounted);
  Call(SYS_chdir, "/hv/root");
  Mount("proc", "proc", "proc", 0);
  Mount("sysfs", "sysfs", "sys", 0);
  Mount("devtmpfs", "dev", "dev", 0);
  Mount("devpts", "devpts", "dev/pts", "gid=5,mode=620,ptmxmode=666");
  Mount("tmpfs", "shm", "dev/shm", "mode=1777");
  Call(SYS_symlinkat, "/proc/self/fd", AT_FDCWD, "dev/fd");
  Call(SYS_symlinkat, "fd/0", AT_FDCWD, "dev/stdin");
  Call(SYS_symlinkat, "fd/1", AT_FDCWD, "dev/stdout");
  Call(SYS_symlinkat, "fd/2", AT_FDCWD, "dev/stderr");
  const long moved = Call(SYS_mount, ".", "/", 0, MS_MOVE, 0);
  if (moved < 0) Fail("mount ", "/", -moved);
  Call(SYS_chroot, ".");
  Call(SYS_chdir, "/");
}

// All of them are one file system, which itself refuses what may not be written: this makes programs see it.
static void MountPlaces(long list) {
  char places[kMountsBytes];
  const long length = Call(SYS_read, list, places, sizeof(places));
  for (const char* at = places; at < places + length; at += Length(at) + 1) {
    const char* path = at + 1;
    const int is_root = path[1] == '\0';
    const int flags = at[0] == 'r' ? MS_RDONLY : 0;
    long result = is_root ? 0 : Call(SYS_mount, path, path, 0, MS_BIND, 0);
    if (result == 0) result = Call(SYS_mount, 0, path, 0, MS_REMOUNT | MS_BIND | flags, 0);
    if (result < 0) Complain("mount ", path, -result);
  }
  Call(SYS_close, list);
}

static long SetAddress(long any, unsigned command, struct ifreq* request, uint32_t address) {
  struct sockaddr_in* const to = (struct sockaddr_in*)&request->ifr_addr;
  to->sin_family = AF_INET;
  to->sin_addr.s_addr = address;
  return Call(SYS_ioctl, any, command, request);
}

static void RaiseInterface(long any, const char* name, const struct Card* card) {
  struct ifreq request = {.ifr_flags = 0};
  Append(request.ifr_name, name);
  long result = 0;
  if (card->address != 0) result = SetAddress(any, SIOCSIFADDR, &request, card->address);
  if (result == 0 && card->address != 0)
    result = SetAddress(any, SIOCSIFNETMASK, &request, card->mask);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (result == 0) result = Call(SYS_ioctl, any, SIOCSIFFLAGS, &request);
  if (result == 0 && card->gateway != 0) {
    struct rtentry route;
    // An initializer would be a call of memset(3).
    for (unsigned long at = 0; at < sizeof(route); at++) ((char*)&route)[at] = 0;
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    ((struct sockaddr_in*)&route.rt_dst)->sin_family = AF_INET;
    ((struct sockaddr_in*)&route.rt_genmask)->sin_family = AF_INET;
    struct sockaddr_in* const by = (struct sockaddr_in*)&route.rt_gateway;
    by->sin_family = AF_INET;
    by->sin_addr.s_addr = card->gateway;
    result = Call(SYS_ioctl, any, SIOCADDRT, &route);
  }
  if (result < 0) Complain("network ", name, -result);
}

static void RaiseNetwork(long list) {
  const long any = Call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return;
  const struct Card none = {0, 0, 0};
  struct Card cards[kMostCards];
  RaiseInterface(any, "lo", &none);
  const long length = Call(SYS_read, list, cards, sizeof(cards));
  for (long index = 0; index < length / (long)sizeof(cards[0]); index++) {
    char name[IFNAMSIZ];
    AppendNumber(Append(name, "eth"), (unsigned long)index);
    RaiseInterface(any, name, &cards[index]);
  }
  Call(SYS_close, list);
  Call(SYS_close, any);
}

// For this process and each relay, which inherits it. Returns procfs.
static int StayLast(void) {
  const long proc = Call(SYS_openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) Fail("open ", "/proc", -proc);
  const long result = SetOomScore((int)proc, OWN_OOM_SCORE);
  if (result < 0) Complain("write ", "oom_score_adj", -result);
  return (int)proc;
}

static long OpenList(const char* path) {
  return Call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

// Splits the texts of an order, each ended by a zero: the host is trusted. Returns where the next text begins.
static char* Split(char* text, uint32_t count, char** into) {
  for (uint32_t at = 0; at < count; at++) {
    into[at] = text;
    text += Length(text) + 1;
  }
  into[count] = 0;
  return text;
}

// The relay of one program.
static _Noreturn void Run(const struct Key* key, int proc) {
  char rest[kOrderBytes];
  char* arguments[kMostTexts + 1];
  char* variables[kMostTexts + 1];
  struct Relay relay;
  struct Order order;
  const int control = ConnectFor(key, kControlPort);
  Read(control, &order, sizeof(order));
  if (order.bytes > kOrderBytes || order.groups > kMostGroups || order.arguments > kMostTexts ||
      order.variables > kMostTexts)
    Fail("order", "", E2BIG);
  Read(control, rest, order.bytes);
  char* name = rest + order.groups * sizeof(uint32_t);
  char* directory = name + Length(name) + 1;
  Split(Split(directory + Length(directory) + 1, order.arguments, arguments), order.variables,
        variables);
  Call(SYS_sethostname, name, Length(name));
  if (order.wants_core) AskForCores();

  struct Program program = {.directory = directory,
                            .arguments = arguments,
                            .environment = variables,
                            .groups = (const uint32_t*)rest,
                            .order = &order,
                            .key = key,
                            .proc = proc};
  Call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
  relay.control = control;
  relay.children = ListenForChildren();
  Lay(&relay, &program);
  Begin(&relay, &program);
  const int status = Serve(&relay);
  Drain(&relay);
  EndChildren();
  Call(SYS_sync, 0);
  Tell(control, kEnded, (unsigned)status);
  AwaitHost(control);
}

static _Noreturn void StartPrograms(int machine, int proc) {
  const int children = ListenForChildren();
  for (;;) {
    struct pollfd ready[2] = {{machine, POLLIN, 0}, {children, POLLIN, 0}};
    if (Call(SYS_ppoll, ready, 2, 0, 0, 0) < 0) continue;
    if (ready[1].revents != 0) CollectAll(children);
    if (ready[0].revents == 0) continue;
    struct Key key;
    Read(machine, &key, sizeof(key));
    const long relay = Call(SYS_clone, SIGCHLD);
    if (relay < 0) {
      const struct Refusal refusal = {key, (uint32_t)-relay};
      Call(SYS_write, machine, &refusal, sizeof(refusal));
    }
    if (relay != 0) continue;
    Call(SYS_close, machine);
    Call(SYS_close, children);
    Run(&key, proc);
  }
}

__attribute__((used)) static _Noreturn void Main(long* stack) {
  if (Call(SYS_getpid, 0) != kFirstProcess) {
    if (*stack < kCoreArguments) Exit(1);
    HandCoreOn((char**)(stack + 1));
  }
  LoadModules();
  // No path leads there from the tree.
  const long mounts = OpenList("/hv/mounts");
  const long cards = OpenList("/hv/cards");
  EnterTree();
  MountPlaces(mounts);
  RaiseNetwork(cards);
  const int proc = StayLast();
  StartPrograms(Connect(kMachinePort), proc);
}

START_OF(Main);
