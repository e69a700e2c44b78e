// Network interfaces: flags and kinds (linux/if.h, linux/if_arp.h), struct ifreq and ifconf: man 7 netdevice.

export const IFF_UP = 0x1
export const IFF_LOOPBACK = 0x8
export const IFF_RUNNING = 0x40
/** Beyond the 16 bits that struct ifreq has. */
export const IFF_LOWER_UP = 0x1_0000

export const ARPHRD_LOOPBACK = 772

/** struct ifreq: a name, then what was asked for. */
export const IFNAMSIZ = 16
export const IFREQ_BYTES = 40
/** struct ifconf: how many bytes the list has, an int, and at 8 where it is. */
export const IFCONF_BYTES = 16
export const IFCONF_LIST = 8
