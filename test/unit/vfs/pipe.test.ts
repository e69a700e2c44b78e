// Pipes, fifos and eventfds.

import {describe, expect, test} from 'vitest'
import {S_IFIFO} from '../../../src/abi/file-mode.ts'
import {
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
} from '../../../src/abi/open-flags.ts'
import {EventFdDescription} from '../../../src/vfs/eventfd.ts'
import {Tmpfs} from '../../../src/vfs/fs/tmpfs.ts'
import {nativeHost} from '../../../src/vfs/native-host.ts'
import {openPipe, PIPE_BUF} from '../../../src/vfs/pipe.ts'
import {VirtualFileSystem} from '../../../src/vfs/virtual-file-system.ts'
import {memoryFile} from '../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../helpers/vfs.ts'

const vfs = new VirtualFileSystem(nativeHost)

describe('a pipe', () => {
  test('keeps bytes in order round the ring', () => {
    const [reader, writer] = openPipe(vfs)
    const sent: number[] = []
    const received: number[] = []
    for (let round = 0; round < 50; round++) {
      const bytes = Uint8Array.from({length: 5000}, (_, i) => (round * 7 + i) & 0xff)
      writer.write(bytes)
      sent.push(...bytes)
      const buffer = new Uint8Array(4999)
      received.push(...buffer.subarray(0, reader.read(buffer)))
    }
    expect(received).toEqual(sent.slice(0, received.length))
  })

  test('holds 64 KiB, and takes PIPE_BUF bytes whole or not at all', () => {
    const [reader, writer] = openPipe(vfs)
    expect(writer.write(new Uint8Array(100_000))).toBe(65536)
    expect(writer.readiness()).toBe(0)
    expect(errorOf(() => writer.write(new Uint8Array(1)))).toBe('EAGAIN')
    reader.read(new Uint8Array(PIPE_BUF - 1))
    expect(errorOf(() => writer.write(new Uint8Array(PIPE_BUF)))).toBe('EAGAIN')
    expect(writer.write(new Uint8Array(PIPE_BUF + 1))).toBe(PIPE_BUF - 1)
  })

  test('ends when the last writer closes, and breaks when the last reader does', () => {
    const [reader, writer] = openPipe(vfs)
    expect(errorOf(() => reader.read(new Uint8Array(1)))).toBe('EAGAIN')
    writer.write(Buffer.from('x'))
    writer.close()
    expect(reader.readiness()).toBe(POLLIN | POLLHUP)
    expect(reader.read(new Uint8Array(9))).toBe(1)
    expect(reader.read(new Uint8Array(9))).toBe(0)
    const [otherReader, otherWriter] = openPipe(vfs)
    otherReader.close()
    expect(otherWriter.readiness()).toBe(POLLOUT | POLLERR)
    expect(errorOf(() => otherWriter.write(Buffer.from('x')))).toBe('EPIPE')
  })

  test('wakes who waits', () => {
    const [reader, writer] = openPipe(vfs)
    let wakes = 0
    reader.waiters.join({wake: () => wakes++})
    writer.write(Buffer.from('x'))
    expect(wakes).toBe(1)
    writer.close()
    expect(wakes).toBe(2)
  })

  test('is resized to powers of two pages, never below what it holds', () => {
    const [reader, writer] = openPipe(vfs)
    expect(reader.pipe.resize(5000)).toBe(8192)
    writer.write(Buffer.from('y'.repeat(8192)))
    expect(errorOf(() => reader.pipe.resize(4096))).toBe('EBUSY')
    expect(errorOf(() => reader.pipe.resize(2 << 20))).toBe('EPERM')
    expect(reader.pipe.resize(1 << 20)).toBe(1 << 20)
    const buffer = Buffer.alloc(9000)
    expect(buffer.toString('latin1', 0, reader.read(buffer))).toBe('y'.repeat(8192))
  })

  test('has no offset', () => {
    const [reader] = openPipe(vfs)
    expect(errorOf(() => reader.seek(0, 0))).toBe('ESPIPE')
    expect(errorOf(() => reader.read(new Uint8Array(1), 0))).toBe('ESPIPE')
  })
})

describe('opening a fifo', () => {
  const vfs = new TestVfs(new Tmpfs(memoryFile(1 << 20)))
  vfs.mknod('p', S_IFIFO | 0o600)

  test('ends when the other end is there', () => {
    const reader = vfs.open('p', O_RDONLY)
    expect(reader.isOpenComplete?.()).toBe(false)
    const writer = vfs.open('p', O_WRONLY)
    expect(writer.isOpenComplete?.()).toBe(true)
    expect(reader.isOpenComplete?.()).toBe(true)
    writer.close()
    // It is enough that the writer was there.
    expect(reader.isOpenComplete?.()).toBe(true)
    reader.close()
  })

  test('without waiting needs a reader to write', () => {
    expect(errorOf(() => vfs.open('p', O_WRONLY | O_NONBLOCK))).toBe('ENXIO')
    const reader = vfs.open('p', O_RDONLY | O_NONBLOCK)
    expect(reader.isOpenComplete?.()).toBe(true)
    vfs.open('p', O_WRONLY | O_NONBLOCK).close()
    reader.close()
  })
})

describe('an eventfd', () => {
  const bytes = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer)

  test('counts, and is read as a whole', () => {
    const file = new EventFdDescription(vfs, 3, 0, false)
    file.write(bytes(4n))
    const out = new BigUint64Array(1)
    file.read(new Uint8Array(out.buffer))
    expect(out[0]).toBe(7n)
    expect(errorOf(() => file.read(new Uint8Array(8)))).toBe('EAGAIN')
    expect(errorOf(() => file.read(new Uint8Array(7)))).toBe('EINVAL')
  })

  test('as a semaphore is read one by one, and never overflows', () => {
    const file = new EventFdDescription(vfs, 2, 0, true)
    file.read(new Uint8Array(8))
    expect(file.readiness()).toBe(POLLIN | POLLOUT)
    file.read(new Uint8Array(8))
    expect(file.readiness()).toBe(POLLOUT)
    expect(errorOf(() => file.write(bytes(2n ** 64n - 1n)))).toBe('EINVAL')
    file.write(bytes(2n ** 64n - 2n))
    expect(errorOf(() => file.write(bytes(1n)))).toBe('EAGAIN')
  })
})
