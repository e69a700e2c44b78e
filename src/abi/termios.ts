// Terminal modes: flags, control characters, speeds and struct layouts (asm-generic/termbits.h, termios.h; man 3 termios).

/** The kernel's struct termio, termios, termios2. */
export const TERMIO_SIZE = 17
export const TERMIOS_SIZE = 36
export const TERMIOS2_SIZE = 44
/** struct winsize. */
export const WINSIZE_SIZE = 8
/** Number of control characters in a termio, and in the others. */
export const NCC = 8
export const NCCS = 19

// c_iflag.
export const ISTRIP = 0x20
export const INLCR = 0x40
export const IGNCR = 0x80
export const ICRNL = 0x100
export const IUCLC = 0x200
export const IXON = 0x400
export const IXANY = 0x800
export const PARMRK = 0x8
export const IUTF8 = 0x4000

// c_oflag.
export const OPOST = 0x1
export const OLCUC = 0x2
export const ONLCR = 0x4
export const OCRNL = 0x8
export const ONOCR = 0x10
export const ONLRET = 0x20
export const TABDLY = 0x1800
export const XTABS = 0x1800

// c_cflag.
export const CBAUD = 0x100f
export const CSIZE = 0x30
export const CS8 = 0x30
export const CREAD = 0x80
export const PARENB = 0x100
export const CBAUDEX = 0x1000
/** The speed is in termios2's fields. */
export const BOTHER = 0x1000
/** The input's speed is shifted left by this many bits. */
export const IBSHIFT = 16
export const B38400 = 0xf

// c_lflag.
export const ISIG = 0x1
export const ICANON = 0x2
export const ECHO = 0x8
export const ECHOE = 0x10
export const ECHOK = 0x20
export const ECHONL = 0x40
export const NOFLSH = 0x80
export const TOSTOP = 0x100
export const ECHOCTL = 0x200
export const ECHOPRT = 0x400
export const ECHOKE = 0x800
export const IEXTEN = 0x8000
export const EXTPROC = 0x10000

// c_cc.
export const VINTR = 0
export const VQUIT = 1
export const VERASE = 2
export const VKILL = 3
export const VEOF = 4
export const VTIME = 5
export const VMIN = 6
export const VSTART = 8
export const VSTOP = 9
export const VSUSP = 10
export const VEOL = 11
export const VREPRINT = 12
export const VWERASE = 14
export const VLNEXT = 15
export const VEOL2 = 16

// tcflush, tcflow.
export const TCIFLUSH = 0
export const TCOFLUSH = 1
export const TCIOFLUSH = 2
export const TCOOFF = 0
export const TCOON = 1
export const TCIOFF = 2
export const TCION = 3

/** Bits per second, by c_cflag's CBAUD: values with CBAUDEX continue after the fifteenth. */
export const SPEEDS: readonly number[] = [
  ...[0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400],
  ...[57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000],
  ...[2000000, 2500000, 3000000, 3500000, 4000000],
]
