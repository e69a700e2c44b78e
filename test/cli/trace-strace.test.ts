// hv trace against strace: the same programs, static and with a loader, make the same calls, with the same arguments and results, line by line.
// strace.ts says what is not compared: addresses, numbers of processes, random bytes, and where the kernels differ.
//
// Programs whose traces differ in more than that are left out, for these reasons:
// - some show the machine (sysinfo, system-info, rlimits, scheduling, statfs, proc-self, mlock: mincore(2) says that
//   every page is there), its session (identity) or the time that is left (timers, sleep, futex);
// - flag-nested-task and registers-async test what the processor does, not calls;
// - restart: open(2) of a fifo is not restarted (src/sentry/syscalls/open.ts);
// - read-write and devices read what happened to be on the stack, or random bytes;
// - chmod: set-user-ID bits are not written to a volume's files;
// - at-calls and directories: a removed directory of a volume can no longer be looked at.

import {existsSync} from 'node:fs'
import {afterAll, describe, expect, test} from 'vitest'
import {hasCommand} from '../../ci/packages.mjs'
import {arch, guests} from '../../ci/paths.mjs'
import {TraceBench} from './strace.ts'

const BUSYBOX = '/bin/busybox'
const GUESTS =
  'access auxv-pie brk chown chroot die-abort die-exit-status die-fpe die-pipe die-segv-in-handler die-term dup ' +
  'epoll eventfd exceptions faults fcntl links lseek madvise memfd mmap-anon mmap-file-private mmap-fixed mremap open ' +
  'pipe poll prctl rename sendfile sigaction sigaltstack signal-frame thread-pointer truncate unknown-syscalls utimensat'
const SHELL =
  'cd SCRATCH; echo one >a; echo two >>a; read x <a; test -d /etc && umask; trap "" USR1; kill -USR1 $$'
const COMMANDS = [
  ['echo', 'hello'],
  ['cat', '/etc/passwd', '/no/such/file'],
  ['wc', '/etc/services'],
  ['sha256sum', '/bin/busybox'],
  ['grep', '-c', 'tcp', '/etc/services'],
  ['sort', '-r', '/etc/services'],
  ['cp', '-a', '/etc/services', 'SCRATCH/copy'],
  ['sh', '-c', SHELL],
]

const programs = [
  ...GUESTS.split(' ').map((name) => ({name, program: `${guests}/${name}`, args: [] as string[]})),
  ...COMMANDS.map((args) => ({name: `busybox ${args.join(' ')}`, program: BUSYBOX, args})),
  {name: 'env, dynamically linked', program: '/usr/bin/env', args: []},
  {name: 'tail, dynamically linked', program: '/usr/bin/tail', args: ['-n3', '/etc/passwd']},
].filter(({program}) => existsSync(program))

const platforms = ['kvm', 'ptrace'].filter((platform) => platform !== 'kvm' || existsSync('/dev/kvm'))
const canCompare = arch === 'x86_64' && hasCommand('strace') && programs.length > 0

describe.skipIf(!canCompare)('hv trace, compared with strace (only x86_64)', () => {
  const bench = new TraceBench()
  afterAll(() => bench.dispose())

  test.each(programs)('$name', ({program, args}) => {
    const native = bench.native(program, args)
    for (const platform of platforms) {
      // With patched call sites, AT_HWCAP2 does not offer WRGSBASE.
      const flags = ['--platform', platform, '--patch-calls', 'never']
      expect(bench.underHv(flags, program, args), platform).toEqual(native)
    }
  })
})
