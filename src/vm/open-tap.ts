// openTapFd: opens a TAP interface of this host: Documentation/networking/tuntap.rst of the kernel.

import {addon} from '../addon.ts'

/** An open, non-blocking TAP interface; virtio_net_hdr_v1, 12 bytes, goes before each frame. @throws Error with `errno` */
export const openTapFd = (name: string): number => addon.openTap(name)

/** What of the frames to come is left to the guest: TUN_F_ flags. @throws Error with `errno` */
export const setTapOffloads = (fd: number, flags: number): void => addon.setTapOffloads(fd, flags)

/** `10.0.1.1/24`, on this host. @throws Error with `errno` where it has no IPv4 address */
export const addressOfInterface = (name: string): string => addon.interfaceAddress(name)
