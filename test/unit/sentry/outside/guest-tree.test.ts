// The guest's tree: where volumes may be.

import {expect, test} from 'vitest'
import {buildTree} from '../../../../src/sentry/outside/guest-tree.ts'
import {openHostSource} from '../../../../src/vfs/fs/host-source.ts'
import {disposeMounts} from '../../../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {memoryFile} from '../../../helpers/memory-file.ts'

function build(...places: string[]): void {
  const volumes = places.map((guest) => ({host: openHostSource('/etc'), guest, writable: false}))
  disposeMounts(buildTree(memoryFile(1 << 20), {vfs: new VirtualFileSystem(nativeHost), volumes}))
}

test.each(['/proc', '/./proc/', '/proc/1', '/sys', '/sys/a/b', '/dev', '//dev'])(
  'no volume covers what is the guest kernel’s own: %s',
  (place) => {
    expect(() => build(place)).toThrow(
      expect.objectContaining({code: 'BAD_ARGUMENT', nextStep: 'mount the volume elsewhere'}),
    )
  },
)

test.each([[['/a', '/a']], [['/a/b', '/c', '/a//b/']]])(
  'two volumes in one place are refused: %j',
  (places) => {
    expect(() => build(...places)).toThrow(
      expect.objectContaining({code: 'BAD_ARGUMENT', nextStep: 'give each a place of its own'}),
    )
  },
)

test('a volume may be in another one, in /dev and over /tmp', () => {
  build('/a', '/a/apt', '/dev/shm', '/dev/things', '/tmp')
})
