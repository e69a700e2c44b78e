// What a snapshot says of a kernel's machine, and whether its VM is such a machine.

import {resolve} from 'node:path'
import {badArgument, orUndefined} from '../../errors.ts'
import {invalid} from '../../vm/save/format.ts'
import type {Vm} from '../../vm/vm.ts'
import {type MemoryPiece, memoryPieces, slotsOf} from '../boot/memory-pieces.ts'
import {limitsOf} from '../devices/rate-limiter.ts'
import {machine} from '../host-machine.ts'
import type {SavedDisk, SavedMachine} from '../snapshot/manifest.ts'
import type {DeviceModel} from '../virtio/model.ts'
import {type KernelOptions, MEMORY_BYTES, networksOf, type RestoreOptions} from './kernel-options.ts'

type Networks = ReturnType<typeof networksOf>

export function savedMachine(options: KernelOptions, disks: SavedDisk[]): SavedMachine {
  const {cpus = 1, memoryBytes = MEMORY_BYTES, kernel, initrd, append, reboots = false} = options
  const {shares = [], network, console} = options
  return {
    ...{
      cpus,
      memoryBytes,
      kernel: resolve(kernel),
      initrd: initrd && resolve(initrd),
      append,
      console,
      reboots,
      disks,
    },
    shares: shares.map(({path, tag, writable = false, is9p = false}) => ({
      ...{path: resolve(path), tag, writable, is9p},
    })),
    networks: networksOf(network).map((card) => ({
      ...{tap: 'tap' in card ? card.tap : undefined, ...limitsOf(card)},
    })),
  }
}

/** What the machine is to be, with what its restorer gives it. @throws HvError BAD_ARGUMENT */
export function restoredOptions(saved: SavedMachine, given: RestoreOptions): KernelOptions {
  const {disks = saved.disks.map(({path}) => path), timeoutMs, devices} = given
  if (disks.length !== saved.disks.length)
    throw badArgument(
      `the machine has ${saved.disks.length} disks, and not ${disks.length}`,
      'name each of them',
    )
  return {
    ...saved,
    disks: disks.map((path, index) => ({...saved.disks[index], path})),
    network: restoredNetworks(saved.networks, networksOf(given.network)),
    ...{devices, timeoutMs},
  }
}

function restoredNetworks(saved: SavedMachine['networks'], given: Networks): Networks {
  if (given.length > 0 && saved.length === 0)
    throw badArgument('the machine has no network card', 'restore it without `network`')
  if (given.length > 0 && given.length !== saved.length)
    throw badArgument(
      `the machine has ${saved.length} network cards, and not ${given.length}`,
      'give `network` one for each, in their order',
    )
  return saved.map(({tap, ...limits}, index) => {
    if (given.length > 0) return {...limits, ...given[index]}
    if (tap !== undefined) return {...limits, tap}
    throw badArgument(
      'the machine has a network card, and its cable ends nowhere',
      'give the other end: `network`',
    )
  })
}

/** Resolves when no model has a request under way. */
export async function untilIdle(models: readonly DeviceModel[]): Promise<void> {
  for (;;) {
    const busy = models.find(({isIdle}) => isIdle === false)
    if (busy === undefined) return
    await new Promise<void>((resolve) => busy.whenIdle!(resolve))
  }
}

/** @returns its memory besides the first piece. @throws HvError SAVE_INVALID when the VM is not as its machine's options say */
export function requireFit(vm: Vm, {cpus, memoryBytes}: SavedMachine): MemoryPiece | undefined {
  const {lowBytes, high} = memoryPieces(memoryBytes)
  const {memory, irqchip, vcpus} = vm
  const isThere = (piece: MemoryPiece): boolean =>
    orUndefined(() => memory.view(piece.address, piece.bytes)) !== undefined
  const hasMemory = memory.base === machine.memoryBase && memory.size === lowBytes
  if (hasMemory && (high === undefined || slotsOf(high).every(isThere)))
    if (vcpus.length === cpus && irqchip !== undefined) return high
  throw invalid('its state is of another machine than its manifest')
}
