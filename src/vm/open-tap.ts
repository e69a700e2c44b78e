// openTapFd: opens a TAP interface of this host: Documentation/networking/tuntap.rst of the kernel.

import {addon} from '../addon.ts'

/** An open, non-blocking TAP interface; virtio_net_hdr_v1, 12 bytes, goes before each frame. @throws Error with `errno` */
export const openTapFd = (name: string): number => addon.openTap(name)
