// A simulated task whose calls are traced: runs a row's handler between the decoder's begin and end.

import type {Row} from '../../../../src/sentry/core/syscall.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {CallDecoder} from '../../../../src/sentry/trace/call-decoder.ts'
import type {CallRecord} from '../../../../src/sentry/trace/call-record.ts'
import {formatCall} from '../../../../src/sentry/trace/line-sink.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

type Argument = number | bigint | string

export function rowOf(name: string): Row {
  const row = table.find((candidate) => candidate.name === name)
  if (row === undefined) throw new Error(`no row ${name}`)
  return row
}

export class TracedTask extends SimulatedTask {
  readonly decoder = new CallDecoder()

  /** The record of a call that the handler really answers. */
  trace(name: string, ...args: Argument[]): CallRecord {
    const row = rowOf(name)
    const words = this.place(args)
    const begun = this.decoder.begin(this.task, row)
    return this.decoder.end(begun, this.call(row.run, ...words))
  }

  /** The record of a call with a given result: for calls that the sentry refuses, or would wait in. */
  pretend(name: string, result: number, ...args: Argument[]): CallRecord {
    this.place(args)
    return this.decoder.end(this.decoder.begin(this.task, rowOf(name)), result)
  }

  /** Like `trace`, but returns strace's line without the time. */
  line(name: string, ...args: Argument[]): string {
    return formatCall({...this.trace(name, ...args), durationNs: undefined}).replace(/ +=/, ' =')
  }

  /** Puts the arguments into the frame; strings become pointers. */
  place(args: readonly Argument[]): (number | bigint)[] {
    const words = args.map((arg) => (typeof arg === 'string' ? this.string(arg) : arg))
    this.call(() => 0, ...words, ...Array(6 - words.length).fill(0))
    return words
  }
}
