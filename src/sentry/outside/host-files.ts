// openHostFiles: the host files that a sentry needs, opened while that is possible: a jail, inside which they are read, opens no path.

import {OwnFiles} from '../../own-files.ts'
import {type HostSource, openHostSource} from '../../vfs/fs/host-source.ts'
import {openNativeHost} from '../../vfs/native-host.ts'
import type {User} from '../core/credentials.ts'
import {userOf} from './guest-user.ts'
import type {SentryOptions} from './sentry.ts'
import type {OpenedVolume, Volume} from './volume.ts'

/** For SentryOptions. */
export interface HostFiles {
  root?: HostSource
  user: User
  volumes: OpenedVolume[]
  /** Descriptors of the files that the guest sees. */
  roots: {fd: number; isWritable: boolean}[]
}

/** @param root a host directory. @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
export function openHostFiles(
  root: string | undefined,
  volumes: readonly Volume[],
  dropTo: SentryOptions['dropTo'],
): HostFiles {
  openNativeHost()
  const files: HostFiles = {user: userOf({dropTo}), volumes: [], roots: []}
  const own = volumes.some(({writable}) => writable) ? new OwnFiles(process.env) : undefined
  const open = (path: string, isWritable: boolean) => {
    const source = openHostSource(path, isWritable ? own : undefined)
    files.roots.push({fd: source.fd, isWritable})
    return source
  }
  if (root !== undefined) files.root = open(root, false)
  for (const volume of volumes) files.volumes.push({...volume, host: open(volume.host, volume.writable)})
  return files
}
