// A simulated task under a pledge, and calls by name as dispatch makes them.

import {arch} from '../../../../src/arch/index.ts'
import {BrokenPromise} from '../../../../src/sentry/pledge/broken-promise.ts'
import {applyPledge} from '../../../../src/sentry/pledge/pledge.ts'
import {requirePromises} from '../../../../src/sentry/pledge/promises.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

export class PledgedTask extends SimulatedTask {
  pledge(promises: string): this {
    applyPledge(this.task.kernel, this.task.process, requirePromises(promises), false)
    return this
  }

  /** The result, -errno, or what the call lacked: `proc or id`. */
  make(name: string, ...args: (number | string)[]): number | string {
    const number = table.find((row) => row.name === name)![arch.name]!
    try {
      return this.call(this.task.process.handlers[number]!, ...args)
    } catch (error) {
      if (error instanceof BrokenPromise) return error.promises.join(' or ')
      throw error
    }
  }
}
