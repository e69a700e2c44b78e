// A failed execve(2) costs a failed open(2): a search along PATH makes many.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {EACCES, ENOENT, ENOTDIR} from '../../../../src/abi/errno.ts'
import type {Syscall} from '../../../../src/sentry/core/syscall.ts'
import {execve} from '../../../../src/sentry/syscalls/execve.ts'
import {mkdir} from '../../../../src/sentry/syscalls/mkdir.ts'
import {open} from '../../../../src/sentry/syscalls/open.ts'
import {openHostFs} from '../../../../src/vfs/fs/host.ts'
import {mount} from '../../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {resolve} from '../../../../src/vfs/path-walk.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'
import {SimulatedTask} from './simulated-task.ts'

const host = nativeHost.files

let directory: ReturnType<typeof hostDirectory>
let t: SimulatedTask

beforeEach(() => {
  directory = hostDirectory()
  t = new SimulatedTask()
  t.call(mkdir, '/bin', 0o755)
  writeFileSync(join(directory.path, 'text'), '', {mode: 0o644})
  const {root} = t.task.fs
  const at = resolve({root, credentials: t.task.credentials}, root, '/bin')
  mount(at, openHostFs(directory.path, {readOnly: true, memory: t.guest.memory}))
})

afterEach(() => {
  vi.restoreAllMocks()
  directory.remove()
})

/** @returns the result of a call, and what it cost: calls on the host, strings read from the guest */
function costOf(
  syscall: Syscall,
  ...args: (number | string)[]
): [result: number, hostCalls: string[], strings: number] {
  const hostCalls: string[] = []
  const functions = host as unknown as Record<string, (...words: unknown[]) => unknown>
  for (const name of Object.keys(functions).filter((key) => key.startsWith('host'))) {
    const real = functions[name]
    vi.spyOn(functions, name).mockImplementation((...words) => {
      hostCalls.push(name)
      return real(...words)
    })
  }
  const strings = vi.spyOn(t.task.memory, 'readCString')
  return [t.call(syscall, ...args), hostCalls, strings.mock.calls.length]
}

test.each([
  ['/bin/missing', -ENOENT],
  ['/bin/text/name', -ENOTDIR],
  ['/bin/none/name', -ENOENT],
])('execve of %s asks the host what open asks, and reads one string', (path, result) => {
  const opening = costOf(open, path, 0)
  vi.restoreAllMocks()
  const argv = t.int64s(t.string('name'), 0)
  const executing = costOf(execve, path, argv, argv)
  expect(opening[0]).toBe(result)
  expect(executing).toEqual(opening)
})

test('what may not be executed is not opened', () => {
  expect(costOf(execve, '/bin/text', 0, 0)).toEqual([-EACCES, ['hostStat'], 1])
})
