# container.py PROFILE strict|as-is UID COMMAND...: runs a command as a container's runtime would: its seccomp profile, its capabilities, a user.
#
# PROFILE is in the format of Docker and Podman, whose profiles have one origin. `strict`: what Docker's keeps for CAP_SYS_ADMIN is
# kept for it here, too, where Podman's lets everybody have namespaces and mounts. By libseccomp, as the runtimes do it.

import ctypes
import json
import os
import platform
import sys

ALLOW, ENOSYS, EPERM, NNP = 0x7FFF0000, 38, 1, 3
COMPARE = {"SCMP_CMP_NE": 1, "SCMP_CMP_EQ": 4, "SCMP_CMP_MASKED_EQ": 7}
# What both give a container's root.
CAPABILITIES = [
    "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "sys_chroot", "setfcap",
]
OF_SYS_ADMIN = {
    "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
    "open_tree", "perf_event_open", "pivot_root", "setns", "umount", "umount2", "unshare",
}
NEW_NAMESPACES = 0x7E020000


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def error(number):
    return 0x00050000 | number


def has(capabilities):
    return all(name.removeprefix("CAP_").lower() in CAPABILITIES for name in capabilities)


def applies(rule):
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    if not has(includes.get("caps") or []) or machine not in (includes.get("arches") or [machine]):
        return False
    return not (excludes.get("caps") and has(excludes["caps"])) and machine not in (excludes.get("arches") or [])


def load(profile, is_strict):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(error(EPERM))))
    library.seccomp_attr_set(context, NNP, 0)

    def add(action, name, arguments=()):
        number = library.seccomp_syscall_resolve_name(name.encode())
        comparisons = (Comparison * max(1, len(arguments)))(*arguments)
        if number >= 0:
            library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(arguments), comparisons)

    for rule in filter(applies, profile["syscalls"]):
        if rule["action"] != "SCMP_ACT_ALLOW":
            continue
        arguments = [
            Comparison(each["index"], COMPARE[each["op"]], each["value"], each.get("valueTwo", 0)) for each in rule.get("args") or []
        ]
        for name in rule["names"]:
            if not (is_strict and name in OF_SYS_ADMIN):
                add(ALLOW, name, arguments)
    if is_strict:
        add(ALLOW, "clone", [Comparison(0, COMPARE["SCMP_CMP_MASKED_EQ"], NEW_NAMESPACES, 0)])
        add(error(ENOSYS), "clone3")
    result = library.seccomp_load(context)
    if result != 0:
        sys.exit(f"seccomp_load: {os.strerror(-result)}")


path, kind, uid, *command = sys.argv[1:]
with open(path) as file:
    load(json.load(file), kind == "strict")
bounding = ",".join(["-all", *("+" + name for name in CAPABILITIES)])
user = [] if uid == "0" else [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
os.execvp("setpriv", ["setpriv", f"--bounding-set={bounding}", *user, *command])
