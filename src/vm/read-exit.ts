// readExit: an exit as KVM has it becomes one of the union, and its answer goes back.

import {HvError} from '../errors.ts'
import type {NativeVcpu} from './addon.ts'
import type {Exit, HypercallExit, MsrReason, RdmsrExit, WrmsrExit} from './exit.ts'

/** native/kvm/exit.h: ExitKind and the order of Exit's words. */
const KIND = {
  io: 1,
  mmio: 2,
  hypercall: 3,
  halt: 4,
  shutdown: 5,
  failEntry: 7,
  internalError: 8,
  debug: 9,
  window: 10,
  ioapicEoi: 11,
  msr: 12,
  memoryFault: 13,
}
const WORDS = 7
/** Indexed by KVM_SYSTEM_EVENT_*; x86_64 has none. */
const SHUTDOWN_REASONS = ['triple-fault', 'off', 'reset'] as const

/** KVM_MSR_EXIT_REASON_*, each a bit. */
const MSR_REASONS: Readonly<Record<number, MsrReason>> = {1: 'invalid', 2: 'unknown', 4: 'filter'}

/** native/kvm/debug.h: DebugCause, from 1 on. */
const DEBUG_CAUSES = ['step', 'breakpoint', 'watchpoint', 'software'] as const

/** Puts an exit's answer where KVM looks for it at the next run. */
export type Answer = (() => void) | undefined

/**
 * Reads the exit of a run that returned 0.
 * @throws HvError VCPU_FAILED when KVM gave a reason that the union lacks
 */
export function readExit(native: NativeVcpu): readonly [Exit, Answer] {
  const words = new BigUint64Array(WORDS)
  native.readExit(words)
  const [kind, flag, address, size, count, offset] = Array.from(words, Number)
  const isWrite = flag !== 0
  const reason = words[6]

  switch (kind) {
    case KIND.io: {
      const data = readData(native, isWrite, offset, size * count)
      const exit: Exit = {kind: 'io', direction: isWrite ? 'out' : 'in', port: address, size, count, data}
      return [exit, isWrite ? undefined : () => native.writeData(offset, data)]
    }
    case KIND.mmio: {
      const data = readData(native, isWrite, offset, size)
      return [
        {kind: 'mmio', isWrite, address, data},
        isWrite ? undefined : () => native.writeData(offset, data),
      ]
    }
    case KIND.hypercall: {
      const args = readItems(native, offset, count)
      const exit: HypercallExit = {kind: 'hypercall', number: address, args, result: 0n}
      return [exit, () => native.answerHypercall(exit.result)]
    }
    case KIND.halt:
      return [{kind: 'halt'}, undefined]
    case KIND.shutdown:
      return [{kind: 'shutdown', reason: SHUTDOWN_REASONS[Number(reason)] ?? 'crash'}, undefined]
    case KIND.failEntry:
      return [{kind: 'fail-entry', hardwareReason: reason}, undefined]
    case KIND.internalError:
      return [
        {kind: 'internal-error', suberror: Number(reason), data: readItems(native, offset, count)},
        undefined,
      ]
    case KIND.debug:
      return [{kind: 'debug', cause: DEBUG_CAUSES[Number(reason) - 1], address: words[2]}, undefined]
    case KIND.window:
      return [{kind: 'interrupt-window'}, undefined]
    case KIND.ioapicEoi:
      return [{kind: 'ioapic-eoi', vector: address}, undefined]
    case KIND.msr:
      return readMsrExit(
        native,
        isWrite,
        address,
        readItems(native, offset, count)[0],
        MSR_REASONS[Number(reason)],
      )
    case KIND.memoryFault:
      return [{kind: 'memory-fault', address, bytes: size, isPrivate: flag !== 0}, undefined]
    default:
      throw new HvError('VCPU_FAILED', `KVM ended the run for reason ${reason}, which hv does not know`)
  }
}

function readMsrExit(
  native: NativeVcpu,
  isWrite: boolean,
  index: number,
  value: bigint,
  reason: MsrReason,
): readonly [Exit, Answer] {
  const exit: RdmsrExit | WrmsrExit = isWrite
    ? {kind: 'wrmsr', index, value, reason, isFault: false}
    : {kind: 'rdmsr', index, value: 0n, reason, isFault: false}
  return [exit, () => native.answerMsr(exit.value, exit.isFault)]
}

function readData(native: NativeVcpu, isWrite: boolean, offset: number, length: number): Uint8Array {
  const data = new Uint8Array(length)
  if (isWrite) native.readData(offset, data)
  return data
}

function readItems(native: NativeVcpu, offset: number, count: number): readonly bigint[] {
  const items = new BigUint64Array(count)
  native.readData(offset, new Uint8Array(items.buffer))
  return Array.from(items)
}
