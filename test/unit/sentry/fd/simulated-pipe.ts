// SimulatedPipe: a task with a pipe, for tests of what waits for either end.

import {expect} from 'vitest'
import {pipe} from '../../../../src/sentry/syscalls/pipe.ts'
import {read} from '../../../../src/sentry/syscalls/read.ts'
import {write} from '../../../../src/sentry/syscalls/write.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

export class SimulatedPipe {
  readonly t = new SimulatedTask()
  readonly reader: number
  readonly writer: number

  constructor() {
    const fds = this.t.bytes(8)
    this.t.call(pipe, fds)
    this.reader = this.t.task.memory.readInt32(fds)
    this.writer = this.t.task.memory.readInt32(fds + 4)
  }

  fill(text: string): void {
    expect(this.t.call(write, this.writer, text, text.length)).toBe(text.length)
  }

  drain(length: number): void {
    expect(this.t.call(read, this.reader, this.t.bytes(length), length)).toBe(length)
  }
}
