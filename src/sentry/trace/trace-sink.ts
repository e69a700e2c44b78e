// TraceSink: where the records of a trace go: lines, JSON, a listener.

import type {Task} from '../core/task.ts'
import type {BegunCall} from './call-decoder.ts'
import type {CallRecord, ExitRecord, SignalRecord} from './call-record.ts'

export interface TraceSink {
  /** A call sleeps: a good time to show what is known of it, and what came before. */
  asleep(task: Task, begun: BegunCall): void
  call(task: Task, record: CallRecord): void
  signal(task: Task, record: SignalRecord): void
  exit(record: ExitRecord): void
}
