// Host streams: hv's own standard descriptors as the guest's.

import {execFileSync} from 'node:child_process'
import * as fs from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {
  FIONREAD,
  TCFLSH,
  TCGETS,
  TCSBRK,
  TCSETS,
  TIOCGPGRP,
  TIOCGSID,
  TIOCGWINSZ,
  TIOCNOTTY,
  TIOCSCTTY,
  TIOCSPGRP,
  TIOCSTI,
  TIOCSWINSZ,
} from '../../../src/abi/ioctl.ts'
import {
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  SEEK_END,
  SEEK_SET,
} from '../../../src/abi/open-flags.ts'
import {SIGTTIN, SIGTTOU} from '../../../src/abi/signal.ts'
import type {IoctlMemory} from '../../../src/vfs/file.ts'
import {StreamInode} from '../../../src/vfs/host-stream.ts'
import {HostTerminalDescription, openHostStream} from '../../../src/vfs/host-terminal.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../src/vfs/virtual-file-system.ts'
import {errorOf, readAll} from '../../helpers/vfs.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

const vfs = new VirtualFileSystem(nativeHost)
let directory: ReturnType<typeof hostDirectory>
let path: string
const fds: number[] = []

beforeEach(() => {
  directory = hostDirectory()
  path = join(directory.path, 'f')
})

afterEach(() => {
  for (const fd of fds.splice(0)) fs.closeSync(fd)
  directory.remove()
})

function open(what: string, flags: string | number): number {
  const fd = fs.openSync(what, flags)
  fds.push(fd)
  return fd
}

/** Guest memory of 4096 bytes. */
function guestMemory(): {bytes: Uint8Array; memory: IoctlMemory} {
  const bytes = new Uint8Array(4096)
  const memory = {
    read: (address: number, length: number) => bytes.subarray(address, address + length),
    write: (address: number, source: Uint8Array) => bytes.set(source, address),
  }
  return {bytes, memory}
}

describe('a pipe', () => {
  const openFifo = (): number => {
    execFileSync('mkfifo', [path])
    return open(path, fs.constants.O_RDWR)
  }

  test('never blocks: empty is EAGAIN, full is EAGAIN', () => {
    const stream = openHostStream(vfs, openFifo(), O_RDWR)
    expect(errorOf(() => stream.read(new Uint8Array(1)))).toBe('EAGAIN')
    expect(stream.readiness()).toBe(POLLOUT)
    expect(stream.write(new Uint8Array(1 << 20))).toBe(65536)
    expect(errorOf(() => stream.write(new Uint8Array(1)))).toBe('EAGAIN')
    expect(stream.readiness()).toBe(POLLIN)
    expect(stream.read(new Uint8Array(1 << 20))).toBe(65536)
  })

  test('is left as it was: O_NONBLOCK is not set on what others share', () => {
    const fd = openFifo()
    const flags = (): string =>
      /flags:\s+(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))![1]
    const before = flags()
    const stream = openHostStream(vfs, fd, O_RDWR)
    stream.write(Buffer.from('x'))
    stream.read(new Uint8Array(1))
    expect(flags()).toBe(before)
  })

  test('can be watched, cannot be sought, and tells how much waits', () => {
    const fd = openFifo()
    const stream = openHostStream(vfs, fd, O_RDWR)
    const {bytes, memory} = guestMemory()
    stream.write(Buffer.from('four'))
    stream.ioctl(FIONREAD, 8, memory)
    expect(bytes[8]).toBe(4)
    expect(stream.hostFd).toBe(fd)
    expect(errorOf(() => stream.seek(0, SEEK_SET))).toBe('ESPIPE')
    expect(errorOf(() => stream.ioctl(TCGETS, 0, memory))).toBe('ENOTTY')
  })
})

describe('a regular file', () => {
  test('shares its offset with the host', () => {
    fs.writeFileSync(path, '0123456789')
    const fd = open(path, 'r')
    fs.readSync(fd, Buffer.alloc(4))
    const stream = openHostStream(vfs, fd, O_RDONLY)
    expect(readAll(stream)).toBe('456789')
    expect(stream.seek(-2, SEEK_END)).toBe(8)
    expect(fs.readSync(fd, Buffer.alloc(9))).toBe(2)
    expect(stream.hostFd).toBeUndefined()
  })

  test('a file has one offset with who shares it', () => {
    fs.writeFileSync(path, '0123456789')
    const fd = open(path, 'r+')
    const stream = openHostStream(vfs, fd, O_RDWR)
    fs.writeSync(fd, 'ab')
    expect(stream.position).toBe(2)
    stream.position = 4
    fs.writeSync(fd, 'c')
    expect(fs.readFileSync(path, 'utf8')).toBe('ab23c56789')
  })

  test('appends where the shell said >>, and where the guest did', () => {
    fs.writeFileSync(path, 'a')
    const appending = openHostStream(vfs, open(path, 'a'), O_WRONLY | O_APPEND)
    appending.write(Buffer.from('b'))
    const plain = openHostStream(vfs, open(path, 'r+'), O_WRONLY | O_APPEND)
    plain.write(Buffer.from('c'))
    expect(fs.readFileSync(path, 'utf8')).toBe('abc')
  })

  test('a descriptor is used only as it was opened', () => {
    fs.writeFileSync(path, 'a')
    const reader = openHostStream(vfs, open(path, 'r+'), O_RDONLY)
    expect(errorOf(() => reader.write(Buffer.from('x')))).toBe('EBADF')
    expect(errorOf(() => reader.inode.setAttributes({mode: 0o777}))).toBe('EPERM')
  })
})

describe('a terminal', () => {
  test('has modes and a size that are read and set', () => {
    const stream = openHostStream(vfs, open('/dev/ptmx', 'r+'), O_RDWR)
    const {bytes, memory} = guestMemory()
    stream.ioctl(TCGETS, 0, memory)
    const ECHO_BYTE = 12
    const ECHO = 0o10
    const echoed = bytes[ECHO_BYTE] & ECHO
    bytes[ECHO_BYTE] ^= ECHO
    stream.ioctl(TCSETS, 0, memory)
    stream.ioctl(TCGETS, 64, memory)
    expect(bytes[64 + ECHO_BYTE] & ECHO).toBe(echoed ^ ECHO)
    bytes.set([24, 0, 80, 0, 0, 0, 0, 0], 128)
    stream.ioctl(TIOCSWINSZ, 128, memory)
    stream.ioctl(TIOCGWINSZ, 256, memory)
    expect([...bytes.subarray(256, 260)]).toEqual([24, 0, 80, 0])
  })

  test('that controls nobody has no jobs', () => {
    const stream = openHostStream(vfs, open('/dev/ptmx', 'r+'), O_RDWR)
    const {memory} = guestMemory()
    for (const request of [TIOCGPGRP, TIOCSPGRP, TIOCGSID, TIOCNOTTY])
      expect(errorOf(() => stream.ioctl(request, 0, memory))).toBe('ENOTTY')
    expect(errorOf(() => stream.ioctl(TIOCSCTTY, 0, memory))).toBe('EPERM')
  })

  test('asks who reads, and who sets modes, whether it is in the foreground', () => {
    const asked: number[] = []
    const jobs = {
      foregroundGroup: () => 42,
      setForegroundGroup: () => {},
      session: () => 42,
      acquire: () => {},
      release: () => {},
      admits: (signal: number) => asked.push(signal) < 0,
      isInBackground: false,
      changeModes: () => 0,
    }
    const fd = open('/dev/ptmx', 'r+')
    const stream = new HostTerminalDescription(
      nativeHost.files,
      fd,
      O_RDWR,
      new StreamInode(vfs, fd, HostTerminalDescription),
      jobs,
    )
    const {bytes, memory} = guestMemory()
    expect(errorOf(() => stream.read(bytes))).toBe('EAGAIN')
    for (const request of [TCSETS, TCFLSH, TCSBRK, TIOCSPGRP])
      expect(errorOf(() => stream.ioctl(request, 0, memory))).toBe('EAGAIN')
    expect(asked).toEqual([SIGTTIN, SIGTTOU, SIGTTOU, SIGTTOU, SIGTTOU])
    stream.ioctl(TIOCGPGRP, 0, memory)
    expect(bytes[0]).toBe(42)
  })

  test('any other request is ENOTTY and never reaches the host', () => {
    const stream = openHostStream(vfs, open('/dev/ptmx', 'r+'), O_RDWR)
    for (const request of [0x5430, 0xdead]) {
      expect(errorOf(() => stream.ioctl(request, 0, guestMemory().memory))).toBe('ENOTTY')
    }
    expect(errorOf(() => stream.ioctl(TIOCSTI, 0, guestMemory().memory))).toBe('EIO')
  })
})
