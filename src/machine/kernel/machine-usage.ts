// MachineUsage: what a kernel's machine uses and has done.

import type {BalloonStatistics} from '../devices/balloon-chains.ts'
import type {DiskCounts, NetworkCounts} from '../devices/device-counts.ts'

export type {BalloonStatistics, DiskCounts, NetworkCounts}

/**
 * What a machine uses at the moment, and what it has done since it was made or restored: counts never fall.
 *
 * @example
 * const machine = Machine.create({kernel: '/boot/vmlinuz', disks: [{path: 'disk.img'}]})
 * machine.setBalloon(128 << 20)
 * const {memoryBytes, balloonBytes, cpuMs, disks, networks, guest}: MachineUsage = await machine.stats()
 * console.log(memoryBytes, balloonBytes, cpuMs, disks[0].writtenBytes, networks[0]?.receivedBytes, guest?.availableBytes)
 */
export interface MachineUsage {
  /** Of its memory, what the host backs at the moment, as {@link GuestMemory.residentBytes} has it. */
  memoryBytes: number
  maxMemoryBytes: number
  /** CPU time of its CPUs, with what KVM and hv do on their threads. */
  cpuMs: number
  boots: number
  /** Ends of a CPU's run that hv has handled: those by a port, by an address, those in which no device answered. */
  exits: number
  portExits: number
  memoryExits: number
  unclaimed: number
  /** What the guest's balloon is to take, and what the guest says that it has taken. */
  balloonTargetBytes: number
  balloonBytes: number
  /** What the guest has given back to the host: free memory, by its reports, and by its balloon. */
  reportedBytes: number
  inflatedBytes: number
  /** In the order of the options. */
  disks: DiskCounts[]
  networks: NetworkCounts[]
  /** What the guest's kernel says; absent where it says nothing within half a second. */
  guest?: BalloonStatistics
}
