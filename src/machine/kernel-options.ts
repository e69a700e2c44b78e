// What a kernel's machine is asked to be.

/**
 * A kernel, and the machine that it gets.
 *
 * @example
 * const options: KernelOptions = {
 *   ...{kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', append: 'quiet'},
 *   ...{cpus: 2, memoryBytes: 256 << 20, timeoutMs: 60_000},
 *   disks: [{path: 'disk.img', readOnly: true}],
 *   shares: [{path: '/srv', tag: 'files', writable: true}],
 * }
 */
export interface KernelOptions {
  /** Host path: a bzImage or vmlinuz of x86_64, an Image or Image.gz of arm64. */
  kernel: string
  /** Host path of an initramfs or an initrd. */
  initrd?: string
  /** Kernel parameters, behind hv's own. */
  append?: string
  /** Default: 1. */
  cpus?: number
  /** Default: 512 MiB. */
  memoryBytes?: number
  disks?: readonly DiskOptions[]
  shares?: readonly ShareOptions[]
  /** Milliseconds until the machine is stopped; default: never. */
  timeoutMs?: number
}

/** A raw image, or a block device, of the host's. @see {@link KernelOptions} */
export interface DiskOptions {
  path: string
  /** Default: false. */
  readOnly?: boolean
}

/** A directory of the host's, for `mount -t virtiofs TAG DIRECTORY`. @see {@link KernelOptions} */
export interface ShareOptions {
  path: string
  tag: string
  /** Default: false, the machine gets EROFS. */
  writable?: boolean
  /** By 9P instead: `mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 TAG DIRECTORY`. */
  is9p?: boolean
}
