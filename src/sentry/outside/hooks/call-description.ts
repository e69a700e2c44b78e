// describeCall: describes a call that begins, its words and their meaning, for an embedder that is asked about it.

import {Errno} from '../../../abi/errno.ts'
import type {Row} from '../../core/syscall.ts'
import type {Task} from '../../core/task.ts'
import {readPath} from '../../fd/path-argument.ts'
import {fromByteString} from '../../trace/argument-value.ts'
import type {DecodeArguments} from '../../trace/decode-arguments.ts'
import type {CallDescription} from './hooked-call.ts'

export function describeCall(task: Task, row: Row, decode: DecodeArguments): CallDescription {
  const kinds = row.args.split(' ').filter(Boolean)
  return {
    name: row.name,
    pid: task.process.pid,
    programPid: task.process.run.first?.pid ?? task.process.pid,
    tid: task.tid,
    args: kinds.map((_, index) => task.arguments.raw(index)),
    paths: kinds.flatMap((kind, index) => (kind === 'path' ? [pathAt(task, index)] : [])),
    decoded: decode(task, row),
  }
}

function pathAt(task: Task, index: number): string | undefined {
  try {
    return fromByteString(readPath(task, task.arguments.address(index)))
  } catch (error) {
    if (error instanceof Errno) return undefined
    throw error
  }
}
