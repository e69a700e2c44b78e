# terminal-cases.py SETTLE: does what the cases on standard input say to a pseudo-terminal of this Linux's, and prints what came of it.
#
# A case: {"modes": [iflag, oflag, lflag, vmin, vtime], "steps": [["type", TEXT], ["print", TEXT], ["show", N], ["read", N],
# ["modes", [...]]]}. Its outcome: for each step a number, or the text read, or null where there was nothing.

import fcntl
import json
import os
import select
import sys
import termios
import time

# Seconds after each step: Linux moves what is written to the other end on a thread of its own.
SETTLE = float(sys.argv[1])


def set_modes(slave, modes):
    now = termios.tcgetattr(slave)
    now[0], now[1], now[3] = modes[:3]
    now[6][termios.VMIN], now[6][termios.VTIME] = modes[3:]
    termios.tcsetattr(slave, termios.TCSANOW, now)


def attempt(action):
    try:
        return action()
    except BlockingIOError:
        return None


def events(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN | select.POLLOUT)
    return sum(mask for _, mask in poll.poll(0))


def step(master, slave, what, argument):
    if what == "type":
        return os.write(master, argument.encode("latin-1"))
    if what == "print":
        return attempt(lambda: os.write(slave, argument.encode("latin-1")))
    if what == "modes":
        return set_modes(slave, argument)
    end = master if what == "show" else slave
    found = attempt(lambda: os.read(end, argument))
    return None if found is None else found.decode("latin-1")


def run(case):
    master, slave = os.openpty()
    for fd in (master, slave):
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
    set_modes(slave, case["modes"])
    outcome = []
    for what, argument in case["steps"]:
        found = step(master, slave, what, argument)
        time.sleep(SETTLE)
        outcome.append([found, events(master), events(slave)])
    os.close(slave)
    os.close(master)
    return outcome


print(json.dumps([run(case) for case in json.load(sys.stdin)]))
