// sysfs: CPUs are listed the same everywhere.

import {beforeEach, expect, test} from 'vitest'
import {O_WRONLY} from '../../../../src/abi/open-flags.ts'
import {cpuList} from '../../../../src/vfs/fs/cpu-list.ts'
import {Sysfs} from '../../../../src/vfs/fs/sys.ts'
import {Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {mount} from '../../../../src/vfs/mount-tree.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {errorOf, TestVfs} from '../../../helpers/vfs.ts'

const CPUS = '/sys/devices/system/cpu'
let vfs: TestVfs

function withCpus(cpuCount: number): void {
  vfs = new TestVfs(new Tmpfs(memoryFile(1 << 20)))
  vfs.mkdir('sys')
  mount(
    vfs.locate('sys'),
    new Sysfs({cpuCount, memory: () => ({totalBytes: 4 << 20, freeBytes: 1 << 20})}, []),
  )
}

beforeEach(() => withCpus(6))

test('every list has all CPUs, and each has a directory', () => {
  for (const name of ['online', 'possible', 'present']) expect(vfs.read(`${CPUS}/${name}`)).toBe('0-5\n')
  const directories = vfs.list(CPUS).filter((name) => /^cpu\d+$/.test(name))
  expect(directories).toHaveLength(6)
  expect(vfs.read('/sys/devices/system/node/node0/cpulist')).toBe('0-5\n')
})

test('each CPU is a core of one package', () => {
  const topology = `${CPUS}/cpu5/topology`
  const read = (name: string): string => vfs.read(`${topology}/${name}`).trim()
  expect(read('core_id')).toBe('5')
  expect(read('physical_package_id')).toBe('0')
  expect([read('thread_siblings'), read('thread_siblings_list')]).toEqual(['20', '5'])
  expect([read('core_siblings'), read('core_siblings_list')]).toEqual(['3f', '0-5'])
  withCpus(40)
  expect(read('core_siblings')).toBe('ff,ffffffff')
})

test('lists have ranges', () => {
  const lists = [0b1n, 0b1011n, 0b110n, 1n << 40n, 0n].map(cpuList)
  expect(lists).toEqual(['0', '0-1,3', '1-2', '40', ''])
})

test('nothing can be written, and there are no huge pages', () => {
  const path = '/sys/kernel/mm/transparent_hugepage/enabled'
  expect(vfs.read(path)).toContain('[never]')
  expect(errorOf(() => vfs.open(path, O_WRONLY))).toMatch(/EACCES|EROFS/)
  expect(errorOf(() => vfs.mkdir('/sys/x'))).toMatch(/EACCES|EPERM|EROFS/)
})
