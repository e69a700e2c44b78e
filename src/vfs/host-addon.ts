// The part of the addon that reaches the host's clocks and files: native/napi/clock.cc, images.cc, host_fs.cc, host_locks.cc,
// host_names.cc, host_socket.cc, host_stat.cc, host_terminal.cc.

export interface ClockAddon {
  /** CLOCK_MONOTONIC, nanoseconds. */
  monotonicNs(): number
  /** Stores clock `id`'s seconds in out[0], nanoseconds in out[1]. Throws an Error with `errno` for an unknown clock. */
  readClock(id: number, out: Float64Array): void
  /** Stores the seven fields of native/sys/clock_sample.h. */
  sampleClocks(out: BigInt64Array): void
}

export interface VdsoAddon {
  /** A copy of the vDSO's ELF image. It is mapped as it is, readable and executable, directly after the vvar page. */
  vdsoImage(): Uint8Array
  /** The processor says that its cycle counter is fit to be a clock. */
  cyclesAreInvariant(): boolean
}

/**
 * Calls that answer a number: a result of at least 0, or a negative errno. None throws. `directory` is a descriptor;
 * a name is a byte string of one component (no '/', no NUL, not '..'), else -EINVAL; '' means the descriptor itself
 * where noted. Symbolic links are never followed below a root. Nothing in a file system of the host's kernel (procfs,
 * sysfs …: native/sys/kernel_file_system.h) is ever opened: -EXDEV.
 */
export interface HostFsAddon {
  /** An O_PATH descriptor of a host path, with links followed: only for paths that the user named. */
  hostOpenRoot(path: string): number
  /** An O_PATH descriptor of a directory in it. */
  hostOpenDirectory(directory: number, name: string): number
  /** A descriptor of a name of any kind, also of a symbolic link itself, to change its attributes: of O_PATH, if that is enough. */
  hostOpenPath(directory: number, name: string): number
  /**
   * Opens a regular file or directory; anything else is -ENXIO. With O_CREAT the mode is exact, whatever the umask, except for
   * the set-ID bits, which a file opened for writing loses.
   */
  hostOpen(directory: number, name: string, flags: number, mode: number): number
  /** Takes over a descriptor that was opened elsewhere, and returns it as hostOpenRoot would; closes it on failure. */
  hostAdopt(fd: number): number
  /** Reopens what a descriptor names, like hostOpen. Where a jail forbids that, one that gives as much is duplicated. */
  hostOpenSelf(fd: number, flags: number): number
  /** lstat of a name, or of the descriptor for ''. `out`: see STAT_* in host-calls.ts; at least STAT_FIELDS numbers. */
  hostStat(directory: number, name: string, out: Float64Array): number
  /**
   * 1: a path of many components beneath, all links but a last one followed, leads to the file with this number, and `out` is
   * filled as by hostStat; otherwise `out` is unchanged, and it is 0, or a negative errno for a path that is none.
   */
  hostStatKnown(
    directory: number,
    path: string,
    ino: number,
    devMajor: number,
    devMinor: number,
    out: Float64Array,
  ): number
  /** `out`: type, bsize, blocks, bfree, bavail, files, ffree, namelen. */
  hostStatFs(fd: number, out: Float64Array): number
  /** Fills `buffer` with struct linux_dirent64 records. */
  hostReadDirectory(fd: number, buffer: Uint8Array): number
  hostReadLink(directory: number, name: string, buffer: Uint8Array): number
  /** A negative position means the descriptor's own offset, here and below. */
  hostRead(fd: number, target: Uint8Array, position: number): number
  hostWrite(fd: number, source: Uint8Array, position: number): number
  /** Writes at the end of the file in one step; the descriptor's offset moves there. */
  hostAppend(fd: number, source: Uint8Array): number
  /** Writes as much as a pipe or socket takes at once. -EOPNOTSUPP: the host cannot do that for this descriptor. */
  hostWriteNow(fd: number, source: Uint8Array): number
  /**
   * preadv2(2) and pwritev2(2) of at most IOV_MAX parts. With RWF_NOWAIT in `flags`, what needs no waiting for a disk: -EAGAIN: all
   * would have to wait; -EOPNOTSUPP: the file system cannot say.
   */
  hostReadParts(fd: number, targets: readonly Uint8Array[], position: number, flags: number): number
  hostWriteParts(fd: number, sources: readonly Uint8Array[], position: number, flags: number): number
  hostSeek(fd: number, offset: number, whence: number): number
  hostClose(fd: number): number
  hostTruncate(fd: number, size: number): number
  hostAllocate(fd: number, mode: number, offset: number, length: number): number
  hostSync(fd: number): number
  /** A record lock of the open file (F_OFD_SETLK). `type`: F_RDLCK, F_WRLCK, F_UNLCK; length 0: to the end. Never waits. */
  hostLock(fd: number, type: number, start: number, length: number): number
  /**
   * The first lock in the way of hostLock (F_OFD_GETLK). `out`, four numbers: its type, start, length (0: to the end)
   * and pid; the type is F_UNLCK if there is none, the pid -1 if it is an open file's.
   */
  hostGetLock(fd: number, type: number, start: number, length: number, out: Float64Array): number
  /** flock(2) that never waits. */
  hostFlock(fd: number, operation: number): number
  /** 1: somebody, maybe this process, has the file open to write it; 0: nobody has. Open it to read it. Not in a jail. */
  hostIsOpenForWriting(fd: number): number

  hostMakeDirectory(directory: number, name: string, mode: number): number
  /** A fifo or a socket, as the kind in `mode` says; others are -EPERM. */
  hostMakeNode(directory: number, name: string, mode: number): number
  hostSymlink(target: string, directory: number, name: string): number
  hostLink(oldDirectory: number, oldName: string, newDirectory: number, newName: string): number
  hostUnlink(directory: number, name: string, isDirectory: number): number
  hostRename(
    oldDirectory: number,
    oldName: string,
    newDirectory: number,
    newName: string,
    flags: number,
  ): number
  /**
   * Attributes of what a descriptor names, which may be an O_PATH one. -EOPNOTSUPP for the mode of a symbolic link, and, in a jail
   * without a tree of its own, for what cannot be opened: links and fifos.
   */
  hostChangeMode(fd: number, mode: number): number
  /** -1 leaves an id unchanged. */
  hostChangeOwner(fd: number, uid: number, gid: number): number
  /** `times`: access and modification, seconds and nanoseconds each; negative nanoseconds leave a time unchanged. */
  hostSetTimes(fd: number, times: Float64Array): number

  /** poll(2) with a zero timeout: revents. */
  hostPoll(fd: number, events: number): number
  /** A few terminal requests; any other is -ENOTTY. `bytes` is the argument, in both directions. */
  hostIoctl(fd: number, request: number, bytes: Uint8Array): number
  /** Of a socket that is connected: recv(2) that never waits. `flags`: MSG_PEEK, MSG_TRUNC; others are ignored. */
  hostReceive(fd: number, target: Uint8Array, flags: number): number
  /** send(2) that never waits, and raises no signal. `flags`: MSG_MORE. */
  hostSend(fd: number, source: Uint8Array, flags: number): number
  /** One datagram into the pieces, without a wait. `flags`: MSG_PEEK. @returns its length, which may be more than they have room for */
  hostReceiveDatagram(fd: number, pieces: readonly Uint8Array[], flags: number): number
  /** One datagram to the peer of a socket that does not block. */
  hostSendDatagram(fd: number, pieces: readonly Uint8Array[]): number
  /** `how`: SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2. */
  hostShutDown(fd: number, how: number): number
  /** SO_ERROR, which it clears: an errno, or 0. */
  hostSocketError(fd: number): number
  /** Fills in a struct sockaddr of at most 28 bytes. @returns its length */
  hostSocketName(fd: number, name: Uint8Array): number
  /** The status flags of an open file, of which access mode and O_APPEND count. */
  hostFlags(fd: number): number

  /** Remembers the modes of the terminal that hv was started in: native/sys/terminal_guard.h. */
  guardTerminal(fd: number): number
  /** Around a change of modes by the guest: hv's death, even by SIGKILL, restores the remembered ones. */
  beginTerminalChange(): number
  endTerminalChange(): number
  /** Restores them now. */
  restoreTerminal(): number
  /** After SIGCONT: sets the guest's modes again, once hv's job has the terminal. */
  returnToTerminal(): number
  /** 1: the terminal controls hv, and hv's job is in its foreground; 0: in its background. Otherwise -ENOTTY. */
  isTerminalForeground(fd: number): number
}
