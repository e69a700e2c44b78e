// decodeArguments: a call's arguments at its start: each as a text, as in a trace, and as a value.

import {Errno} from '../../abi/errno.ts'
import type {Row} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'
import {type ArgumentValue, MAX_TEXT, type SyscallArgument} from './argument-value.ts'
import {type BegunCall, CallDecoder} from './call-decoder.ts'

export type DecodeArguments = (task: Task, row: Row) => readonly SyscallArgument[]

/** The values of pointers that lead nowhere. */
const nothing: Readonly<Record<string, ArgumentValue>> = {
  path: {kind: 'path', value: undefined, resolved: undefined},
  str: {kind: 'string', value: undefined},
  argv: {kind: 'strings', value: undefined},
  in: {kind: 'bytes', value: undefined, length: 0},
  iov_in: {kind: 'bytes', value: undefined, length: 0},
  sockaddr: {kind: 'address', value: undefined},
  open_how: {kind: 'open_how', value: undefined},
}

/** Decodes as many as the call has words. */
export function argumentDecoder(): DecodeArguments {
  const decoder = new CallDecoder()
  return (task, row) => {
    const begun = decoder.begin(task, row)
    return begun.args.map((text, index) => ({
      ...argumentValue(begun, index),
      text: (text ?? begun.call.pointer(index)).slice(0, MAX_TEXT),
    }))
  }
}

function argumentValue({call, signature}: BegunCall, index: number): ArgumentValue {
  const {value} = signature.kinds[index]
  try {
    return value?.(call, index) ?? {kind: 'other'}
  } catch (error) {
    if (!(error instanceof Errno)) throw error
    return nothing[call.words[index]] ?? {kind: 'other'}
  }
}
