// HookedCalls: calls that somebody outside is asked about before they are made: a Sandbox's onSyscall.

import {Errno} from '../abi/errno.ts'
import {HvError} from '../errors.ts'
import {WaitQueue} from '../vfs/wait-queue.ts'
import {changeCalls} from './call-table.ts'
import {readPath} from './syscalls/path-argument.ts'
import {BLOCKED, type Row, type Syscall} from './syscalls/syscall.ts'
import {table} from './syscalls/table.ts'
import type {Task} from './task.ts'

export interface Question {
  readonly id: number
  readonly name: string
  readonly pid: number
  /** As many words as the call has arguments. */
  readonly args: readonly bigint[]
  /** Its path arguments in order; undefined where the guest's pointer leads nowhere. */
  readonly paths: readonly (string | undefined)[]
}

/** 'go': the call is made. */
export type Verdict = 'go' | {readonly errno: number} | {readonly result: number}

/** A call of its own sort of sleep: its task waits for `verdict`. */
interface Asked {
  verdict: Verdict | undefined
  readonly queue: WaitQueue
}

export class HookedCalls {
  readonly #names: ReadonlySet<string>
  readonly #ask: (question: Question) => void
  readonly #asked = new Map<number, Asked>()
  #questions = 0

  /** @param ask passes the question on; `answer` comes later. @throws HvError BAD_ARGUMENT */
  constructor(names: readonly string[], ask: (question: Question) => void) {
    const unknown = names.find((name) => !table.some((row) => row.name === name))
    if (unknown !== undefined) {
      const message = `onSyscall: there is no system call ${JSON.stringify(unknown)}`
      throw new HvError('BAD_ARGUMENT', message, 'use names of Linux’s manual, section 2, such as openat')
    }
    this.#names = new Set(names)
    this.#ask = ask
  }

  /** From the process's next call on. The calls that are not named stay the functions that they were. */
  attach({process}: Task): void {
    process.syscalls = changeCalls(process.syscalls, (row, run) =>
      this.#names.has(row.name) ? this.#hooked(row, run) : run,
    )
  }

  /** Wakes the call that asked. Late answers, for tasks that are gone, do nothing. */
  answer(id: number, verdict: Verdict): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    this.#asked.delete(id)
    asked.verdict = verdict
    asked.queue.wakeAll()
  }

  /** The program has ended: nobody waits any more. */
  forget(): void {
    this.#asked.clear()
  }

  /** The task sleeps as in any call that blocks: timers, an abort and the time-out go on. */
  #hooked(row: Row, run: Syscall): Syscall {
    return (task) => {
      const id = ++this.#questions
      const asked: Asked = {verdict: undefined, queue: new WaitQueue()}
      this.#asked.set(id, asked)
      this.#ask(questionOf(id, task, row))
      return task.block({
        queues: [asked.queue],
        restart: 'never',
        onlyKillable: true,
        retry: () => (asked.verdict === undefined ? BLOCKED : follow(asked.verdict, task, run)),
      })
    }
  }
}

function questionOf(id: number, task: Task, {name, args}: Row): Question {
  const kinds = args.split(' ').filter(Boolean)
  return {
    id,
    name,
    pid: task.process.pid,
    args: kinds.map((_, index) => task.arguments.raw(index)),
    paths: kinds.flatMap((kind, index) => (kind === 'path' ? [pathAt(task, index)] : [])),
  }
}

function pathAt(task: Task, index: number): string | undefined {
  try {
    return Buffer.from(readPath(task, task.arguments.address(index)), 'latin1').toString()
  } catch (error) {
    if (error instanceof Errno) return undefined
    throw error
  }
}

/** The arguments are still there: the next call is what overwrites them. */
function follow(verdict: Verdict, task: Task, run: Syscall): number {
  if (verdict === 'go') return run(task, task.arguments)
  if ('errno' in verdict) throw new Errno(verdict.errno)
  return verdict.result
}
