// CallDecoder: turns the kernel's notices of a call's start and end into a CallRecord.

import {arch} from '../../arch/index.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import type {Restart} from '../core/wait.ts'
import type {CallRecord, Outcome} from './call-record.ts'
import {interruption} from './interruption.ts'
import {HIDDEN, type Kind} from './kind.ts'
import {kindOf, resultKindOf} from './kinds/index.ts'
import type {Style} from './options.ts'
import {monotonicNs} from './stamps.ts'
import {TracedCall} from './traced-call.ts'

/** An unknown call shows all six words. */
const UNKNOWN: Signature = signatureOf('hex hex hex hex hex hex', undefined)
/** Results from -4095 to -1 are errors. */
const LAST_ERROR = 4095

export interface Signature {
  readonly words: readonly string[]
  readonly kinds: readonly Kind[]
  readonly showResult: (result: number, call: TracedCall) => string
}

/** A call that has begun. */
export interface BegunCall {
  readonly call: TracedCall
  readonly signature: Signature
  /** Texts so far; undefined for arguments that the kernel fills in. */
  readonly args: (string | undefined)[]
  readonly startedNs: number
}

export class CallDecoder {
  readonly #signatures = new Map<Row, Signature>()
  readonly #style: Style

  constructor({stringLimit = 32, showsPaths = false}: Partial<Style> = {}) {
    this.#style = {stringLimit, showsPaths}
  }

  /** Copies and decodes what the kernel reads: the words in the context are still the call's. */
  begin(task: Task, row: Row | undefined): BegunCall {
    const signature = this.#signature(row)
    task.refusal = undefined
    const call = new TracedCall(task, row, signature.words, this.#style)
    const args = signature.kinds.map(({enter}, index) => enter?.(call, index))
    return {call, signature, args, startedNs: monotonicNs()}
  }

  /** @param result as the guest sees it; undefined when the call stored the registers itself, or was interrupted */
  end(begun: BegunCall, result: number | undefined): CallRecord {
    // Before the decoding, which does not count as the call's time.
    const durationNs = monotonicNs() - begun.startedNs
    return finish(begun, outcomeOf(begun, result), durationNs)
  }

  /** A signal ends the wait. */
  interrupt(begun: BegunCall, restart: Restart): CallRecord {
    return finish(begun, interruption(begun.call, restart), monotonicNs() - begun.startedNs)
  }

  /** The call never returns, or nobody watches when it does. */
  abandon(begun: BegunCall, kind: 'unfinished' | 'detached'): CallRecord {
    const args = begun.args.map((text, index) => text ?? begun.call.pointer(index))
    return recordOf(begun, args, {kind}, undefined)
  }

  #signature(row: Row | undefined): Signature {
    if (row === undefined) return UNKNOWN
    let signature = this.#signatures.get(row)
    if (signature === undefined) {
      signature = signatureOf(row.args, row.result)
      this.#signatures.set(row, signature)
    }
    return signature
  }
}

/** Words without a kind are shown in hex, so that a new row traces at once. */
function signatureOf(args: string, result: string | undefined): Signature {
  const words = args.split(' ').filter((word) => word !== '')
  return {
    words,
    kinds: words.map((word) => kindOf(word) ?? kindOf('hex')!),
    showResult: (result !== undefined && resultKindOf(result)) || ((value) => String(value)),
  }
}

function finish(begun: BegunCall, outcome: Outcome, durationNs: number): CallRecord {
  const args = begun.args.map((text, index) => finalText(begun, index, text, outcome))
  return recordOf(begun, args, outcome, durationNs)
}

/** An argument's text after the call. */
function finalText(
  {call, signature}: BegunCall,
  index: number,
  begin: string | undefined,
  outcome: Outcome,
): string {
  const {leave, failed, interrupted = failed} = signature.kinds[index]
  let more: string | undefined
  if (outcome.kind === 'result') more = leave?.(call, index, outcome.value)
  else if (outcome.kind === 'error') more = failed?.(call, index)
  else if (outcome.kind === 'interrupted') more = interrupted?.(call, index)
  return begin === undefined ? (more ?? call.pointer(index)) : begin + (more ?? '')
}

function recordOf(
  {call, startedNs}: BegunCall,
  args: readonly string[],
  outcome: Outcome,
  durationNs: number | undefined,
): CallRecord {
  const shown = args.filter((text) => text !== HIDDEN)
  return {tid: call.task.tid, name: call.name, args: shown, outcome, startedNs, durationNs}
}

function outcomeOf(begun: BegunCall, result: number | undefined): Outcome {
  if (result !== undefined) return numberOutcome(begun, result)
  // The task's registers hold the result, and the task knows whether a signal put it there.
  const {signals, context} = begun.call.task
  if (signals.interrupted !== undefined) return interruption(begun.call, signals.interrupted.restart)
  const value = arch.callResult(context.readRegisters())
  // rt_sigreturn(2) returns whatever the register held.
  return Number.isSafeInteger(Number(value))
    ? numberOutcome(begun, Number(value))
    : {kind: 'result', value: Number(value), text: String(value)}
}

/** What leads out of the sandbox is refused by hv, and not by a Linux. */
function refusalNote({refusal}: Task): {note?: string} {
  if (refusal === undefined) return {}
  return {note: refusal === '' ? 'refused by hv' : `refused by hv: --allow-net=${refusal} allows it`}
}

function numberOutcome({call, signature}: BegunCall, result: number): Outcome {
  if (result < 0 && result >= -LAST_ERROR) return {kind: 'error', code: -result, ...refusalNote(call.task)}
  const text = signature.showResult(result, call)
  const notes = signature.kinds.flatMap(({note}, index) => note?.(call, index, result) ?? [])
  return {kind: 'result', value: result, text, ...(notes.length > 0 && {note: notes.join(', ')})}
}
