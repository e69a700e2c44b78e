import errno
import os
import resource
import signal
import threading

import seccomp

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def attempt(what, call):
    try:
        print(what, call())
    except OSError as error:
        print(what, errno.errorcode[error.errno])


def mkdir():
    return os.mkdir("never")


filters = seccomp.SyscallFilter(seccomp.ALLOW)
for name in "mkdir", "mkdirat":
    filters.add_rule(seccomp.ERRNO(errno.EXDEV), name)
filters.add_rule(seccomp.ERRNO(errno.EDOM), "write", seccomp.Arg(0, seccomp.EQ, 9))
filters.add_rule(seccomp.ERRNO(errno.EDOM), "lseek", seccomp.Arg(1, seccomp.GT, 1 << 40))
filters.add_rule(seccomp.TRAP, "sched_yield")
filters.add_rule(seccomp.KILL_PROCESS, "sync")
waiting = threading.Event()
started = threading.Thread(target=lambda: (waiting.wait(), attempt("thread", mkdir)))
started.start()
filters.set_attr(seccomp.Attr.CTL_TSYNC, 1)
filters.load()

attempt("mkdir", mkdir)
attempt("write", lambda: os.write(9, b"x"))
attempt("write", lambda: os.write(10, b"x"))
with open(__file__) as file:
    attempt("seek", lambda: os.lseek(file.fileno(), 1 << 40, os.SEEK_SET))
    attempt("seek", lambda: os.lseek(file.fileno(), 1 << 41, os.SEEK_SET))
waiting.set()
started.join()

signal.signal(signal.SIGSYS, lambda number, frame: print("handled", signal.Signals(number).name))
os.sched_yield()
child = os.fork()
if child == 0:
    attempt("child", mkdir)
    os._exit(os.system("mkdir again 2>/dev/null") != 0)
print(os.waitpid(child, 0)[1])
child = os.fork()
if child == 0:
    os.sync()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with open("/proc/self/status") as status:
    print([line.split() for line in status if line.startswith("Seccomp")])
