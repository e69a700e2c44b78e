// Debugging of a vCPU: what it stops for, and what vCPUs can stop for on this host.

import * as v from 'valibot'
import {addon} from '../addon.ts'
import {badArgument, HvError} from '../errors.ts'
import * as takes from '../options.ts'
import type {NativeVcpu} from './addon.ts'
import {anyAddress, type GuestAddress} from './guest-memory.ts'
import {openError, orThrow} from './open-error.ts'

/**
 * Data whose use stops the vCPU. x86_64: 1, 2, 4 or 8 bytes at a multiple of that, and not the kind `read` (SDM vol. 3, 19.2.4). arm64:
 * bytes within 8 at a multiple of 8, or 2^n bytes, up to 2 GiB, at a multiple of that (Arm ARM D2.10.5).
 *
 * @example
 * const counter: Watchpoint = {address: 0x9000n, length: 4, kind: 'write'}
 * if (vcpu.debugLimits.watchpoints > 0) vcpu.debug({watchpoints: [counter]})
 */
export interface Watchpoint {
  /** As the guest's instructions have it: virtual where its MMU is on; linear on x86_64. */
  address: GuestAddress
  /** Bytes. */
  length: number
  kind: 'write' | 'read' | 'access'
}

/** What a vCPU stops for; it does not stop for what is left out. @see {@link Vcpu.debug} */
export interface DebugOptions {
  /** After each instruction. On x86_64, since Linux 5.14, interrupts wait meanwhile; on arm64 a step may end in a handler. */
  singleStep?: boolean
  /** Before the instructions at these addresses, virtual or linear, in all address spaces. */
  breakpoints?: readonly GuestAddress[]
  watchpoints?: readonly Watchpoint[]
  /** Before each breakpoint instruction: INT3 (0xcc) on x86_64, BRK on arm64. The guest then does not see its exception. */
  softwareBreakpoints?: boolean
}

/**
 * What vCPUs can stop for on this host; false or 0: they cannot stop for that.
 *
 * @example
 * const {breakpoints, shared} = vcpu.debugLimits
 * console.log(breakpoints, shared) // e.g. 4 true
 */
export interface DebugLimits {
  readonly singleStep: boolean
  readonly softwareBreakpoints: boolean
  /** How many at a time; 4 on x86_64, KVM_CAP_GUEST_DEBUG_HW_BPS on arm64. */
  readonly breakpoints: number
  /** As above; KVM_CAP_GUEST_DEBUG_HW_WPS. */
  readonly watchpoints: number
  /** x86_64: the same registers hold both, so the limit is for both together. */
  readonly shared: boolean
}

const KINDS = ['write', 'read', 'access'] as const
/** KVM_ARM_MAX_DBG_REGS. */
const MAX = 16

const few = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(takes.list(item, 'an array'), v.maxLength(MAX, `${MAX} at most`))
const debugOptions = takes.options({
  singleStep: v.optional(takes.truth),
  breakpoints: v.optional(few(anyAddress)),
  watchpoints: v.optional(
    few(takes.options({address: anyAddress, length: takes.integer(1, 2 ** 31), kind: takes.oneOf(KINDS)})),
  ),
  softwareBreakpoints: v.optional(takes.truth),
})

let known: DebugLimits | undefined

/** The host is asked once, before a jail makes that impossible. @throws HvError KVM_MISSING, KVM_DENIED */
export function debugLimits(): DebugLimits {
  known ??= Object.freeze(orThrow(addon.debugLimits, openError))
  return known
}

/** What a vCPU was last asked to stop for. @internal Vcpu's */
export class Debugging {
  #steps: (() => void) | undefined

  /** @throws HvError as Vcpu.debug */
  ask(native: () => NativeVcpu, options: DebugOptions): void {
    const wanted = takes.checked(debugOptions, options, 'options')
    const {singleStep = false, breakpoints = [], watchpoints = [], softwareBreakpoints = false} = wanted
    const vcpu = native()
    checkLimits({singleStep, breakpoints, watchpoints, softwareBreakpoints})
    const stops = BigUint64Array.from(breakpoints, BigInt)
    const watched = BigUint64Array.from(
      watchpoints.flatMap((each) => [BigInt(each.address), BigInt(each.length), BigInt(kindOf(each))]),
    )
    const tell = (): void => addon.debugVcpu(vcpu, singleStep, softwareBreakpoints, stops, watched)
    orThrow(tell, (cause) =>
      cause.errno === undefined
        ? badArgument(cause.message, 'see debugLimits', {cause})
        : new HvError('KVM_UNUSABLE', `KVM does not debug the vCPU: ${cause.message}`, '', {cause}),
    )
    this.#steps = singleStep ? tell : undefined
  }

  /** Called before a run: on x86_64 KVM steps from where the vCPU stood when it was told to, and registers may have been set since. */
  renew(): void {
    this.#steps?.()
  }
}

/** native/kvm/debug.h: WatchKind. */
const kindOf = ({kind}: Watchpoint): number => KINDS.indexOf(kind) + 1

function checkLimits(wanted: Required<DebugOptions>): void {
  const limits = debugLimits()
  const lacking = (['singleStep', 'softwareBreakpoints'] as const).find(
    (name) => wanted[name] && !limits[name],
  )
  if (lacking !== undefined) throw unable(lacking)
  for (const name of ['breakpoints', 'watchpoints'] as const) {
    const {length} = wanted[name]
    if (length > 0 && limits[name] === 0) throw unable(name)
    if (length > limits[name]) throw tooMany(`${length} ${name}`, `${limits[name]}`)
  }
  const {length} = [...wanted.breakpoints, ...wanted.watchpoints]
  if (limits.shared && length > limits.breakpoints) {
    throw tooMany(`${length} breakpoints and watchpoints`, `${limits.breakpoints} together`)
  }
}

const unable = (what: string): HvError =>
  new HvError(
    'KVM_UNUSABLE',
    `vCPUs of this host do not stop for ${what}`,
    'use a host with VT-x, SVM or arm64 virtualization; debugLimits says what this one can',
  )

const tooMany = (asked: string, limit: string): HvError =>
  badArgument(`a vCPU cannot have ${asked}`, `ask for ${limit} at most`)
