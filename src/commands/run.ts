// hv run: runs a program under the sentry, or a bare-metal guest.

import type {Interfaces} from '@oclif/core'
import {ProgramCommand, toOclifFlags} from '../cli/oclif-flags.ts'
import {flagsOf} from '../launch/options/table.ts'

export default class Run extends ProgramCommand {
  static override summary = 'Run a Linux program, or a bare-metal guest, in a virtual machine.'

  static override description = [
    "PROGRAM is a file of this host, or a name in PATH. With --root it is a path in that tree, or a name in the guest's PATH. What follows PROGRAM belongs to it, flags too.",
    'Without --root the guest sees an empty tree with the program, /dev, /proc and /tmp. With --with-libs, for dynamic programs, it also sees the interpreter and the libraries that `hv inspect` lists, but not what a program loads with dlopen(3). What the guest writes is kept in memory and lost at the end, except in a volume that is rw. Kernel file systems of the host (/proc, /sys, cgroups) under a volume or --root appear to the guest as empty directories.',
    "With --image the layers of an OCI image are the guest's /. Its entry point runs, with ARG... in place of the image's arguments, as the image's user, in its environment and directory; --env, --cwd and --entrypoint override what the image says. Arguments that begin with a dash go after --. PROGRAM is then not needed; in an image without an entry point, it is what runs.",
    'With --kernel and --root, --image or --with-libs the program runs on that Linux kernel, in a machine of its own, in place of the sentry. Without a tree, the kernel runs what its initramfs says, with PROGRAM and ARG... as its arguments.',
    "The guest's environment is PATH (/usr/local/sbin, /usr/local/bin, /usr/sbin, /usr/bin, /sbin and /bin), HOME=/root, the caller's TERM, and what --env adds.",
    "The exit status is the guest's own. 124: stopped by --timeout or --cpu-timeout. 125: an error of hv. 126: PROGRAM cannot be executed. 127: PROGRAM was not found. 128+n: killed by signal n.",
    'hv passes signals on to the guest, except SIGUSR2, which turns the trace on, and off again, while the guest runs.',
  ].join('\n\n')

  static override usage = ['run [FLAGS] PROGRAM [ARG...]', 'run [FLAGS] --image DIR [ARG...]']

  static override examples = [
    '<%= config.bin %> run ./hello',
    '<%= config.bin %> run --volume .:/work:rw --cwd /work busybox tar cf out.tar src',
    "<%= config.bin %> run --root ./rootfs --env LANG=C.UTF-8 --memory 1G sh -c 'echo $LANG'",
    '<%= config.bin %> run --image ./alpine:latest sh',
    '<%= config.bin %> run --trace=calls.txt --timeout 10 ./suspicious',
  ]

  static override flags: Interfaces.FlagInput = toOclifFlags(flagsOf('run'))
}
