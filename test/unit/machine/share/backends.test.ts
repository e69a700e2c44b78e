// What a machine's root can be, over each protocol: trees in memory, overlays over a host's directory or an archive, a directory.

import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {S_IFCHR, S_IFIFO} from '../../../../src/abi/file-mode.ts'
import type {MemoryFile} from '../../../../src/platform/memory-file.ts'
import {ROOT, Tmpfs} from '../../../../src/vfs/fs/tmpfs.ts'
import {childLocation, mount} from '../../../../src/vfs/mount-tree.ts'
import {failure} from '../../../helpers/failure.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'
import {type FuseShare, protocols, type Share} from '../../../helpers/share.ts'
import {backends} from '../../../helpers/vfs-backends.ts'

describe.each(protocols)('by $protocol', ({shareOf}) => {
  describe.each(backends)('$name', (backend) => {
    let memory: MemoryFile
    let share: Share | FuseShare

    beforeEach(async () => {
      memory = memoryFile(16 << 20)
      share = await shareOf(backend.create(memory))
    })

    afterEach(() => {
      share.dispose()
      backend.cleanUp()
      // This includes files that lost their names while they were open.
      expect(memory.allocatedBytes).toBe(0)
    })

    test('an open file lives on without its name, until it is closed', async () => {
      const {client} = share
      await client.writeFile('f', 'before')
      const file = await client.open('f', 2)
      await client.unlink('f')
      await client.write(file, 6, Buffer.from(' and after'))
      expect((await client.read(file, 0, 100)).toString()).toBe('before and after')
      expect(await client.getattr(file)).toMatchObject({nlink: 0, size: 16})
      await client.close(file)
      expect(await client.names('')).toEqual([])
    })

    test('a share that ends leaves nothing open', async () => {
      await share.client.create('f')
      await share.client.open('')
      await share.client.walk('f')
    })
  })

  test('devices and fifos of a tree in memory are shown, and never opened', async () => {
    const share = await shareOf(new Tmpfs(memoryFile(1 << 20)))
    const {client, root} = share
    root.inode.mknod('null', S_IFCHR | 0o666, 0x103, ROOT)
    root.inode.mknod('fifo', S_IFIFO | 0o666, 0, ROOT)
    expect(await client.stat('null')).toMatchObject({mode: S_IFCHR | 0o666, rdev: 0x103})
    for (const name of ['null', 'fifo']) {
      expect(await failure(client.open(name, 2))).toBe('ENXIO')
      expect(await failure(client.create(name))).toBe('ENXIO')
    }
    share.dispose()
  })

  test('files of several file systems in one tree are told apart, and none of them leads to another', async () => {
    const [outer, inner] = [new Tmpfs(memoryFile(1 << 20)), new Tmpfs(memoryFile(1 << 20))]
    const share = await shareOf(outer)
    const {client, root} = share
    mount(childLocation(root, 'inner', outer.root.mkdir('inner', 0o755, ROOT)), inner)
    await client.writeFile('f', '')
    await client.writeFile('inner/f', '')
    const numbers: number[] = []
    for (const path of ['', 'f', 'inner', 'inner/f']) {
      const stat = await client.stat(path)
      numbers.push('ino' in stat ? stat.ino : stat.qid.path)
    }
    expect(new Set(numbers).size).toBe(4)
    expect(await failure(client.rename('f', 'inner/g'))).toBe('EXDEV')
    expect(await failure(client.link('f', 'inner/g'))).toBe('EXDEV')
    expect(await failure(client.rmdir('inner'))).toBe('EBUSY')
    share.dispose()
  })
})
