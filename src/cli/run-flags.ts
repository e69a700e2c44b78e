// The flags of `hv run`: one table for oclif's help and manifest and for the quick reader.

import {PATCH_CHOICES} from '../launch/options.ts'

export interface RunFlag {
  name: string
  /** One letter: `-o`. */
  short?: string
  /** `switch`: takes no value. `value`: needs one. `optional`: takes one only as `--name=VALUE`. */
  kind: 'switch' | 'value' | 'optional'
  /** May be given more than once. */
  repeat?: boolean
  /** The only values allowed. */
  options?: readonly string[]
  default?: string
  /** The name of its value in the help. */
  placeholder?: string
  summary: string
}

/** For a kernel's machine only: commands that watch system calls do not take them. */
export const OF_KERNELS: readonly string[] = [
  'kernel',
  'initrd',
  'modules',
  'append',
  'share',
  'net',
  'reboot',
]

export const RUN_FLAGS: readonly RunFlag[] = [
  {
    name: 'platform',
    kind: 'value',
    options: ['auto', 'kvm', 'ptrace'],
    default: 'auto',
    summary: 'what runs the guest',
  },
  {
    name: 'machine',
    kind: 'value',
    options: ['linux', 'bare'],
    summary: 'run PROGRAM as a Linux program or as a bare-metal guest; default: what the file says',
  },
  {
    name: 'root',
    kind: 'value',
    placeholder: 'DIR|TAR',
    summary:
      "directory or tar archive to show as the guest's /, never written to; PROGRAM is looked up in it",
  },
  {
    name: 'image',
    kind: 'value',
    placeholder: 'DIR|TAR[:NAME]',
    summary:
      "OCI image layout, or what docker save wrote, to show as the guest's /; its entry point runs, or else PROGRAM, as the user and in the environment that the image names",
  },
  {
    name: 'entrypoint',
    kind: 'value',
    placeholder: 'PROGRAM',
    summary: "run PROGRAM in place of the image's entry point and its arguments",
  },
  {
    name: 'kernel',
    kind: 'value',
    placeholder: 'FILE',
    summary:
      'boot this Linux kernel in a machine of its own: a bzImage, vmlinuz or vmlinux, an Image of arm64',
  },
  {name: 'initrd', kind: 'value', placeholder: 'FILE', summary: "the kernel's initramfs"},
  {
    name: 'modules',
    kind: 'value',
    placeholder: 'DIR',
    summary:
      "with --kernel and --root, --image or --with-libs: the kernel's modules; default: /lib/modules/RELEASE, for a kernel named vmlinuz-RELEASE",
  },
  {
    name: 'share',
    kind: 'value',
    repeat: true,
    placeholder: 'DIR:TAG[:ro|rw][:9p]',
    summary:
      'a host directory for the kernel to mount, ro (the default) or rw: mount -t virtiofs TAG PLACE, or with :9p over 9P; may be repeated',
  },
  {
    name: 'append',
    kind: 'value',
    placeholder: 'TEXT',
    summary: "kernel parameters, after hv's own (console=… panic=-1)",
  },
  {
    name: 'net',
    kind: 'value',
    placeholder: 'unix:PATH|tap:NAME',
    summary:
      "with --kernel: a network card whose cable leads to this socket, such as passt(1)'s, or to this TAP interface; default: none",
  },
  {
    name: 'reboot',
    kind: 'switch',
    summary:
      'with --kernel: boot again when the kernel resets the machine, also after a panic; default: end with status 1',
  },
  {
    name: 'with-libs',
    kind: 'switch',
    summary: 'show PROGRAM at its own path, with its interpreter and the libraries that it is linked with',
  },
  {
    name: 'volume',
    short: 'v',
    kind: 'value',
    repeat: true,
    placeholder: 'HOST:GUEST[:ro|rw]',
    summary:
      'show a host file or directory to the guest; ro, the default (unlike docker), or rw; may be repeated',
  },
  {
    name: 'tmpfs',
    kind: 'value',
    repeat: true,
    placeholder: 'PATH[:size=SIZE,mode=MODE]',
    summary: 'an empty directory in memory, which --disk bounds, too; may be repeated',
  },
  {
    name: 'read-only',
    kind: 'switch',
    summary:
      'let the guest write only to volumes that are rw, to --tmpfs and /dev/shm; /tmp needs `--tmpfs /tmp`',
  },
  {
    name: 'env',
    short: 'e',
    kind: 'value',
    repeat: true,
    placeholder: 'NAME[=VALUE]',
    summary: "set a variable in the guest, or pass the caller's; may be repeated",
  },
  {
    name: 'env-file',
    kind: 'value',
    repeat: true,
    placeholder: 'FILE',
    summary:
      'set the variables in FILE, a line for each, as --env takes them; lines that begin with # are comments; --env replaces what it says; may be repeated',
  },
  {
    name: 'cwd',
    short: 'w',
    kind: 'value',
    placeholder: 'DIR',
    summary: "the guest's working directory; default: /",
  },
  {
    name: 'hostname',
    short: 'h',
    kind: 'value',
    placeholder: 'NAME',
    summary: 'the host name that the guest sees; default: hv',
  },
  {
    name: 'memory',
    short: 'm',
    kind: 'value',
    placeholder: 'SIZE',
    summary: 'guest memory, e.g. 256M or 2G; default 512M',
  },
  {
    name: 'cpus',
    kind: 'value',
    placeholder: 'N',
    summary: 'CPUs of the guest, 1 to 8; default: as many as hv itself may use; with --kernel: 1',
  },
  {
    name: 'pids',
    kind: 'value',
    placeholder: 'N',
    summary: 'how many processes and threads the guest may have at a time; default 1024',
  },
  {
    name: 'cpu-quota',
    kind: 'value',
    placeholder: 'PERCENT',
    summary: 'how much of one CPU the guest gets, e.g. 50 or 150; default: all of its CPUs',
  },
  {
    name: 'disk',
    kind: 'value',
    repeat: true,
    placeholder: 'SIZE|FILE[:ro]',
    summary:
      "with --kernel: a raw image as a disk, may be repeated; without: how much the guest's files in memory, its changes to / and /tmp, may hold, e.g. 64M; default: what --memory allows",
  },
  {
    name: 'unpack-limit',
    kind: 'value',
    placeholder: 'SIZE',
    summary: "how much of this host's TMPDIR a compressed --root or --image may take unpacked; default: 8G",
  },
  {
    name: 'patch-calls',
    kind: 'value',
    options: PATCH_CHOICES,
    default: 'auto',
    summary: 'which call instructions become jumps, where traps are slow; auto: those that trap often',
  },
  {
    name: 'timeout',
    kind: 'value',
    placeholder: 'SECONDS',
    summary: 'stop the guest after SECONDS, e.g. 2.5, with exit status 124; default: 0, never',
  },
  {
    name: 'cpu-timeout',
    kind: 'value',
    placeholder: 'SECONDS',
    summary:
      'stop the guest after SECONDS of CPU time of the program and all its processes, with exit status 124',
  },
  {
    name: 'trace',
    kind: 'optional',
    placeholder: '[=FILE]',
    summary: "print each system call in strace's format, to standard error or to FILE",
  },
  {
    name: 'gdb',
    kind: 'value',
    placeholder: '[ADDR:]PORT|unix:PATH',
    summary:
      "wait for gdb there before the first instruction, with --kernel the machine's; without ADDR, only on this host",
  },
  {
    name: 'core',
    kind: 'value',
    placeholder: 'FILE',
    summary:
      "write an ELF core file of the guest's first process that crashes; see core(5). For a machine (a bare-metal guest's, or a kernel's): write one if it does not end with status 0; if it runs a program, only if its kernel panics",
  },
  {
    name: 'pledge',
    kind: 'value',
    placeholder: 'PROMISES',
    summary:
      'end the guest with SIGSYS when it does more than PROMISES allow, e.g. "stdio rpath"; see `hv pledge`',
  },
  {
    name: 'unveil',
    kind: 'value',
    repeat: true,
    placeholder: 'PATH:rwxc',
    summary:
      'hide all files but PATH and what is below it; r, w, x, c: read, write, execute, create; may be repeated',
  },
  {
    name: 'interactive',
    short: 'i',
    kind: 'switch',
    summary: 'accepted as docker has it: standard input always reaches the program',
  },
  {
    name: 'tty',
    short: 't',
    kind: 'switch',
    summary:
      'insist on a terminal: the program has the one that hv was started in, and this refuses to start without one',
  },
  {
    name: 'rm',
    kind: 'switch',
    summary: 'accepted as docker has it: nothing of a guest is kept, except in volumes that are rw',
  },
  {
    name: 'no-jail',
    kind: 'switch',
    summary: "leave hv's own process all its rights while it serves the guest: for debugging hv",
  },
  {
    name: 'require-jail',
    kind: 'switch',
    summary: 'run nothing if the host refuses a layer of the jail; `--stats` names the layers',
  },
  {
    name: 'user',
    short: 'u',
    kind: 'value',
    placeholder: 'USER[:GROUP]',
    summary:
      "run as this user of the guest, by number, or by a name in the /etc/passwd of --root or --image; default: the image's, or the one who runs hv",
  },
  {
    name: 'drop-to',
    kind: 'value',
    placeholder: 'UID[:GID]',
    summary:
      'as root: become this user, given by number, before the guest starts; the guest runs as that user too',
  },
  {
    name: 'cgroup-parent',
    kind: 'value',
    placeholder: 'DIR',
    summary:
      'run in a child of this cgroup v2, so that the host enforces limits too; default: of its own cgroup',
  },
  {
    name: 'stats',
    kind: 'optional',
    options: ['json'],
    placeholder: '[=json]',
    summary: 'print counters and times to standard error at the end, as text or as one JSON object',
  },
]

/** An optional value that was left out: `--trace` to standard error, plain `--stats`. */
export const LEFT_OUT = '-'
