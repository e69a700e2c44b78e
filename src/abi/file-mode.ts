// File types, permission bits and directory entry types (linux/stat.h, man 7 inode): the same on x86_64 and arm64.

export const S_IFMT = 0o170000
export const S_IFSOCK = 0o140000
export const S_IFLNK = 0o120000
export const S_IFREG = 0o100000
export const S_IFBLK = 0o060000
export const S_IFDIR = 0o040000
export const S_IFCHR = 0o020000
export const S_IFIFO = 0o010000
export const S_ISUID = 0o4000
export const S_ISGID = 0o2000
export const S_ISVTX = 0o1000
export const S_IXGRP = 0o010
/** Everything chmod(2) sets. */
export const PERMISSION_BITS = 0o7777

/** access(2)'s mask, and the three bits of each permission class. */
export const MAY_READ = 4
export const MAY_WRITE = 2
export const MAY_EXECUTE = 1

/** d_type of a directory entry: the file type bits of the mode, shifted. */
export function directoryEntryType(mode: number): number {
  return (mode & S_IFMT) >> 12
}

/** dev_t as the kernel's userspace encodes it for numbers that fit 32 bits: 12 bits of major, 20 of minor. */
export function makeDev(major: number, minor: number): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)
}

export function majorOf(dev: number): number {
  return (dev >>> 8) & 0xfff
}

export function minorOf(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00)
}
