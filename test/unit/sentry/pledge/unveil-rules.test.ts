// unveil: what the entries of a directory and of a name mean, and their limits. Ways around it: guests/linux/unveil.c.

import {describe, expect, test} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {E2BIG, EACCES, EINVAL, ENOENT, EPERM} from '../../../../src/abi/errno.ts'
import {O_CREAT, O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {parsePermissions} from '../../../../src/sentry/pledge/unveil-rules.ts'
import {PledgedTask} from './pledged-task.ts'

const OWNER = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}

function withTree(): PledgedTask {
  const t = new PledgedTask()
  const {root} = t.tmpfs
  root.mkdir('a', 0o755, OWNER).create('file', 0o644, OWNER)
  root.mkdir('b', 0o755, OWNER).create('file', 0o644, OWNER)
  return t
}

const unveil = (t: PledgedTask, path: string | number, permissions: string | number) =>
  t.make('unveil', path, permissions)
const opens = (t: PledgedTask, path: string, flags = O_RDONLY) => {
  const result = t.make('openat', AT_FDCWD, path, arch.kernelAbi.openFlags(flags), 0o600)
  return (result as number) >= 0 || result
}

test('permissions are letters in any order, or none', () => {
  expect(parsePermissions('')).toBe(0)
  expect(parsePermissions('cr')).toBe(parsePermissions('rc'))
  expect(parsePermissions('rwxz')).toBeUndefined()
  expect(unveil(withTree(), '/a', 'z')).toBe(-EINVAL)
})

describe('a directory', () => {
  test('is remembered itself, whatever its name becomes', () => {
    const t = withTree()
    unveil(t, '/a', 'r')
    t.tmpfs.root.rename('a', t.tmpfs.root, 'moved', 0)
    expect(opens(t, '/moved/file')).toBe(true)
    t.tmpfs.root.mkdir('a', 0o755, OWNER).create('file', 0o644, OWNER)
    expect(opens(t, '/a/file')).toBe(-ENOENT)
  })

  test('hides with no letters what one above it shows', () => {
    const t = withTree()
    unveil(t, '/', 'r')
    unveil(t, '/b', '')
    expect(opens(t, '/a/file')).toBe(true)
    expect(opens(t, '/b/file')).toBe(-EACCES)
  })

  test('that is the root shows everything', () => {
    const t = withTree()
    unveil(t, '/', 'r')
    expect(opens(t, '/a/file')).toBe(true)
    expect(opens(t, '/a/file', O_RDWR)).toBe(-EACCES)
  })
})

describe('another name', () => {
  test('is remembered in its directory, there or not', () => {
    const t = withTree()
    unveil(t, '/a/new', 'rwc')
    expect(opens(t, '/a/new')).toBe(-ENOENT)
    expect(opens(t, '/a/new', O_RDWR | O_CREAT)).toBe(true)
    expect(t.make('unlinkat', AT_FDCWD, '/a/new', 0)).toBe(0)
    expect(opens(t, '/a/new', O_RDWR | O_CREAT)).toBe(true)
    expect(opens(t, '/a/file')).toBe(-ENOENT)
  })

  test('in a directory that is missing cannot be', () => {
    expect(unveil(withTree(), '/none/new', 'r')).toBe(-ENOENT)
  })
})

describe('unveiling', () => {
  test('gives no more than before, and less', () => {
    const t = withTree()
    unveil(t, '/a', 'rw')
    expect(unveil(t, '/a', 'rwc')).toBe(-EPERM)
    expect(unveil(t, '/a', 'r')).toBe(0)
    expect(opens(t, '/a/file', O_RDWR)).toBe(-EACCES)
  })

  test('ends when it is locked', () => {
    const t = withTree()
    unveil(t, '/a', 'r')
    expect(unveil(t, 0, 0)).toBe(0)
    expect(unveil(t, '/b', 'r')).toBe(-EPERM)
  })

  test('has room for 128 entries', () => {
    const t = withTree()
    for (let i = 0; i < 128; i++) expect(unveil(t, `/a/${i}`, 'r')).toBe(0)
    expect(unveil(t, '/a/more', 'r')).toBe(-E2BIG)
    expect(unveil(t, '/a/5', 'r')).toBe(0)
  })

  test('is a promise of its own', () => {
    expect(unveil(withTree().pledge('stdio rpath'), '/a', 'r')).toBe('unveil')
    const t = withTree().pledge('stdio rpath unveil')
    expect(unveil(t, '/a', 'r')).toBe(0)
    expect(opens(t, '/b/file')).toBe(-ENOENT)
    t.pledge('stdio')
    expect(opens(t, '/a/file')).toBe('rpath')
  })
})
