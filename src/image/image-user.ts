// findUser: the user that a guest's program runs as, by the tree's own /etc/passwd and /etc/group (passwd(5), group(5)).

import {ALL_CAPABILITIES} from '../abi/capability.ts'
import {Errno} from '../abi/errno.ts'
import {S_IFREG} from '../abi/file-mode.ts'
import {MAX_ID} from '../abi/ids.ts'
import {O_RDONLY} from '../abi/open-flags.ts'
import type {HvError} from '../errors.ts'
import type {Credentials} from '../vfs/file.ts'
import type {FileSystem} from '../vfs/file-system.ts'
import {toByteString} from '../vfs/host-calls.ts'
import {mountRoot} from '../vfs/mount-tree.ts'
import {nativeHost} from '../vfs/native-host.ts'
import {resolve} from '../vfs/path-walk.ts'
import {VirtualFileSystem} from '../vfs/virtual-file-system.ts'
import {badArchive, shown} from './archive-error.ts'

export interface ImageUser {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups, including the user's own. */
  readonly groups: readonly number[]
  readonly home: string
}

const READER: Credentials = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}
const MAX_TEXT_BYTES = 1 << 20
/** Linux's NGROUPS_MAX is higher, but not needed. */
const MAX_GROUPS = 1000
const NUMBER = /^\d{1,10}$/

/**
 * @param spec `USER[:GROUP]`, by name or number; empty: root
 * @param unknown makes the error where they do not have it
 * @throws HvError BAD_ARGUMENT
 */
export function findUser(
  fs: FileSystem,
  spec: string,
  unknown: () => HvError = () => unknownToImage(spec),
): ImageUser {
  const [user, group] = toByteString(spec === '' ? '0' : spec).split(':')
  const rows = rowsOf(fs, '/etc/passwd')
  const row =
    rows.find(([name]) => name === user) ??
    rows.find(([, , uid]) => NUMBER.test(user) && Number(uid) === Number(user))
  const groups = rowsOf(fs, '/etc/group')
  const named = groups.find(([name]) => name === group)?.[2] ?? group
  const idOf = (text: string | undefined): number => {
    const id = NUMBER.test(text ?? '') ? Number(text) : Number.NaN
    if (id <= MAX_ID) return id
    throw unknown()
  }
  const gid = group ? idOf(named) : row === undefined ? 0 : idOf(row[3])
  const others = group || row === undefined ? [] : memberships(groups, row[0])
  return {
    uid: idOf(row?.[2] ?? user),
    gid,
    // A program that drops its group keeps this one: files may deny access to a group.
    groups: [...new Set([gid, ...others])],
    home: Buffer.from(row?.[5] || '/', 'latin1').toString('utf8'),
  }
}

function memberships(groups: readonly string[][], user: string): number[] {
  return groups
    .filter(([, , gid, members]) => NUMBER.test(gid ?? '') && (members ?? '').split(',').includes(user))
    .slice(0, MAX_GROUPS)
    .map(([, , gid]) => Number(gid))
    .filter((gid) => gid <= MAX_ID)
}

function unknownToImage(spec: string): HvError {
  return badArchive(
    `its user is ${shown(spec)}, whom its /etc/passwd and /etc/group do not know`,
    'make the image anew with one that they know',
  )
}

/** Fields separated by colons; none if there is no such file. */
function rowsOf(fs: FileSystem, path: string): string[][] {
  try {
    const root = mountRoot(fs, new VirtualFileSystem(nativeHost)).top
    const {inode} = resolve({root, credentials: READER}, root, path)
    if (inode.kind !== S_IFREG) return []
    const file = inode.open(O_RDONLY)
    const bytes = Buffer.alloc(Math.min(inode.attributes().size, MAX_TEXT_BYTES))
    let length = 0
    for (let count = 1; count > 0 && length < bytes.length; length += count)
      count = file.read(bytes.subarray(length))
    file.close()
    return bytes
      .toString('latin1', 0, length)
      .split('\n')
      .map((line) => line.split(':'))
  } catch (error) {
    if (error instanceof Errno) return []
    throw error
  } finally {
    // The guest's kernel admits it anew.
    fs.dev = 0
  }
}
