// Shares of this host's directories, and clients of them over each protocol, for tests.

import {Server} from '../../src/machine/9p/server.ts'
import type {Limits} from '../../src/machine/9p/session.ts'
import {Server as FuseServer} from '../../src/machine/fuse/server.ts'
import type {Limits as FuseLimits} from '../../src/machine/fuse/session.ts'
import type {FileSystem} from '../../src/vfs/file-system.ts'
import {openHostFs} from '../../src/vfs/fs/host.ts'
import type {Location} from '../../src/vfs/location.ts'
import {disposeMounts, mountRoot} from '../../src/vfs/mount-tree.ts'
import {nativeHost} from '../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../src/vfs/virtual-file-system.ts'
import {Client} from './9p-client.ts'
import {FuseClient} from './fuse-client.ts'
import {memoryFile} from './memory-file.ts'
import {hostDirectory} from './vfs-backends.ts'

interface Shared<S, C> {
  readonly server: S
  readonly client: C
  readonly root: Location
  dispose(): void
}

export type Share = Shared<Server, Client>
export type FuseShare = Shared<FuseServer, FuseClient>

/** A directory on the host that is shared. */
interface OnHost {
  /** On the host. */
  readonly path: string
}

export type HostShare = Share & OnHost
export type FuseHostShare = FuseShare & OnHost

export async function shareOf(fs: FileSystem, limits: Limits = {}, readOnly = false): Promise<Share> {
  const root = mountRoot(fs, new VirtualFileSystem(nativeHost), {readOnly}).top
  const server = new Server(root, limits)
  const client = await new Client(server).mount({messageBytes: 1 << 19})
  return {server, client, root, dispose: () => end(server, root)}
}

export async function fuseShareOf(
  fs: FileSystem,
  limits: FuseLimits = {},
  readOnly = false,
): Promise<FuseShare> {
  const root = mountRoot(fs, new VirtualFileSystem(nativeHost), {readOnly}).top
  const server = new FuseServer(root, limits)
  const client = await new FuseClient(server).mount()
  return {server, client, root, dispose: () => end(server, root)}
}

function end(server: {close(): void}, {mount}: Location): void {
  server.close()
  disposeMounts(mount)
}

export function hostShare(limits: Limits = {}, readOnly = false): Promise<HostShare> {
  return onHost(readOnly, (fs) => shareOf(fs, limits, readOnly))
}

export function fuseHostShare(limits: FuseLimits = {}, readOnly = false): Promise<FuseHostShare> {
  return onHost(readOnly, (fs) => fuseShareOf(fs, limits, readOnly))
}

/** Both protocols, for tests of what they have in common. */
export const protocols = [
  {protocol: '9P', hostShare, shareOf},
  {protocol: 'FUSE', hostShare: fuseHostShare, shareOf: fuseShareOf},
]

async function onHost<S extends {dispose(): void}>(
  readOnly: boolean,
  open: (fs: FileSystem) => Promise<S>,
): Promise<S & OnHost> {
  const {path, remove} = hostDirectory()
  // Room for only 256 nodes, so that tests see them go.
  const share = await open(openHostFs(path, {readOnly, memory: memoryFile(4 << 20)}))
  const dispose = (): void => {
    share.dispose()
    remove()
  }
  return {...share, path, dispose}
}
