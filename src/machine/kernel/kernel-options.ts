// What a kernel's machine is asked to be.

import type {Duplex} from 'node:stream'
import {badArgument} from '../../errors.ts'
import type {Irqchip} from '../../vm/irqchip.ts'
import type {Device} from '../bus.ts'
import type {RateLimits} from '../devices/rate-limiter.ts'
import type {DeviceModel} from '../virtio/model.ts'

export type {RateLimits}

/** The host backs it lazily: it costs only what the machine touches. */
export const MEMORY_BYTES: number = 512 * 2 ** 20
export const MOST_CPUS = 32
/** GIC architecture 2.0: its CPU interfaces. */
const GICV2_CPUS = 8

/** @throws HvError BAD_ARGUMENT */
export function requireCpus(kind: Irqchip['kind'], cpus: number): void {
  if (kind !== 'gicv2' || cpus <= GICV2_CPUS) return
  throw badArgument(
    `this host has a GICv2, whose machines have ${GICV2_CPUS} CPUs at most, and not ${cpus}`,
    'give it fewer CPUs',
  )
}

/**
 * A kernel, and the machine that it gets.
 *
 * @example
 * const options: KernelOptions = {
 *   ...{kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', append: 'quiet'},
 *   ...{cpus: 2, memoryBytes: 256 << 20, timeoutMs: 60_000},
 *   disks: [{path: 'disk.img', readOnly: true, iops: 1000, bytesPerSecond: 10 << 20}],
 *   shares: [{path: '/srv', tag: 'files', writable: true}],
 * }
 */
export interface KernelOptions {
  /** Host path: a bzImage, vmlinuz, ELF vmlinux or Multiboot kernel of x86_64, an Image or Image.gz of arm64. */
  kernel: string
  /** Host path of an initramfs or an initrd; a Multiboot kernel's module. */
  initrd?: string
  /** Kernel parameters, after hv's own. */
  append?: string
  /**
   * What the streams of its console are in the machine: a serial line (`ttyS0`, `ttyAMA0`), or a virtio console (`hvc0`), whose driver takes
   * many bytes at once. Until the kernel has that driver (virtio_console), the serial line carries what it prints. Default: `serial`.
   */
  console?: 'serial' | 'hvc0'
  /** 32 at most, and 8 where the host has a GICv2. Default: 1. */
  cpus?: number
  /** A multiple of the host's page size, 1023 GiB at most (255 GiB with Node 20); the host backs it when it is touched. Default: 512 MiB. */
  memoryBytes?: number
  /** Boots again when the kernel resets the machine, also after a panic. Default: false, the machine ends with status 1. */
  reboots?: boolean
  disks?: readonly DiskOptions[]
  shares?: readonly ShareOptions[]
  /**
   * Devices of your own. A virtio device ({@link DeviceModel}) gets a place, after hv's own devices, and the kernel is told of it. A
   * {@link Device} answers at its own ports or addresses, which must be nothing else's; an error that
   * it throws ends the machine. One of a virtio device is an uncaught exception.
   */
  devices?: readonly (DeviceModel | Device)[]
  /** Its network card, or its network cards. Default: none. */
  network?: NetworkOptions | readonly NetworkOptions[]
  /** Milliseconds until the machine is stopped; default: never. */
  timeoutMs?: number
}

/**
 * What a machine that goes on from a snapshot gets anew: {@link Machine.restore}.
 *
 * @example
 * const options: RestoreOptions = {disks: ['copy-of-disk.img'], timeoutMs: 60_000}
 */
export interface RestoreOptions {
  /** Paths of its disks, in their order. Default: where they were. */
  disks?: readonly string[]
  /** Devices of your own, as the machine had them; each takes over what it has saved ({@link DeviceModel}). */
  devices?: readonly (DeviceModel | Device)[]
  /**
   * As {@link KernelOptions}, for each of its cards; a machine with a stream needs them. Default: the TAP interfaces that it had. Limits are
   * those that it had, unless you give others.
   */
  network?: NetworkOptions | readonly NetworkOptions[]
  /** Milliseconds until the machine is stopped; default: never. */
  timeoutMs?: number
}

/**
 * The other end of a network card's cable. As a stream, each Ethernet frame follows its length, 32 bits, big-endian, as with passt(1) and
 * QEMU's `-netdev stream`; the caller closes it.
 *
 * @example
 * import {connect} from 'node:net'
 * const stream = connect('passt.sock').on('error', () => {})
 * const network: NetworkOptions[] = [{stream, bytesPerSecond: 1 << 20}, {tap: 'tap0'}]
 * const options: KernelOptions = {kernel: '/boot/vmlinuz', network}
 */
export type NetworkOptions = Duplex | StreamOptions | TapOptions

/** A stream, with limits. @see {@link NetworkOptions} */
export interface StreamOptions extends RateLimits {
  stream: Duplex
}

/**
 * A TAP interface, as `ip tuntap add NAME mode tap user WHO` makes it; under Node.js, not Bun. If it does not exist, it is made, if this
 * user may do so, and goes away with the machine.
 *
 * @example
 * const options: KernelOptions = {kernel: '/boot/vmlinuz', network: {tap: 'tap0'}}
 */
export interface TapOptions extends RateLimits {
  tap: string
}

/**
 * A raw image or a block device of the host, of whole sectors (512 bytes). It is locked, as QEMU's are: while one machine has it, others
 * have it only if all of them only read it.
 * @see {@link KernelOptions}
 */
export interface DiskOptions extends RateLimits {
  path: string
  /** Default: false. */
  readOnly?: boolean
}

/** A host directory, for `mount -t virtiofs TAG DIRECTORY`. @see {@link KernelOptions} */
export interface ShareOptions {
  path: string
  tag: string
  /** Default: false; the machine's writes fail with EROFS. */
  writable?: boolean
  /** Over 9P instead: `mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 TAG DIRECTORY`. */
  is9p?: boolean
}

/** `network` as a list, with streams as options. */
export const networksOf = (network: KernelOptions['network']): (StreamOptions | TapOptions)[] =>
  [network ?? []].flat().map((each) => ('tap' in each || 'stream' in each ? each : {stream: each}))
