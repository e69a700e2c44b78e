// openShare: a host directory as a tree of its own: what `--share` gives a machine.

import {S_IFDIR} from '../../abi/file-mode.ts'
import {badArgument} from '../../errors.ts'
import {createMemoryFile} from '../../platform/page-allocator.ts'
import {Budget} from '../../vfs/budget.ts'
import {openHostFs} from '../../vfs/fs/host.ts'
import type {HostSource} from '../../vfs/fs/host-source.ts'
import type {Location} from '../../vfs/location.ts'
import {disposeMounts, mountRoot} from '../../vfs/mount-tree.ts'
import {nativeHost} from '../../vfs/native-host.ts'
import {VirtualFileSystem} from '../../vfs/virtual-file-system.ts'

/** For listings that are being read: 400,000 names of 80 bytes. */
const LISTINGS_BYTES = 64 << 20
/** As many files are known at a time as for a guest with that much memory. Files are never mapped, so none of it is ever used. */
const MEMORY_BYTES = 256 << 20

export interface Share {
  /** The directory's descriptor, for the jail. */
  readonly fd: number
  /** For {@link Server}. */
  readonly root: Location
  /** Call it after the servers are closed. */
  dispose(): void
}

/**
 * @param directory on the host, or one that is open already; links on the way to it are followed, and none within it
 * @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL
 */
export function openShare(directory: string | HostSource, {readOnly = false} = {}): Share {
  const region = {size: MEMORY_BYTES, upTo: (end: number) => new ArrayBuffer(end === 0 ? 0 : MEMORY_BYTES)}
  const memory = createMemoryFile(region, () => {})
  const fs = openHostFs(directory, {readOnly, memory, budget: new Budget(LISTINGS_BYTES)})
  if (fs.root.kind !== S_IFDIR) {
    fs.dispose()
    const shown = typeof directory === 'string' ? directory : directory.path
    throw badArgument(`${shown}: not a directory`, 'share the directory that it is in')
  }
  const root = mountRoot(fs, new VirtualFileSystem(nativeHost), {readOnly}).top
  return {fd: fs.rootFd, root, dispose: () => disposeMounts(root.mount)}
}
