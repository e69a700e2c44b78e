// The budget counts no less than V8's heap grows by, whatever a guest does.

import {EAGAIN, ENFILE, ENOLCK, ENOMEM, ENOSPC, Errno} from '../../../src/abi/errno.ts'
import {F_WRLCK} from '../../../src/abi/fcntl.ts'
import {S_IFIFO} from '../../../src/abi/file-mode.ts'
import {O_RDONLY, O_RDWR} from '../../../src/abi/open-flags.ts'
import {plainInfo} from '../../../src/abi/siginfo.ts'
import {CLOCK_MONOTONIC} from '../../../src/abi/time.ts'
import {ResourceLimits, RLIMIT_SIGPENDING} from '../../../src/sentry/core/resource-limits.ts'
import {EpollDescription} from '../../../src/sentry/fd/epoll.ts'
import {EpollPasses} from '../../../src/sentry/fd/epoll-nesting.ts'
import {FdTable} from '../../../src/sentry/fd/fd-table.ts'
import {VM_NORESERVE} from '../../../src/sentry/memory/vma.ts'
import {SeccompFilter} from '../../../src/sentry/seccomp/filter.ts'
import {ProcessSignals} from '../../../src/sentry/signals/process-signals.ts'
import {PosixTimers} from '../../../src/sentry/time/posix-timers.ts'
import {setAttribute} from '../../../src/vfs/attribute-access.ts'
import {Budget} from '../../../src/vfs/budget.ts'
import {EventFdDescription} from '../../../src/vfs/eventfd.ts'
import type {Inode} from '../../../src/vfs/file.ts'
import {FileLockTable} from '../../../src/vfs/file-locks.ts'
import {Overlay} from '../../../src/vfs/fs/overlay.ts'
import {ROOT, Tmpfs} from '../../../src/vfs/fs/tmpfs.ts'
import {mountRoot} from '../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {openPath} from '../../../src/vfs/open.ts'
import {openPipe} from '../../../src/vfs/pipe.ts'
import {VirtualFileSystem} from '../../../src/vfs/virtual-file-system.ts'
import {memoryFile} from '../../helpers/memory-file.ts'
import {fakeTask} from './fake-task.ts'
import {checkGrowth, type Way} from './growth.ts'
import {ipcWays} from './ipc/budget-ways.ts'
import {SimulatedGuest} from './memory/simulated-guest.ts'
import {answering} from './seccomp/programs.ts'

const LONG = 240
const vfs = new VirtualFileSystem(nativeHost)

/** A name cut out of a path of 4 KB, as a walk does it. */
function longName(i: number): string {
  const path = `${'/'.repeat(3500)}${'n'.repeat(LONG)}${i}`
  return path.slice(3500)
}

/** Signals of which a million may be queued. */
function signalsOf(budget: Budget): ProcessSignals {
  const limits = new ResourceLimits()
  limits.set(RLIMIT_SIGPENDING, {soft: 1e6, hard: 1e6})
  return new ProcessSignals(limits, budget)
}

function timersOf(budget: Budget): () => unknown {
  const {task, process} = fakeTask()
  Object.assign(process, {signals: signalsOf(budget)})
  const timers = new PosixTimers()
  return () => {
    const {timer} = timers.create(task, CLOCK_MONOTONIC, undefined, {
      signal: 40,
      value: 2n ** 60n,
      task: undefined,
    })
    timer.arm(1e18, 1e9)
    return timers
  }
}

/** As many of each file as may be listed. */
function withAttributes(root: Inode): (i: number) => unknown {
  let file: Inode
  return (i) => {
    if (i % 200 === 0) file = root.create(`file${i}`, 0o644, ROOT)
    setAttribute(file, `user.${longName(i)}`, Uint8Array.of(1), 0, ROOT)
    return file
  }
}

const ways: readonly Way[] = [
  ['programs of seccomp(2)', ENOMEM, (budget) => () => new SeccompFilter(answering(1, 0), undefined, budget)],
  ['files', ENOSPC, (budget) => inTree(tmpfsOf(budget))],
  [
    'files of an overlay',
    ENOSPC,
    (budget) => inTree(new Overlay(new Tmpfs(memoryFile(1 << 20)), memoryFile(1 << 20), {budget})),
  ],
  ['extended attributes', ENOSPC, (budget) => withAttributes(new Tmpfs(memoryFile(1 << 20), {budget}).root)],
  [
    'extended attributes of an overlay',
    ENOSPC,
    (budget) => {
      const lower = new Tmpfs(memoryFile(1 << 20), {budget: new Budget()})
      return withAttributes(new Overlay(lower, memoryFile(1 << 20), {budget}).root)
    },
  ],
  [
    'directories',
    ENOSPC,
    (budget) => {
      const {root} = tmpfsOf(budget)
      return (i) => root.mkdir(longName(i), 0o755, ROOT)
    },
  ],
  [
    'names of one file',
    ENOSPC,
    (budget) => {
      const {root} = tmpfsOf(budget)
      const file = root.create('file', 0o644, ROOT)
      return (i) => root.link(longName(i), file)
    },
  ],
  [
    'symbolic links',
    ENOSPC,
    (budget) => {
      const {root} = tmpfsOf(budget)
      return (i) => root.symlink(longName(i), `${'t'.repeat(3000)}${i}`, ROOT)
    },
  ],
  [
    'fifos that are opened',
    ENOSPC,
    (budget) => {
      const {root} = tmpfsOf(budget)
      return (i) => {
        const fifo = root.mknod(longName(i), S_IFIFO | 0o644, 0, ROOT)
        fifo.open(O_RDWR).close()
      }
    },
  ],
  [
    'open files',
    ENFILE,
    (budget) => {
      const fs = new Tmpfs(memoryFile(1 << 20))
      const {top} = mountRoot(fs, new VirtualFileSystem(nativeHost))
      const fds = lavishTable(budget)
      fs.root.create(longName(0), 0o644, ROOT)
      return (i) => {
        const path = `${'/'.repeat(3000 + (i % 10))}${longName(0)}`
        const {file, location} = openPath({root: top, credentials: ROOT}, top, path, O_RDONLY, 0)
        return fds.install(file, 0, location)
      }
    },
  ],
  [
    'eventfds',
    ENFILE,
    (budget) => {
      const fds = lavishTable(budget)
      return () => fds.install(new EventFdDescription(vfs, 1, 0, false))
    },
  ],
  [
    'duplicates of one descriptor',
    ENFILE,
    (budget) => {
      const fds = lavishTable(budget)
      const description = fds.description(fds.install(new EventFdDescription(vfs, 1, 0, false)))
      return () => fds.duplicate(description, 0o2000000)
    },
  ],
  [
    'pipes that hold a byte',
    ENOMEM,
    (budget) => {
      const fds = lavishTable(budget)
      return () => {
        const [reader, writer] = openPipe(vfs, 0, undefined, budget)
        fds.install(reader)
        fds.install(writer)
        writer.write(Uint8Array.of(1))
      }
    },
  ],
  [
    'files in an epoll',
    ENOSPC,
    (budget) => {
      const fds = lavishTable(new Budget())
      const epoll = new EpollDescription({vfs, budget, epollPasses: new EpollPasses()})
      const fd = fds.install(new EventFdDescription(vfs, 1, 0, false))
      const description = fds.description(fd)
      return (i) => {
        epoll.add(i, description, {events: 1, dataLow: i, dataHigh: i})
        return epoll
      }
    },
  ],
  [
    'queued signals',
    EAGAIN,
    (budget) => {
      const signals = signalsOf(budget)
      signals.tasks.push({blocks: () => true, update() {}, attention: 0} as never)
      return () => {
        signals.raise(40, Uint8Array.from(plainInfo(40, -1)))
        return signals
      }
    },
  ],
  ['timers', EAGAIN, (budget) => timersOf(budget)],
  [
    'record locks',
    ENOLCK,
    (budget) => {
      const {root} = new Tmpfs(memoryFile(1 << 20))
      const locks = new FileLockTable(budget)
      const files = Array.from({length: 10_000}, (_, i) => root.create(`f${i}`, 0o644, ROOT))
      return (i) => {
        const file = files[i]
        locks.of(file).set({
          owner: {},
          type: F_WRLCK,
          start: 2 ** 40 + 10 * i,
          end: 2 ** 40 + 10 * i + 1,
          pid: 7,
        })
        return files
      }
    },
  ],
  [
    'mappings',
    ENOMEM,
    (budget) => {
      const {map} = new SimulatedGuest(1 << 20, budget)
      return (i) => {
        map.map({length: 4096, protection: 1 + (i % 2)})
        return map
      }
    },
  ],
  [
    'pages far from each other',
    ENOMEM,
    (budget) => {
      const guest = new SimulatedGuest(64 << 20, budget)
      const start = guest.map.map({length: 2 ** 40, protection: 3, flags: VM_NORESERVE})
      return (i) => {
        if (guest.store(start + i * 2 ** 21, 1) !== true) throw new Errno(ENOMEM)
        // These pages belong to the simulated processor, not to the sentry.
        guest.space.pages.clear()
        return guest
      }
    },
  ],
  ...ipcWays,
  [
    'entries of a directory that is read',
    ENOMEM,
    (budget) => {
      const {root} = new Tmpfs(memoryFile(1 << 20))
      for (let i = 0; i < 100; i++) root.create(longName(i), 0o644, ROOT)
      Object.assign(root.fs, {budget})
      return () => {
        const open = root.open(O_RDONLY)
        open.readDirectory(200)
        return open
      }
    },
  ],
  [
    'directories that are partly read',
    ENOMEM,
    (budget) => {
      const lower = new Tmpfs(memoryFile(1 << 20))
      const overlay = new Overlay(lower, memoryFile(1 << 20))
      for (let i = 0; i < 100; i++) {
        lower.root.create(longName(i), 0o644, ROOT)
        overlay.root.create(longName(100 + i), 0o644, ROOT)
      }
      for (const fs of [lower, overlay.upper]) Object.assign(fs, {budget})
      return () => {
        const open = overlay.root.open(O_RDONLY)
        open.readDirectory(110)
        return open
      }
    },
  ],
]

function tmpfsOf(budget: Budget): Tmpfs {
  return new Tmpfs(memoryFile(1 << 20), {budget})
}

function inTree(fs: Tmpfs | Overlay): (i: number) => unknown {
  return (i) => {
    const inode = fs.root.create(longName(i), 0o644, ROOT)
    inode.setAttributes({atime: {seconds: i, nanoseconds: i}, mtime: {seconds: 2 ** 33 + i, nanoseconds: i}})
    return inode
  }
}

function lavishTable(budget: Budget): FdTable {
  const fds = new FdTable(budget)
  fds.limit = 1 << 20
  return fds
}

checkGrowth(ways)
