// How calls on a file show in a mapping of it.

import {describe, expect, it} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {O_CREAT, O_PATH, O_RDWR, O_TRUNC} from '../../../../src/abi/open-flags.ts'
import {fallocate} from '../../../../src/sentry/syscalls/fallocate.ts'
import {mmap} from '../../../../src/sentry/syscalls/mmap.ts'
import {openat} from '../../../../src/sentry/syscalls/open.ts'
import {ftruncate, truncate} from '../../../../src/sentry/syscalls/truncate.ts'
import {SimulatedTask} from './simulated-task.ts'

const PAGE = 4096
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const SIGBUS = {signal: 7}

/** /file, with four pages full of 'f', mapped. */
function mapped(type: number): {t: SimulatedTask; fd: number; address: number} {
  const t = new SimulatedTask()
  const fd = t.call(openat, AT_FDCWD, '/file', O_CREAT | O_RDWR, 0o644)
  t.call(ftruncate, fd, 4 * PAGE)
  const address = t.call(mmap, 0, 4 * PAGE, 3, type, fd, 0)
  t.task.memory.writeBytes(address, new Uint8Array(4 * PAGE).fill(0x66))
  return {t, fd, address}
}

describe('a mapped file', () => {
  it.each([
    ['ftruncate', ({t, fd}) => t.call(ftruncate, fd, PAGE + 10)],
    ['truncate', ({t}) => t.call(truncate, '/file', PAGE + 10)],
  ] as [string, (m: ReturnType<typeof mapped>) => number][])(
    'is gone behind its end after %s',
    (_name, cut) => {
      const m = mapped(MAP_SHARED)
      expect(cut(m)).toBe(0)
      const {guest} = m.t
      expect(guest.load(m.address + PAGE + 9)).toBe(0x66)
      expect(guest.load(m.address + PAGE + 10)).toBe(0)
      expect(guest.load(m.address + 2 * PAGE)).toMatchObject(SIGBUS)
      m.t.call(ftruncate, m.fd, 3 * PAGE)
      expect(guest.load(m.address + 2 * PAGE)).toBe(0)
      expect(guest.load(m.address + 3 * PAGE)).toMatchObject(SIGBUS)
    },
  )

  it('loses private copies too when it is cut, but not when a hole is punched', () => {
    const {t, fd, address} = mapped(MAP_PRIVATE)
    expect(t.call(fallocate, fd, 3, 0, PAGE)).toBe(0)
    expect(t.guest.load(address)).toBe(0x66)
    t.call(ftruncate, fd, 0)
    expect(t.guest.load(address)).toMatchObject(SIGBUS)
  })

  it('reads as zero where a hole was punched, and nowhere else', () => {
    const {t, fd, address} = mapped(MAP_SHARED)
    expect(t.call(fallocate, fd, 3, PAGE, PAGE)).toBe(0)
    expect([0, 1, 2].map((page) => t.guest.load(address + page * PAGE))).toEqual([0x66, 0, 0x66])
  })

  it('is cut by O_TRUNC, which O_PATH ignores', () => {
    const {t, address} = mapped(MAP_PRIVATE)
    t.call(openat, AT_FDCWD, '/file', O_PATH | O_TRUNC)
    expect(t.guest.load(address)).toBe(0x66)
    t.call(openat, AT_FDCWD, '/file', O_RDWR | O_TRUNC)
    expect(t.guest.load(address)).toMatchObject(SIGBUS)
  })
})
