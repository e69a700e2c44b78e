// Eventfds: those that KVM signals for a guest, and those that interrupt one: made, watched, limited, and disposed of with their VM.

import {EBUSY, EEXIST, EINVAL, EMFILE, ENFILE, ENOSPC} from '../abi/errno.ts'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import {canWatch} from '../readable.ts'
import type {NativeEventfd, NativeVm} from './addon.ts'
import {type Failure, orThrow} from './open-error.ts'

/**
 * What KVM can do with eventfds on this host.
 *
 * @example
 * const {ioeventfd, irqfd} = vm.eventfdLimits
 * console.log(ioeventfd, irqfd) // e.g. true true
 */
export interface EventfdLimits {
  /** {@link Vm.ioeventfd} (KVM_CAP_IOEVENTFD). */
  readonly ioeventfd: boolean
  /** … of stores of any length (KVM_CAP_IOEVENTFD_ANY_LENGTH). */
  readonly anyLength: boolean
  /** {@link Irqchip.irqfd} (KVM_CAP_IRQFD). */
  readonly irqfd: boolean
  /** … that sends a message (KVM_CAP_IRQ_ROUTING); never on arm64, whose VMs have no ITS. */
  readonly messages: boolean
  /** … that is level-triggered (KVM_CAP_IRQFD_RESAMPLE). */
  readonly resample: boolean
  /** This process can listen to eventfds: not under Bun, which has no libuv. */
  readonly listeners: boolean
}

/** Each costs the process a descriptor. */
const EVENTFDS_MAX = 256

export const limitsOf = (native: NativeVm): EventfdLimits => ({
  ...native.eventfdLimits(),
  listeners: canWatch,
})

/** The eventfds of one VM. */
export class Eventfds {
  readonly #all = new Set<NativeEventfd>()

  /** @param fd an eventfd that stays its owner's; default: a new one. @throws HvError BAD_ARGUMENT, HOST_SYSCALL */
  make(fd = -1): NativeEventfd {
    if (this.#all.size >= EVENTFDS_MAX) {
      const message = `a VM has ${EVENTFDS_MAX} eventfds at most`
      throw badArgument(message, 'dispose of those that are not needed')
    }
    const eventfd = orThrow(
      () => new addon.Eventfd(fd),
      (cause) => unopened(fd, cause),
    )
    this.#all.add(eventfd)
    return eventfd
  }

  has(eventfd: NativeEventfd): boolean {
    return this.#all.has(eventfd)
  }

  forget(eventfd: NativeEventfd): void {
    if (this.#all.delete(eventfd)) eventfd.dispose()
  }

  dispose(): void {
    for (const eventfd of this.#all) this.forget(eventfd)
  }
}

/** @throws HvError KVM_UNUSABLE where descriptors cannot be watched: under Bun */
export function requireListening(): void {
  if (canWatch) return
  const message = 'an eventfd is heard by the event loop of Node.js, and this is Bun'
  throw new HvError('KVM_UNUSABLE', message, 'use vm.post, or give the descriptor to who reads it')
}

/**
 * The error for KVM's refusal of an eventfd.
 * @param subject `the ioeventfd`
 * @param isGiven the caller of the library gave the eventfd
 */
export function refusedEventfd(error: unknown, subject: string, isGiven = false): unknown {
  if (error instanceof HvError) return error
  const cause = error as Failure
  const options = {cause}
  switch (cause.errno) {
    case EBUSY:
    case EEXIST:
      return badArgument(`${subject} is there already`, 'dispose of the other first', options)
    case ENOSPC:
      return badArgument(`KVM has no room for ${subject}`, 'dispose of others', options)
    case EINVAL:
      if (isGiven) return badArgument('the descriptor is no eventfd’s', '', options)
      break
  }
  return new HvError('KVM_UNUSABLE', `KVM refuses ${subject}: ${cause.message}`, 'see eventfdLimits', options)
}

/** @param fd the one that was given, or -1 */
function unopened(fd: number, cause: Failure): HvError {
  const isFull = cause.errno === EMFILE || cause.errno === ENFILE
  if (fd < 0 || isFull)
    return new HvError('HOST_SYSCALL', `no eventfd: ${cause.message}`, 'raise `ulimit -n`', {cause})
  return badArgument(`descriptor ${fd} is none that is open`, 'give an eventfd’s', {cause})
}
