# terminal-driver.py foreground|background COMMAND...: runs it as a job in a new pseudo-terminal, as a shell does, for pty.ts.
# Requests come as lines of JSON, and so do answers go.
#
# Requests: {"write": TEXT}, {"size": [ROWS, COLUMNS]}, {"modes": true}, {"hold": true}: nobody reads what is shown from now on,
#   {"foreground": true}: the job gets the terminal, {"signal": NUMBER}: to the job.
# Answers: {"pid": N}, {"output": TEXT}, {"modes": [...]}, {"stopped": SIGNAL}, {"status": N, negative for a signal}.

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def modes(fd):
    *flags, characters = termios.tcgetattr(fd)
    return [*flags, [c if isinstance(c, int) else c[0] for c in characters]]


def start(slave, job, command):
    pid = os.fork()
    # Both, because either may be first, and the command may have been executed already.
    try:
        os.setpgid(pid, pid)
    except PermissionError:
        pass
    if pid > 0:
        return pid
    if job == "foreground":
        os.tcsetpgrp(slave, os.getpid())
    for fd in range(3):
        os.dup2(slave, fd)
    os.closerange(3, 256)
    # Python ignores the one, and the shell the other.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execvp(command[0], command)


class Driver:
    def __init__(self, job, *command):
        os.setsid()
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        # A job that ends hangs up nothing here.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        self.resize(24, 80)
        self.held = False
        self.pid = start(self.slave, job, command)
        say({"pid": self.pid})

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def obey(self, request):
        if "write" in request:
            os.write(self.master, request["write"].encode("latin-1"))
        if "size" in request:
            self.resize(*request["size"])
        if "modes" in request:
            say({"modes": modes(self.slave)})
        if "hold" in request:
            self.held = True
        if "foreground" in request:
            os.tcsetpgrp(self.slave, self.pid)
        if "signal" in request:
            os.killpg(self.pid, request["signal"])

    def show(self, timeout):
        while not self.held and select.select([self.master], [], [], timeout)[0]:
            say({"output": os.read(self.master, 65536).decode("latin-1")})

    def reap(self):
        done, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        if done == 0:
            return True
        self.show(0)
        if os.WIFSTOPPED(status):
            say({"stopped": os.WSTOPSIG(status)})
            return True
        say({"status": os.waitstatus_to_exitcode(status)})
        return False

    def run(self):
        pending, lives = b"", True
        while True:
            watched = [0] if self.held else [0, self.master]
            ready, _, _ = select.select(watched, [], [], 0.02)
            self.show(0)
            if 0 in ready:
                chunk = os.read(0, 65536)
                if not chunk:
                    break
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    self.obey(json.loads(line))
            lives = lives and self.reap()
        if lives:
            os.killpg(self.pid, signal.SIGKILL)


Driver(*sys.argv[1:]).run()
