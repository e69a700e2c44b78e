// KvmClock: the clock that KVM shows the guests of an x86_64 VM (kvmclock; Linux, Documentation/virt/kvm/x86/msr.rst).

import * as v from 'valibot'
import {HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {RawKvm} from './raw.ts'
import {requireArchitecture} from './start.ts'

/**
 * What a VM's clock says (KVM_GET_CLOCK).
 *
 * @example
 * // x86_64 only
 * const {clockNs, realtimeNs} = vm.clock.read()
 * console.log(clockNs >= 0n, typeof realtimeNs) // e.g. true bigint
 */
export interface ClockReading {
  /** Nanoseconds since the VM was made, or since what was set. */
  readonly clockNs: bigint
  /** The host's time of day (CLOCK_REALTIME) at that moment, in nanoseconds; undefined where the clock does not go by the TSC. */
  readonly realtimeNs: bigint | undefined
  /** The host's TSC at that moment; undefined as `realtimeNs`. */
  readonly hostTsc: bigint | undefined
  /** All vCPUs read the same time, from the TSC. */
  readonly isStable: boolean
}

/** What {@link KvmClock.set} takes. @see {@link KvmClock} */
export interface ClockSetting {
  clockNs: bigint
  /** The time of day when it was `clockNs`: the clock goes on from there by what passed since then. Without it, from `clockNs`. */
  realtimeNs?: bigint
}

const nanoseconds = v.pipe(
  v.bigint('a bigint'),
  v.minValue(0n, '0n or more'),
  v.maxValue(2n ** 64n - 1n, '64 bits'),
)
const clockSetting = takes.options({clockNs: nanoseconds, realtimeNs: v.optional(nanoseconds)})

const [KVM_GET_CLOCK, KVM_SET_CLOCK, KVM_KVMCLOCK_CTRL] = [0x8030ae7c, 0x4030ae7b, 0xaead]
/** struct kvm_clock_data. */
const [BYTES, FLAGS, REALTIME, HOST_TSC] = [48, 8, 16, 24]
/** KVM_CLOCK_TSC_STABLE, KVM_CLOCK_REALTIME, KVM_CLOCK_HOST_TSC. */
const [IS_STABLE, HAS_REALTIME, HAS_TSC] = [2, 4, 8]

/**
 * The clock of an x86_64 VM. `Vm.save` keeps it, and a restored VM's goes on from where it was. On arm64, where the guest reads a counter,
 * everything fails with BAD_ARGUMENT.
 *
 * @example
 * // x86_64 only
 * vm.clock.set({clockNs: 5_000_000_000n})
 * console.log(vm.clock.read().clockNs >= 5_000_000_000n) // true
 */
export class KvmClock {
  readonly #raw: RawKvm

  /** @internal Vm's */
  constructor(raw: RawKvm) {
    this.#raw = raw
  }

  /** @throws HvError BAD_ARGUMENT on arm64; HOST_SYSCALL, DISPOSED */
  read(): ClockReading {
    requireArchitecture('x86_64', 'a kvmclock')
    const view = new DataView(new ArrayBuffer(BYTES))
    this.#raw.ioctl(KVM_GET_CLOCK, new Uint8Array(view.buffer))
    const flags = view.getUint32(FLAGS, true)
    return {
      clockNs: view.getBigUint64(0, true),
      realtimeNs: flags & HAS_REALTIME ? view.getBigUint64(REALTIME, true) : undefined,
      hostTsc: flags & HAS_TSC ? view.getBigUint64(HOST_TSC, true) : undefined,
      isStable: (flags & IS_STABLE) !== 0,
    }
  }

  /** @throws HvError BAD_ARGUMENT, KVM_UNUSABLE for `realtimeNs` where KVM does not take it (before Linux 5.16); as `read` */
  set(setting: ClockSetting): void {
    const {clockNs, realtimeNs} = takes.checked(clockSetting, setting, 'setting')
    requireArchitecture('x86_64', 'a kvmclock')
    const view = new DataView(new ArrayBuffer(BYTES))
    view.setBigUint64(0, clockNs, true)
    if (realtimeNs !== undefined) {
      view.setUint32(FLAGS, HAS_REALTIME, true)
      view.setBigUint64(REALTIME, realtimeNs, true)
    }
    try {
      this.#raw.ioctl(KVM_SET_CLOCK, new Uint8Array(view.buffer))
    } catch (cause) {
      if (realtimeNs === undefined || !isInvalid(cause)) throw cause
      throw new HvError('KVM_UNUSABLE', 'this KVM sets no clock by a time of day', 'leave realtimeNs out', {
        cause,
      })
    }
  }
}

/** As Vcpu.tellOfPause. */
export function tellOfPause(raw: RawKvm): boolean {
  requireArchitecture('x86_64', 'a kvmclock')
  try {
    raw.ioctl(KVM_KVMCLOCK_CTRL)
    return true
  } catch (error) {
    // The guest has switched no clock on.
    if (isInvalid(error)) return false
    throw error
  }
}

const isInvalid = (error: unknown): boolean => error instanceof HvError && error.errno === 'EINVAL'
