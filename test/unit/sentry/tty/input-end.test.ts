// The end of a terminal's input: what programs find when nobody will type again.

import {beforeEach, expect, test} from 'vitest'
import {O_NOCTTY, O_RDWR, POLLIN} from '../../../../src/abi/open-flags.ts'
import {ECHO, ICANON, ISIG, VEOF, VMIN} from '../../../../src/abi/termios.ts'
import type {Pty} from '../../../../src/sentry/tty/pty.ts'
import {Terminals} from '../../../../src/sentry/tty/terminals.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import type {FileDescription} from '../../../../src/vfs/file.ts'
import {ROOT} from '../../../../src/vfs/fs/tmpfs.ts'
import {errorOf} from '../../../helpers/vfs.ts'
import {FakeJobs} from './fake-jobs.ts'
import {bytesOf, textOf} from './typing.ts'

let pty: Pty
let slave: FileDescription

beforeEach(() => {
  const jobs = new FakeJobs()
  jobs.add(10, 1, 10, 10)
  const terminals = new Terminals(jobs.vfs, new Budget(), () => jobs.kernel, ROOT, undefined)
  ;({pty, slave} = terminals.openOwn(1000))
})

function read(): string {
  const target = new Uint8Array(100)
  return textOf(target.subarray(0, slave.read(target)))
}

function setLocal(local: number, characters: Record<number, number> = {}): void {
  const {modes} = pty.line
  const all = modes.characters.slice()
  for (const [index, character] of Object.entries(characters)) all[Number(index)] = character
  pty.setModes({...modes, local, characters: all})
}

test('a terminal of the sentry is open to no session and to any program', () => {
  expect([pty.isFree, pty.isLocked, slave.flags]).toEqual([true, false, O_RDWR])
  expect(errorOf(() => slave.inode.open(O_RDWR | O_NOCTTY))).toBe('no error')
})

test('lines come before it, an unfinished one too, and then each read finds it', () => {
  pty.type(bytesOf('one\ntwo'))
  pty.endInput()
  expect([read(), read(), read(), read()]).toEqual(['one\n', 'two', '', ''])
  expect(slave.readiness() & POLLIN).toBe(POLLIN)
})

test('it wakes who waits, and nothing is typed before somebody reads', () => {
  let woken = 0
  slave.waiters!.join({wake: () => woken++})
  expect(slave.readiness() & POLLIN).toBe(0)
  pty.endInput()
  expect([woken, slave.readiness() & POLLIN, pty.line.inputBytes]).toEqual([1, POLLIN, 0])
})

test('without lines it is a key, once, and once more after a change of modes', () => {
  pty.endInput()
  setLocal(0)
  expect(slave.readiness() & POLLIN).toBe(POLLIN)
  expect([read(), errorOf(read), slave.readiness() & POLLIN]).toEqual(['\x04', 'EAGAIN', 0])
  setLocal(ICANON)
  expect([read(), read()]).toEqual(['', ''])
  setLocal(0)
  expect([read(), errorOf(read)]).toEqual(['\x04', 'EAGAIN'])
})

test('a read that waits for nothing gets the key, too', () => {
  pty.endInput()
  setLocal(0, {[VMIN]: 0})
  expect([read(), read()]).toEqual(['\x04', ''])
})

test('it is whatever key the program has for it, and none if it has none', () => {
  pty.endInput()
  setLocal(ECHO, {[VEOF]: 0x78})
  expect([read(), textOf(pty.shown.peek())]).toEqual(['x', 'x'])
  setLocal(ICANON, {[VEOF]: 0})
  expect([errorOf(read), slave.readiness() & POLLIN]).toEqual(['EAGAIN', 0])
})

test('a program that has the key mean something else waits, and hangs nobody', () => {
  pty.endInput()
  setLocal(ICANON | ISIG, {[VEOF]: 3})
  expect([errorOf(read), errorOf(read)]).toEqual(['EAGAIN', 'EAGAIN'])
})
