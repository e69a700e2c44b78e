// machineFiles: a machine that is closed while it is asked.

import {expect, test} from 'vitest'
import {HvError} from '../../../../../src/errors.ts'
import {SandboxFiles} from '../../../../../src/sandbox/owner/files/sandbox-files.ts'
import {machineFiles} from '../../../../../src/sandbox/owner/machine/machine-files.ts'
import {Tmpfs} from '../../../../../src/vfs/fs/tmpfs.ts'
import {mountRoot} from '../../../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../../src/vfs/virtual-file-system.ts'
import {memoryFile} from '../../../../helpers/memory-file.ts'

const closed = new HvError('DISPOSED', 'the machine is closed')

test('a request that its machine does not outlive fails, and so does a later one', async () => {
  const vfs = new VirtualFileSystem(nativeHost)
  const mount = mountRoot(new Tmpfs(memoryFile(1 << 24), {mode: 0o777}), vfs)
  let isOpen = true
  const machine = machineFiles({mount, vfs}, {uid: 0, gid: 0, groups: []}, () => {
    if (!isOpen) throw closed
  })
  const files = new SandboxFiles(machine.remote)
  await files.write('/a', 'text')
  expect(await files.read('/a')).toBe('text')
  const asked = files.read('/a')
  isOpen = false
  machine.remote.fail(closed)
  await expect(asked).rejects.toBe(closed)
  await expect(files.read('/a')).rejects.toBe(closed)
  machine.close()
})
