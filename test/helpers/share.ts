// A share of a directory of this host's, and a client of it, for tests.

import {Server} from '../../src/machine/9p/server.ts'
import type {Limits} from '../../src/machine/9p/session.ts'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {openHostFs} from '../../src/vfs/fs/host.ts'
import type {Location} from '../../src/vfs/location.ts'
import {disposeMounts, mountRoot} from '../../src/vfs/mount-tree.ts'
import {Client} from './9p-client.ts'
import {memoryFile} from './memory-file.ts'
import {hostDirectory} from './vfs-backends.ts'

export interface Share {
  readonly server: Server
  readonly client: Client
  readonly root: Location
  dispose(): void
}

export async function shareOf(fs: FileSystem, limits: Limits = {}, readOnly = false): Promise<Share> {
  const root = mountRoot(fs, {readOnly}).top
  const server = new Server(root, limits)
  const client = await new Client(server).mount({messageBytes: 1 << 19})
  return {
    server,
    client,
    root,
    dispose() {
      server.close()
      disposeMounts(root.mount)
    },
  }
}

/** A directory of the host's, and the share of it. */
export interface HostShare extends Share {
  /** On the host. */
  readonly path: string
}

export async function hostShare(limits: Limits = {}, readOnly = false): Promise<HostShare> {
  const {path, remove} = hostDirectory()
  // Room for 256 nodes: few, so that tests see them go.
  const share = await shareOf(openHostFs(path, {readOnly, memory: memoryFile(4 << 20)}), limits, readOnly)
  return {
    ...share,
    path,
    dispose() {
      share.dispose()
      remove()
    },
  }
}
