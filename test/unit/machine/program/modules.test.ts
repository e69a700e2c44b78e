// Which modules a machine loads, in which order; the list is not trusted.

import {describe, expect, test} from 'vitest'
import {readModules} from '../../../../src/machine/program/modules.ts'
import {codeOf} from '../../../helpers/vm.ts'

const LIST = `
kernel/fs/fuse/virtiofs.ko.xz: kernel/fs/fuse/fuse.ko.xz kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/fs/fuse/fuse.ko.xz:
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio_ring.ko.xz:
`

const reading = (list: string) => (path: string) => Buffer.from(path === 'modules.dep' ? list : path)

function namesOf(list: string, wanted: readonly string[]): string[] {
  return readModules(reading(list), wanted).map(({name}) => name)
}

describe('the modules of a kernel', () => {
  test('come behind those that they need, each once', () => {
    expect(namesOf(LIST, ['virtiofs', 'virtio'])).toEqual([
      ...['virtio_ring.ko.xz', 'virtio.ko.xz', 'fuse.ko.xz', 'virtiofs.ko.xz'],
    ])
  })

  test('are found by a dash or an underscore', () => {
    expect(namesOf(LIST, ['virtio_rng'])).toEqual(['virtio.ko.xz', 'virtio-rng.ko'])
  })

  test('are left away where they are in no list: they are built in', () => {
    expect(namesOf(LIST, ['virtio_mmio', 'ext4'])).toEqual([])
    expect(namesOf('', ['virtiofs'])).toEqual([])
    expect(namesOf('a line without a colon\n:\n::\n', ['virtiofs'])).toEqual([])
  })

  test('are what the list says that lies at their paths', () => {
    const [ring] = readModules(reading(LIST), ['virtio_ring'])
    expect(Buffer.from(ring.bytes).toString()).toBe('kernel/drivers/virtio/virtio_ring.ko.xz')
  })

  test('are not many', () => {
    const needed = Array.from({length: 200}, (_, index) => `m${index}.ko`).join(' ')
    expect(codeOf(() => namesOf(`virtiofs.ko: ${needed}\n`, ['virtiofs']))).toBe('BAD_KERNEL')
    const huge = (path: string) =>
      path === 'modules.dep' ? Buffer.from('a.ko: b.ko\nb.ko:\n') : new Uint8Array(200 << 20)
    expect(codeOf(() => readModules(huge, ['a']))).toBe('BAD_KERNEL')
  })
})
