// ioctl(2): request numbers that any file understands, and those of terminals (asm-generic/ioctls.h).

export const TCGETS = 0x5401
export const TCSETS = 0x5402
export const TCSETSW = 0x5403
export const TCSETSF = 0x5404
export const TCSBRK = 0x5409
export const TCXONC = 0x540a
export const TCFLSH = 0x540b
export const TIOCEXCL = 0x540c
export const TIOCNXCL = 0x540d
export const TIOCSCTTY = 0x540e
export const TIOCGPGRP = 0x540f
export const TIOCSPGRP = 0x5410
export const TIOCOUTQ = 0x5411
export const TIOCSTI = 0x5412
export const TIOCGWINSZ = 0x5413
export const TIOCSWINSZ = 0x5414
/** Also TIOCINQ. */
export const FIONREAD = 0x541b
export const FIONBIO = 0x5421
export const TIOCNOTTY = 0x5422
export const TIOCGSID = 0x5429
export const TCSBRKP = 0x5425
export const FIONCLEX = 0x5450
export const FIOCLEX = 0x5451
export const FIOASYNC = 0x5452
/** With struct termios2, for any speed. */
export const TCGETS2 = 0x802c542a
export const TCSETS2 = 0x402c542b
export const TCSETSW2 = 0x402c542c
export const TCSETSF2 = 0x402c542d
export const FIOQSIZE = 0x5460
/** linux/fs.h: a file system's block size. */
export const FIGETBSZ = 2
/** linux/fs.h. */
export const FICLONE = 0x40049409
export const FICLONERANGE = 0x4020940d
export const FS_IOC_GETFLAGS = 0x80086601
export const FS_IOC_SETFLAGS = 0x40086602
