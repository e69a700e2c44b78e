// Irqfds: eventfds whose signals interrupt a guest without a call to KVM (api.rst, KVM_IRQFD).

import * as v from 'valibot'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeEventfd, NativeVm} from './addon.ts'
import {type Eventfds, refusedEventfd, requireListening} from './eventfd.ts'

/** Which eventfd interrupts the guest, and how. @see {@link Irqfd} */
export interface IrqfdOptions {
  /** An existing eventfd: an {@link Ioeventfd}'s, another process's. It becomes non-blocking (O_NONBLOCK). Default: a new one. */
  fd?: number
  /**
   * Level-triggered: a signal raises the input until the guest has taken the interrupt (its EOI). Then the input is lowered, and
   * `resampleFd` is signalled; a device that still wants attention signals again. The function is called then; with `true`, something else
   * must read `resampleFd`. Default: each signal is an edge: the input is raised and lowered. A message knows no levels, and takes none.
   */
  resample?: true | (() => void)
}

/**
 * An eventfd whose signals interrupt the guest; {@link Irqchip.irqfd} makes them.
 *
 * @example
 * using machine = Vm.create({memoryBytes: 0x10000, memoryBase: 0x40000000, irqchip: true})
 * using first = machine.createVcpu()
 * using irqfd = machine.irqchip!.irqfd(5)
 * irqfd.signal()
 * console.log(irqfd.fd > 2, irqfd.resampleFd) // true undefined
 */
export interface Irqfd extends Disposable {
  /** For others that signal it, with a write(2) of 8 bytes that hold 1. It is open until this object is disposed of. */
  readonly fd: number
  /** If level-triggered: readable when the guest has taken the interrupt. */
  readonly resampleFd: number | undefined
  /** @throws HvError DISPOSED */
  signal(): void
}

const irqfdOptions = takes.options({
  fd: v.optional(takes.integer(0, 2 ** 31 - 1)),
  resample: v.optional(takes.either([v.literal(true), takes.callback], 'true or a function')),
})

/** What a signal does to the guest. */
export interface IrqfdTarget {
  readonly name: string
  readonly hasLevels: boolean
  /** @returns KVM's number for it */
  take(native: NativeVm): number
  /** No irqfd has the number any longer. */
  free(native: NativeVm, gsi: number): void
}

/** @throws HvError BAD_ARGUMENT, KVM_UNUSABLE, HOST_SYSCALL */
export function makeIrqfd(
  native: NativeVm,
  eventfds: Eventfds,
  target: IrqfdTarget,
  options: IrqfdOptions = {},
): Irqfd {
  const {fd, resample} = takes.checked(irqfdOptions, options, 'options') as IrqfdOptions
  if (resample !== undefined && !target.hasLevels) {
    throw badArgument(`${target.name} has no level to resample`, 'leave `resample` out')
  }
  if (typeof resample === 'function') requireListening()
  const gsi = target.take(native)
  const made: NativeEventfd[] = []
  const make = (other?: number): NativeEventfd => {
    made.push(eventfds.make(other))
    return made[made.length - 1]
  }
  const forget = (): void => {
    for (const eventfd of made) eventfds.forget(eventfd)
    target.free(native, gsi)
  }
  try {
    const eventfd = make(fd)
    const resampled = resample === undefined ? undefined : make()
    native.setIrqfd(eventfd, true, gsi, resampled)
    if (typeof resample === 'function') resampled!.listen(() => resample())
    return {
      fd: eventfd.fd,
      resampleFd: resampled?.fd,
      signal: () => {
        if (!eventfds.has(eventfd)) throw new HvError('DISPOSED', 'the irqfd is disposed')
        eventfd.signal()
      },
      [Symbol.dispose]: () => {
        if (!eventfds.has(eventfd)) return
        native.setIrqfd(eventfd, false, gsi, undefined)
        forget()
      },
    }
  } catch (error) {
    forget()
    throw refusedEventfd(error, `the irqfd of ${target.name}`, fd !== undefined)
  }
}
