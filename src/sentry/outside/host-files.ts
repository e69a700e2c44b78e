// openHostFiles: the host files that a sentry needs, opened while that is possible: a jail, inside which they are read, opens no path.

import {readFileSync} from 'node:fs'
import {OwnFiles} from '../../own-files.ts'
import {type HostSource, openHostSource} from '../../vfs/fs/host-source.ts'
import {openNativeHost} from '../../vfs/native-host.ts'
import type {User} from '../core/credentials.ts'
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

/** The user that is named, or else the one that hv becomes, or else the one who runs hv. */
export function userOf({dropTo, user}: Pick<SentryOptions, 'dropTo' | 'user'>): User {
  if (user !== undefined) return user
  if (dropTo !== undefined) return {...dropTo, groups: []}
  return {uid: process.getuid!(), gid: process.getgid!(), groups: hostGroups()}
}

/** Supplementary groups: Node's getgroups adds the effective group to them. */
function hostGroups(): number[] {
  try {
    const line = /^Groups:(.*)$/m.exec(readFileSync('/proc/self/status', 'latin1'))
    if (line !== null) return line[1].trim().split(/\s+/).filter(Boolean).map(Number)
  } catch {
    // There is no /proc.
  }
  return process.getgroups!()
}
