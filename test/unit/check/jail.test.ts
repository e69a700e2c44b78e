// What `hv check` says about the jail.

import {expect, test} from 'vitest'
import type {JailLayer} from '../../../src/jail/layer.ts'
import {check, find} from './fake-host.ts'

const ON: JailLayer[] = [
  {name: 'capabilities', status: 'on'},
  {name: 'seccomp', status: 'on'},
]
const jail = async (layers: JailLayer[] | undefined, uid: number) =>
  (await check({uid, proveJail: async () => layers})).findings.find(({id}) => id === 'jail')

test('a whole jail is ok, whatever this host does not have', async () => {
  const layers: JailLayer[] = [...ON, {name: 'core-scheduling', status: 'absent', errno: 'EINVAL'}]
  const finding = await jail(layers, 0)
  expect(finding).toMatchObject({status: 'ok', title: 'Jail'})
  expect(finding?.detail).toBe(
    "A sandbox's process has no capabilities; no system calls but those that it needs (seccomp). " +
      'Not on this host: a core of its own (core scheduling): EINVAL.',
  )
})

test.each([
  [0, /container/],
  [1000, /--drop-to/],
])('what is refused is named, and fixed as user %d can', async (uid, fix) => {
  const finding = await jail([...ON, {name: 'mnt', status: 'refused', errno: 'EPERM'}], uid)
  expect(finding?.status).toBe('warn')
  expect(finding?.detail).toContain('Refused: an empty tree of files (mount namespace): EPERM.')
  expect(finding?.fix).toMatch(fix)
})

test('why the host keeps no limits is said', async () => {
  const finding = await jail([...ON, {name: 'cgroup-limits', status: 'absent', errno: 'EBUSY'}], 0)
  expect(finding?.status).toBe('ok')
  expect(finding?.detail).toContain("(cgroup v2): EBUSY, other processes are in hv's cgroup.")
})

test('nothing is said where nobody could try', async () => {
  expect(await jail(undefined, 0)).toBeUndefined()
  expect(find(await check({proveJail: async () => []}), 'jail').status).toBe('warn')
})
