// KernelResources: the host resources of a machine's devices, and that they are released.

import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {KernelResources} from '../../../../src/machine/kernel/kernel-resources.ts'
import {openShare} from '../../../../src/machine/share/open-share.ts'
import {errorOf} from '../../../helpers/vfs.ts'
import {hostDirectory} from '../../../helpers/vfs-backends.ts'

test('a share is a device by virtio-fs, or by 9P, and nothing of it stays open', () => {
  const directory = hostDirectory()
  // The addon keeps one descriptor from the first share on.
  openShare(directory.path).dispose()
  const before = readdirSync('/proc/self/fd').length
  const share = {path: directory.path, tag: 'tag', readOnly: false}
  {
    using resources = new KernelResources()
    expect(resources.shares([share, {...share, tag: 'other', is9p: true}]).map(({id}) => id)).toEqual([26, 9])
    expect(errorOf(() => resources.shares([{...share, tag: 'x'.repeat(37)}]))).toBe('BAD_ARGUMENT')
    expect(errorOf(() => resources.shares([{...share, path: join(directory.path, 'none')}]))).toBe(
      'NOT_FOUND',
    )
  }
  expect(readdirSync('/proc/self/fd')).toHaveLength(before)
  directory.remove()
})
