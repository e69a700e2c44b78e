// openHostFiles: what a sentry has of its host's files, opened while that can be done: it is read behind a jail, which opens no path.

import {openHostSource} from '../vfs/fs/host-source.ts'
import {openRandom} from '../vfs/random.ts'
import {hostClock} from './clock.ts'
import type {User} from './credentials.ts'
import {userOf} from './guest-user.ts'
import {openCpuinfo} from './host-cpuinfo.ts'
import type {SentryOptions} from './sentry.ts'
import type {OpenedVolume, Volume} from './volume.ts'

/** For SentryOptions. */
export interface HostFiles extends Pick<SentryOptions, 'root'> {
  user: User
  volumes: OpenedVolume[]
  /** Descriptors of what the guest sees. */
  roots: {fd: number; isWritable: boolean}[]
}

/** @param root a directory of the host's. @throws HvError NOT_FOUND, BAD_ARGUMENT, HOST_SYSCALL */
export function openHostFiles(
  root: string | undefined,
  volumes: readonly Volume[],
  dropTo: SentryOptions['dropTo'],
): HostFiles {
  openCpuinfo()
  openRandom()
  hostClock()
  const files: HostFiles = {user: userOf({dropTo}), volumes: [], roots: []}
  const open = (path: string, isWritable: boolean) => {
    const source = openHostSource(path)
    files.roots.push({fd: source.fd, isWritable})
    return source
  }
  if (root !== undefined) files.root = open(root, false)
  for (const volume of volumes) files.volumes.push({...volume, host: open(volume.host, volume.writable)})
  return files
}
