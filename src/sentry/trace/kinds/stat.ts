// Kinds of what stat(2), statx(2), statfs(2) and getdents(2) store.

import {AT_STATX_SYNC_TYPE} from '../../../abi/at-flags.ts'
import {majorOf, minorOf, S_IFBLK, S_IFCHR, S_IFMT} from '../../../abi/file-mode.ts'
import {STAT_LENGTH, STATFS_SIZE, STATX_SIZE} from '../../../abi/stat.ts'
import {arch} from '../../../arch/index.ts'
import {HIDDEN, type Kind, type Kinds, named, structOut} from '../kind.ts'
import {atFlags, fileMode} from '../names/files.ts'
import {countedBits, enumeration, flagWord, hexOf} from '../text/number.ts'
import {hex64, int64, uint64} from '../text/view.ts'
import {viewOf} from '../traced-call.ts'

/** linux/stat.h. Sets come first: they stand for several of the bits below. */
const statxMask = flagWord(
  {
    STATX_ALL: 0xfff,
    STATX_BASIC_STATS: 0x7ff,
    ...countedBits(
      'STATX_',
      'TYPE MODE NLINK UID GID ATIME MTIME CTIME INO SIZE BLOCKS BTIME MNT_ID DIOALIGN',
    ),
  },
  'STATX_???',
)

const statxSync = enumeration(
  {AT_STATX_SYNC_AS_STAT: 0, AT_STATX_FORCE_SYNC: 0x2000, AT_STATX_DONT_SYNC: 0x4000},
  'AT_STATX_???',
)

const statxAttributes = flagWord(
  {
    STATX_ATTR_COMPRESSED: 0x4,
    ...countedBits('STATX_ATTR_', 'IMMUTABLE APPEND NODUMP', 4),
    ...countedBits('STATX_ATTR_', 'ENCRYPTED AUTOMOUNT MOUNT_ROOT', 11),
  },
  'STATX_ATTR_???',
)

const fileSystemMagic = enumeration(
  {
    TMPFS_MAGIC: 0x1021994,
    PROC_SUPER_MAGIC: 0x9fa0,
    SYSFS_MAGIC: 0x62656572,
    EXT2_SUPER_MAGIC: 0xef53,
    XFS_SUPER_MAGIC: 0x58465342,
    BTRFS_SUPER_MAGIC: 0x9123683e,
    OVERLAYFS_SUPER_MAGIC: 0x794c7630,
    PIPEFS_MAGIC: 0x50495045,
    ANON_INODE_FS_MAGIC: 0x09041934,
    DEVPTS_SUPER_MAGIC: 0x1cd1,
  },
  'f_type ???',
)

/** statfs(2)'s f_flags. */
const mountBits = flagWord(
  {
    ST_VALID: 0x20,
    ...countedBits('ST_', 'RDONLY NOSUID NODEV NOEXEC SYNCHRONOUS'),
    ST_MANDLOCK: 0x40,
    ...countedBits('ST_', 'NOATIME NODIRATIME RELATIME NOSYMFOLLOW', 10),
  },
  'ST_???',
)

const layout = arch.kernelAbi.stat
/** The offset of d_reclen in struct linux_dirent and linux_dirent64. */
const RECORD_LENGTH_OFFSET = 16

const dirents: Kind = {
  leave: (call, index, result) =>
    call.follow(index, (address, memory) => {
      const view = viewOf(memory.readBytes(address, result))
      return `${call.pointer(index)} /* ${countRecords(view)} entries */`
    }),
}

export const stat = {
  stat: structOut(layout.size, showStat),
  statx: structOut(STATX_SIZE, showStatx),
  statxflags: named(showStatxFlags),
  statxmask: named(statxMask),
  statfs: structOut(STATFS_SIZE, showStatfs),
  dirents,
  /** dev_t of mknod(2), which takes it only with a device's mode. */
  dev: {
    enter: (call, index) => (isDevice(call.uint32(index - 1)) ? makedev(call.uint32(index)) : HIDDEN),
  },
} satisfies Kinds

function makedev(dev: number): string {
  return makedevOf(majorOf(dev), minorOf(dev))
}

function makedevOf(major: number, minor: number): string {
  return `makedev(${hexOf(major)}, ${hexOf(minor)})`
}

function isDevice(mode: number): boolean {
  const type = mode & S_IFMT
  return type === S_IFCHR || type === S_IFBLK
}

function showStat(view: DataView): string {
  const mode = view.getUint32(layout.mode, true)
  const what = isDevice(mode)
    ? `st_rdev=${makedev(view.getUint32(layout.rdev, true))}`
    : `st_size=${int64(view, STAT_LENGTH)}`
  return `{st_mode=${fileMode(mode)}, ${what}, ...}`
}

function showStatx(view: DataView): string {
  const mask = statxMask(view.getInt32(0, true))
  const attributes = statxAttributes(view.getInt32(8, true))
  const mode = view.getUint16(28, true)
  return (
    `{stx_mask=${mask}, stx_attributes=${attributes}, stx_mode=${fileMode(mode)}, ` +
    `stx_size=${uint64(view, 40)}, ...}`
  )
}

function showStatxFlags(value: number): string {
  const sync = statxSync(value & AT_STATX_SYNC_TYPE)
  const rest = value & ~AT_STATX_SYNC_TYPE
  return rest === 0 ? sync : `${sync}|${atFlags(rest, 'statx').split(' ')[0]}`
}

function showStatfs(view: DataView): string {
  const fields = ['blocks', 'bfree', 'bavail', 'files', 'ffree'].map(
    (name, i) => `f_${name}=${uint64(view, 16 + 8 * i)}`,
  )
  const fsid = [56, 60].map((offset) => hexOf(view.getUint32(offset, true))).join(', ')
  return (
    `{f_type=${fileSystemMagic(view.getUint32(0, true))}, f_bsize=${uint64(view, 8)}, ${fields.join(', ')}, ` +
    `f_fsid={val=[${fsid}]}, f_namelen=${uint64(view, 64)}, f_frsize=${uint64(view, 72)}, ` +
    `f_flags=${view.getInt32(84, true) === 0 ? mountBits(view.getInt32(80, true)) : hex64(view, 80)}}`
  )
}

function countRecords(view: DataView): number {
  let count = 0
  for (let at = 0; at + RECORD_LENGTH_OFFSET + 2 <= view.byteLength; count++) {
    const length = view.getUint16(at + RECORD_LENGTH_OFFSET, true)
    if (length === 0) break
    at += length
  }
  return count
}
