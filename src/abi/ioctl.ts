// ioctl(2): request numbers that any file understands, and those for terminals (asm-generic/ioctls.h).

export const TCGETS = 0x5401
export const TCSETS = 0x5402
export const TCSETSW = 0x5403
export const TCSETSF = 0x5404
/** With struct termio, System V's. */
export const TCGETA = 0x5405
export const TCSETA = 0x5406
export const TCSETAW = 0x5407
export const TCSETAF = 0x5408
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
export const TIOCPKT = 0x5420
export const FIONBIO = 0x5421
export const TIOCNOTTY = 0x5422
export const TIOCSETD = 0x5423
export const TIOCGETD = 0x5424
export const TIOCSBRK = 0x5427
export const TIOCCBRK = 0x5428
export const TIOCGSID = 0x5429
export const TCSBRKP = 0x5425
export const TIOCVHANGUP = 0x5437
/** Opens a master's slave, whatever the mounts show. */
export const TIOCGPTPEER = 0x5441
export const FIONCLEX = 0x5450
export const FIOCLEX = 0x5451
export const FIOASYNC = 0x5452
/** With struct termios2, for any speed. */
export const TCGETS2 = 0x802c542a
export const TCSETS2 = 0x402c542b
export const TCSETSW2 = 0x402c542c
export const TCSETSF2 = 0x402c542d
export const FIOQSIZE = 0x5460
/** For pseudo-terminals (man 2 ioctl_tty): number, lock, packet mode, a signal to the foreground. */
export const TIOCGPTN = 0x80045430
export const TIOCSPTLCK = 0x40045431
export const TIOCGDEV = 0x80045432
export const TIOCSIG = 0x40045436
export const TIOCGPKT = 0x80045438
export const TIOCGPTLCK = 0x80045439
export const TIOCGEXCL = 0x80045440
/** Who gets SIGIO and SIGURG of a socket, as F_SETOWN and F_GETOWN (asm-generic/sockios.h). */
export const FIOSETOWN = 0x8901
export const SIOCSPGRP = 0x8902
export const FIOGETOWN = 0x8903
export const SIOCGPGRP = 0x8904
/** Whether the next byte of a TCP connection is the urgent one; bytes that it has not sent. */
export const SIOCATMARK = 0x8905
export const SIOCOUTQNSD = 0x894b
/** Network interfaces (man 7 netdevice; linux/sockios.h). */
export const SIOCADDRT = 0x890b
export const SIOCDELRT = 0x890c
export const SIOCGIFNAME = 0x8910
export const SIOCGIFCONF = 0x8912
export const SIOCGIFFLAGS = 0x8913
export const SIOCSIFFLAGS = 0x8914
export const SIOCGIFADDR = 0x8915
export const SIOCSIFADDR = 0x8916
export const SIOCGIFDSTADDR = 0x8917
export const SIOCSIFDSTADDR = 0x8918
export const SIOCGIFBRDADDR = 0x8919
export const SIOCSIFBRDADDR = 0x891a
export const SIOCGIFNETMASK = 0x891b
export const SIOCSIFNETMASK = 0x891c
export const SIOCGIFMETRIC = 0x891d
export const SIOCSIFMETRIC = 0x891e
export const SIOCGIFMTU = 0x8921
export const SIOCSIFMTU = 0x8922
export const SIOCSIFNAME = 0x8923
export const SIOCSIFHWADDR = 0x8924
export const SIOCGIFHWADDR = 0x8927
export const SIOCGIFSLAVE = 0x8929
export const SIOCSIFSLAVE = 0x8930
export const SIOCADDMULTI = 0x8931
export const SIOCDELMULTI = 0x8932
export const SIOCGIFINDEX = 0x8933
export const SIOCDIFADDR = 0x8936
export const SIOCSIFHWBROADCAST = 0x8937
export const SIOCGIFTXQLEN = 0x8942
export const SIOCSIFTXQLEN = 0x8943
export const SIOCETHTOOL = 0x8946
export const SIOCGIFMAP = 0x8970
export const SIOCSIFMAP = 0x8971
/** linux/fs.h: a file system's block size. */
export const FIGETBSZ = 2
/** linux/fs.h. */
export const FICLONE = 0x40049409
export const FICLONERANGE = 0x4020940d
