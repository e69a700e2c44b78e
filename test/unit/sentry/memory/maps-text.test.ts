// /proc/PID/maps against the host kernel.

import {readFileSync} from 'node:fs'
import {expect, it} from 'vitest'
import {makeDev} from '../../../../src/abi/file-mode.ts'
import {mapsText} from '../../../../src/sentry/memory/maps-text.ts'
import {VM_SHARED, Vma} from '../../../../src/sentry/memory/vma.ts'
import type {Mappable} from '../../../../src/vfs/file.ts'

const mappable: Mappable = {sharedPage: () => 0, markDirty: () => {}, flush: () => {}}

/** The mapping that a line of /proc/self/maps describes. */
function parse(line: string): Vma {
  const match = /^(\w+)-(\w+) (.)(.)(.)(.) (\w+) (\w+):(\w+) (\d+) +(.*)$/.exec(line)!
  const [, start, end, r, w, x, s, offset, major, minor, ino, name] = match
  const isFile = ino !== '0'
  return new Vma({
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    protection: (r === 'r' ? 1 : 0) | (w === 'w' ? 2 : 0) | (x === 'x' ? 4 : 0),
    maxProtection: 7,
    flags: s === 's' ? VM_SHARED : 0,
    pageOffset: Number.parseInt(offset, 16) / 4096,
    name: isFile ? '' : name,
    backing: isFile
      ? {
          mappable,
          path: name,
          dev: makeDev(Number.parseInt(major, 16), Number.parseInt(minor, 16)),
          ino: Number(ino),
        }
      : undefined,
  })
}

it('writes the lines that the host kernel writes', () => {
  const lines = readFileSync('/proc/self/maps', 'latin1').split('\n').slice(0, -1)
  // vsyscall lies beyond 2^53.
  const user = lines.filter((line) => !line.startsWith('ffffffff'))
  expect(user.length).toBeGreaterThan(10)
  expect(mapsText(user.map(parse)).split('\n').slice(0, -1)).toEqual(user)
})

it('escapes a newline in a path', () => {
  const backing = {mappable, path: '/a\nb', dev: 0, ino: 1}
  const parts = {
    start: 4096,
    end: 8192,
    protection: 5,
    maxProtection: 7,
    flags: 0,
    pageOffset: 1,
    name: '',
    backing,
  }
  expect(mapsText([new Vma(parts)])).toBe(
    `00001000-00002000 r-xp 00001000 00:00 1${' '.repeat(34)}/a\\012b\n`,
  )
})
