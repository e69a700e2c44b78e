// Names of statx(2)'s and statfs(2)'s bits. The magic numbers are from linux/magic.h, for file systems in a guest's tree.

import {enumeration, flagWord} from '../text/number.ts'

/** linux/stat.h. Sets come first: they stand for several of the bits below. */
export const statxMask = flagWord(
  {
    STATX_ALL: 0xfff,
    STATX_BASIC_STATS: 0x7ff,
    STATX_TYPE: 0x1,
    STATX_MODE: 0x2,
    STATX_NLINK: 0x4,
    STATX_UID: 0x8,
    STATX_GID: 0x10,
    STATX_ATIME: 0x20,
    STATX_MTIME: 0x40,
    STATX_CTIME: 0x80,
    STATX_INO: 0x100,
    STATX_SIZE: 0x200,
    STATX_BLOCKS: 0x400,
    STATX_BTIME: 0x800,
    STATX_MNT_ID: 0x1000,
    STATX_DIOALIGN: 0x2000,
  },
  'STATX_???',
)

export const statxSync = enumeration(
  {AT_STATX_SYNC_AS_STAT: 0, AT_STATX_FORCE_SYNC: 0x2000, AT_STATX_DONT_SYNC: 0x4000},
  'AT_STATX_???',
)

export const statxAttributes = flagWord(
  {
    STATX_ATTR_COMPRESSED: 0x4,
    STATX_ATTR_IMMUTABLE: 0x10,
    STATX_ATTR_APPEND: 0x20,
    STATX_ATTR_NODUMP: 0x40,
    STATX_ATTR_ENCRYPTED: 0x800,
    STATX_ATTR_AUTOMOUNT: 0x1000,
    STATX_ATTR_MOUNT_ROOT: 0x2000,
  },
  'STATX_ATTR_???',
)

export const fileSystemMagic = enumeration(
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
export const mountBits = flagWord(
  {
    ST_VALID: 0x20,
    ST_RDONLY: 0x1,
    ST_NOSUID: 0x2,
    ST_NODEV: 0x4,
    ST_NOEXEC: 0x8,
    ST_SYNCHRONOUS: 0x10,
    ST_MANDLOCK: 0x40,
    ST_NOATIME: 0x400,
    ST_NODIRATIME: 0x800,
    ST_RELATIME: 0x1000,
    ST_NOSYMFOLLOW: 0x2000,
  },
  'ST_???',
)
