// Every writable file system, empty: the suites test/unit/vfs/fs/writable*.test.ts run on each.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect} from 'vitest'
import type {MemoryFile} from '../../src/platform/memory-file.ts'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {ArchiveFs} from '../../src/vfs/fs/archive.ts'
import {openHostFs} from '../../src/vfs/fs/host.ts'
import {Overlay} from '../../src/vfs/fs/overlay.ts'
import {Tmpfs} from '../../src/vfs/fs/tmpfs.ts'
import {memoryFile} from './memory-file.ts'
import {TestVfs} from './vfs.ts'

const MEMORY_BYTES = 16 << 20

export interface Backend {
  name: string
  create(memory: MemoryFile): FileSystem
  /** Removes what create() left on the host. */
  cleanUp(): void
}

export function hostDirectory(): {path: string; remove(): void} {
  const path = mkdtempSync(join(tmpdir(), 'hv-vfs-'))
  return {path, remove: () => rmSync(path, {recursive: true, force: true})}
}

function withHostDirectory(name: string, create: (path: string, memory: MemoryFile) => FileSystem): Backend {
  const directories: {remove(): void}[] = []
  return {
    name,
    create(memory) {
      const directory = hostDirectory()
      directories.push(directory)
      return create(directory.path, memory)
    },
    cleanUp() {
      for (const directory of directories.splice(0)) directory.remove()
    },
  }
}

export const backends: Backend[] = [
  {name: 'tmpfs', create: (memory) => new Tmpfs(memory), cleanUp() {}},
  {name: 'overlay over tmpfs', create: (memory) => new Overlay(new Tmpfs(memory), memory), cleanUp() {}},
  {
    name: 'overlay over an archive',
    create: (memory) => new Overlay(new ArchiveFs(), memory),
    cleanUp() {},
  },
  withHostDirectory('overlay over host', (path, memory) => {
    return new Overlay(openHostFs(path, {readOnly: true, memory}), memory)
  }),
  withHostDirectory('host', (path, memory) => openHostFs(path, {readOnly: false, memory})),
]

/** Gives each test an empty file system; after the test all of the guest's memory must be free again. */
export function freshBeforeEach(backend: Backend, given: (vfs: TestVfs, memory: MemoryFile) => void): void {
  let memory: MemoryFile
  let vfs: TestVfs

  beforeEach(() => {
    memory = memoryFile(MEMORY_BYTES)
    vfs = new TestVfs(backend.create(memory))
    given(vfs, memory)
  })

  afterEach(() => {
    vfs.dispose()
    backend.cleanUp()
    expect(memory.allocatedBytes).toBe(0)
  })
}
