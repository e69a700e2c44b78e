// How arguments are decoded, against what strace 6 prints.

import {describe, expect, it} from 'vitest'
import {AT_FDCWD, AT_SYMLINK_NOFOLLOW} from '../../../../src/abi/at-flags.ts'
import {EACCES, EAGAIN, EFAULT, Errno} from '../../../../src/abi/errno.ts'
import {O_CLOEXEC, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {kindOf, resultKindOf} from '../../../../src/sentry/trace/kinds/index.ts'
import {showArray} from '../../../../src/sentry/trace/text/view.ts'
import {TracedTask} from './traced-task.ts'

const UNMAPPED = 0x1000
const hex = (address: number): string => `0x${address.toString(16)}`

describe('the vocabulary', () => {
  it('has a kind for every word of the table', () => {
    const words = new Set(table.flatMap(({args}) => args.split(' ')).filter(Boolean))
    expect(words.size).toBeGreaterThan(30)
    expect([...words].filter((word) => kindOf(word) === undefined)).toEqual([])
    const results = table.flatMap(({result}) => result ?? [])
    expect(results.filter((word) => resultKindOf(word) === undefined)).toEqual([])
  })

  it('takes no word from the prototype of objects', () => {
    expect(kindOf('constructor')).toBeUndefined()
    expect(resultKindOf('toString')).toBeUndefined()
  })
})

describe('files', () => {
  it('names flags, and shows a mode only where one is created', () => {
    const t = new TracedTask()
    expect(t.line('openat', AT_FDCWD, '/missing', O_RDONLY | O_CLOEXEC, 0o777)).toBe(
      'openat(AT_FDCWD, "/missing", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
    )
    expect(t.line('open', '/new', O_RDWR | O_CREAT, 0o640)).toBe('open("/new", O_RDWR|O_CREAT, 0640) = 0')
    expect(t.line('umask', 0o22)).toBe('umask(022) = 022')
    expect(t.line('mkdir', '/d', 0o755)).toBe('mkdir("/d", 0755) = 0')
  })

  it('shows what stat stored, and the pointer when it failed', () => {
    const t = new TracedTask()
    t.line('open', '/f', O_RDWR | O_CREAT, 0o644)
    const buffer = t.bytes(144)
    expect(t.line('newfstatat', AT_FDCWD, '/f', buffer, AT_SYMLINK_NOFOLLOW)).toBe(
      'newfstatat(AT_FDCWD, "/f", {st_mode=S_IFREG|0644, st_size=0, ...}, AT_SYMLINK_NOFOLLOW) = 0',
    )
    expect(t.line('stat', '/none', buffer)).toContain(`stat("/none", ${hex(buffer)}) = -1 ENOENT`)
    expect(t.line('fstat', 0, UNMAPPED)).toBe('fstat(0, 0x1000) = -1 EFAULT (Bad address)')
  })

  it('cuts buffers at 32 bytes, escapes them, and shows as much as was read', () => {
    const t = new TracedTask()
    t.line('open', '/f', O_RDWR | O_CREAT, 0o644)
    expect(t.line('write', 0, `\u00011\n"${'x'.repeat(40)}`, 44)).toBe(
      `write(0, "\\0011\\n\\"${'x'.repeat(28)}"..., 44) = 44`,
    )
    const buffer = t.bytes(64)
    expect(t.line('pread64', 0, buffer, 64, 40)).toBe('pread64(0, "xxxx", 64, 40) = 4')
    expect(t.line('pread64', 0, buffer, 64, 44)).toBe('pread64(0, "", 64, 44) = 0')
    expect(t.line('pread64', 5, buffer, 64, 0)).toContain(`pread64(5, ${hex(buffer)}, 64, 0) = -1 EBADF`)
  })

  it('shows vectors, with their buffers when they hold something', () => {
    const t = new TracedTask()
    t.line('open', '/f', O_RDWR | O_CREAT, 0o644)
    const out = t.iovecs([t.string('abc'), 3], [0, 0])
    expect(t.line('writev', 0, out, 2)).toBe(
      'writev(0, [{iov_base="abc", iov_len=3}, {iov_base=NULL, iov_len=0}], 2) = 3',
    )
    const buffer = t.bytes(8)
    const vector = t.iovecs([buffer, 2], [buffer + 4, 4])
    expect(t.line('preadv', 0, vector, 2, 0, 0)).toBe(
      'preadv(0, [{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=4}], 2, 0) = 3',
    )
    expect(t.line('readv', 9, vector, 1)).toContain(`[{iov_base=${hex(buffer)}, iov_len=2}], 1) = -1 EBADF`)
  })

  it('knows what fcntl commands take and give', () => {
    const t = new TracedTask()
    const fd = t.trace('open', '/f', O_RDWR | O_CREAT | O_CLOEXEC, 0o644).outcome
    expect(fd).toMatchObject({value: 0})
    expect(t.line('fcntl', 0, 1, 77)).toBe('fcntl(0, F_GETFD) = 0x1 (flags FD_CLOEXEC)')
    expect(t.line('fcntl', 0, 4, O_NONBLOCK)).toBe('fcntl(0, F_SETFL, O_RDONLY|O_NONBLOCK) = 0')
    expect(t.line('fcntl', 0, 0, 50)).toBe('fcntl(0, F_DUPFD, 50) = 50')
  })
})

describe('pointers', () => {
  it('are shown as they are when they lead nowhere, whatever their 64 bits', () => {
    const t = new TracedTask()
    expect(t.line('unlink', 0)).toBe('unlink(NULL) = -1 EFAULT (Bad address)')
    expect(t.line('unlink', 0xffffffff81000003n)).toBe('unlink(0xffffffff81000003) = -1 EFAULT (Bad address)')
    expect(t.line('write', 1, 0x1234567890abcdefn, 4)).toContain('write(1, 0x1234567890abcdef, 4) =')
  })

  it('show memory as it was when the call began', () => {
    const t = new TracedTask()
    const path = t.string('/before')
    t.place([path])
    const begun = t.decoder.begin(
      t.task,
      table.find(({name}) => name === 'unlink'),
    )
    t.task.memory.writeBytes(path, Buffer.from('/after!'))
    t.place([0])
    expect(t.decoder.end(begun, 0).args).toEqual(['"/before"'])
  })
})

describe('polling', () => {
  it('shows what is asked for, and behind the result what is ready', () => {
    const t = new TracedTask()
    const fds = t.data(Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 4, 0, 4, 0))
    expect(t.pretend('poll', 0, fds, 2, 0).outcome).toMatchObject({note: 'Timeout'})
    t.task.memory.writeUint16(fds + 6, 1)
    const record = t.pretend('poll', 1, fds, 2, -1)
    expect(record.args).toEqual(['[{fd=3, events=POLLIN}, {fd=-1}]', '2', '-1'])
    expect(record.outcome).toMatchObject({note: '[{fd=3, revents=POLLIN}]'})
  })

  it('reads sets no further than their highest descriptor', () => {
    const t = new TracedTask()
    const set = t.data(Uint8Array.of(0b11000, 255, 255))
    const record = t.pretend('select', 1, 5, set, 0, 0, 0)
    expect(record.args).toEqual(['5', '[3 4]', 'NULL', 'NULL', 'NULL'])
    expect(record.outcome).toMatchObject({note: 'in [3 4]'})
  })
})

describe('signals and times', () => {
  it('names signals in sets, and most of them by what is missing', () => {
    const t = new TracedTask()
    const [some, most] = [t.int64s(0x4002), t.int64s(-1 - (1 << 8))]
    expect(t.line('rt_sigprocmask', 2, some, 0, 8)).toBe(
      'rt_sigprocmask(SIG_SETMASK, [INT TERM], NULL, 8) = 0',
    )
    expect(t.line('rt_sigprocmask', 2, most, 0, 8)).toBe('rt_sigprocmask(SIG_SETMASK, ~[KILL], NULL, 8) = 0')
    expect(t.line('rt_sigprocmask', 2, some, 0, 4)).toContain(
      `(SIG_SETMASK, ${hex(some)}, NULL, 4) = -1 EINVAL`,
    )
  })

  it('shows an action, given and found', () => {
    const t = new TracedTask()
    const given = t.int64s(0x401000, 0x14000000, 0x402000, 0x2)
    const text = '{sa_handler=0x401000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x402000}'
    expect(t.line('rt_sigaction', 10, given, 0, 8)).toBe(`rt_sigaction(SIGUSR1, ${text}, NULL, 8) = 0`)
    const found = t.bytes(32)
    expect(t.line('rt_sigaction', 10, 0, found, 8)).toBe(`rt_sigaction(SIGUSR1, NULL, ${text}, 8) = 0`)
  })

  it('shows times, and the rest of a sleep only when it was interrupted', () => {
    const t = new TracedTask()
    const [time, rest] = [t.int64s(1, 500), t.int64s(7, 8)]
    expect(t.pretend('nanosleep', 0, time, rest).args).toEqual(['{tv_sec=1, tv_nsec=500}', hex(rest)])
    t.place([time, rest])
    const begun = t.decoder.begin(
      t.task,
      table.find(({name}) => name === 'nanosleep'),
    )
    const record = t.decoder.interrupt(begun, 'never')
    expect(record.args[1]).toBe('{tv_sec=7, tv_nsec=8}')
    expect(record.outcome).toMatchObject({name: 'ERESTART_RESTARTBLOCK'})
  })

  it('leaves out what a futex operation does not take', () => {
    const t = new TracedTask()
    const word = t.int32s(4)
    const {args, outcome} = t.pretend('futex', -EAGAIN, word, 128, 5, 0, 99, 99)
    expect(args).toEqual([hex(word), 'FUTEX_WAIT_PRIVATE', '5', 'NULL'])
    expect(outcome).toEqual({kind: 'error', code: EAGAIN})
  })
})

describe('limits and memory', () => {
  it('writes multiples of 1024 as products, and no limit by name', () => {
    const t = new TracedTask()
    const limits = t.int64s(8 << 20, -1)
    expect(t.pretend('prlimit64', 0, 0, 3, 0, limits).args).toEqual([
      '0',
      'RLIMIT_STACK',
      'NULL',
      '{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}',
    ])
  })

  it('names protections and mappings, and gives addresses in hex', () => {
    const t = new TracedTask()
    expect(t.line('mmap', 0, 4096, 3, 0x22, -1, 0)).toMatch(
      /^mmap\(NULL, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\) = 0x[0-9a-f]+$/,
    )
    expect(t.pretend('mprotect', 0, 0x5000, 4096, 0).args).toEqual(['0x5000', '4096', 'PROT_NONE'])
  })
})

describe('capabilities, prctl and sockets', () => {
  it('are named', () => {
    const t = new TracedTask()
    expect(t.pretend('prctl', -EAGAIN, 24, 21).args).toEqual(['PR_CAPBSET_DROP', 'CAP_SYS_ADMIN'])
    expect(t.line('prctl', 4, 1)).toBe('prctl(PR_SET_DUMPABLE, SUID_DUMP_USER) = 0')
    expect(t.pretend('prctl', -EACCES, 22, 1, 0).args).toEqual(['PR_SET_SECCOMP', 'SECCOMP_MODE_STRICT'])
    const filter = t.data(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0, 0x50))
    expect(t.pretend('prctl', 0, 22, 2, filter).args).toEqual([
      'PR_SET_SECCOMP',
      'SECCOMP_MODE_FILTER',
      '{len=3, filter=0x5000}',
    ])
    expect(t.pretend('seccomp', 0, 1, 5, filter).args).toEqual([
      'SECCOMP_SET_MODE_FILTER',
      'SECCOMP_FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_SPEC_ALLOW',
      '{len=3, filter=0x5000}',
    ])
    const action = t.data(Uint8Array.of(0, 0, 5, 0))
    expect(t.line('seccomp', 2, 0, action)).toBe(
      'seccomp(SECCOMP_GET_ACTION_AVAIL, 0, [SECCOMP_RET_ERRNO]) = 0',
    )
    const at = t.data(Uint8Array.of(0x22, 5, 8, 0x20, 0, 0, 0, 0))
    expect(t.line('capget', at, 0)).toBe('capget({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, NULL) = 0')
  })
})

describe('an array', () => {
  it('ends where memory does', () => {
    const show = (at: number) => {
      if (at > 8) throw new Errno(EFAULT)
      return String(at)
    }
    expect(showArray(4, 4, 3, 32, show)).toBe('[4, 8, ... /* 0xc */]')
    expect(showArray(4, 4, 2, 1, show)).toBe('[4, ...]')
    expect(() => showArray(12, 4, 3, 32, show)).toThrow(Errno)
  })
})
