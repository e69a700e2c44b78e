// HookedCalls: asks the embedder about a run's calls before they are made, and tells it when they end: a Sandbox's onSyscall.

import {Errno} from '../../../abi/errno.ts'
import {HvError} from '../../../errors.ts'
import {WaitQueue} from '../../../vfs/wait-queue.ts'
import {BLOCKED, type Row, type Syscall} from '../../core/syscall.ts'
import type {Task} from '../../core/task.ts'
import {table} from '../../syscalls/table.ts'
import type {DecodeArguments} from '../../trace/decode-arguments.ts'
import {describeCall} from './call-description.ts'
import {
  type CallDescription,
  type HookedCall,
  MOST_QUESTIONS,
  type Question,
  type Verdict,
} from './hooked-call.ts'
import {makeWatched} from './watched-call.ts'

/** It restores processor state, which a sleeping task has given away. */
const NO_CALL = 'rt_sigreturn'

interface PendingQuestion {
  readonly task: Task
  verdict: Verdict | undefined
  readonly queue: WaitQueue
}

export class HookedCalls {
  readonly #calls: ReadonlyMap<string, HookedCall>
  readonly #decode: DecodeArguments
  readonly #post: (question: Question) => void
  /** By their questions' ids. */
  readonly #asked = new Map<number, PendingQuestion>()
  /** Tasks with a call that a signal ended, before the embedder has acknowledged that. */
  readonly #unheard = new Set<Task>()
  /** Calls that wait for the answers to others. */
  readonly #queue = new WaitQueue()
  #questions = 0

  /** @param post passes a question on; `answer` comes later. @throws HvError BAD_ARGUMENT */
  constructor(calls: readonly HookedCall[], decode: DecodeArguments, post: (question: Question) => void) {
    const unknown = calls.find(({name}) => !table.some((row) => row.name === name))
    if (unknown !== undefined) {
      const message = `onSyscall: there is no system call ${JSON.stringify(unknown.name)}`
      throw new HvError('BAD_ARGUMENT', message, 'use names of Linux’s manual, section 2, such as openat')
    }
    if (calls.some(({name}) => name === NO_CALL)) {
      const message = `onSyscall: ${NO_CALL} is the end of a signal's handler, and nothing to ask about`
      throw new HvError('BAD_ARGUMENT', message, 'leave it out')
    }
    this.#calls = new Map(calls.map((call) => [call.name, call]))
    this.#decode = decode
    this.#post = post
  }

  /** From the process's next call on. Calls that are not named keep their functions. */
  attach({process}: Task): void {
    process.syscalls = process.syscalls.change((row, run) => {
      const call = this.#calls.get(row.name)
      return call?.before || call?.after ? this.#hooked(row, run, call) : run
    })
  }

  /** Wakes the call that asked. Late answers, for tasks that are gone, do nothing. */
  answer(id: number, verdict: Verdict): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    this.#asked.delete(id)
    this.#unheard.delete(asked.task)
    asked.verdict = verdict
    asked.queue.wakeAll()
    this.#queue.wakeAll()
  }

  #hooked(row: Row, run: Syscall, {before, after}: HookedCall): Syscall {
    const begin = (task: Task): number => {
      const call = describeCall(task, row, this.#decode)
      const make = (): number => run(task, task.arguments)
      const makeIt = after ? () => this.#watched(task, call, make) : make
      return before ? this.#ask(task, call, (verdict) => follow(verdict, makeIt)) : makeIt()
    }
    return (task, args) =>
      // A call in the vsyscall page has words of its own, and is made in a fault, which cannot sleep.
      args === task.arguments ? this.#inTurn(task, () => begin(task)) : run(task, args)
  }

  /** Reports a task's calls in order, and bounds the questions that are open. */
  #inTurn(task: Task, begin: () => number): number {
    const mustWait = (): boolean => this.#asked.size >= MOST_QUESTIONS || this.#unheard.has(task)
    if (!mustWait()) return begin()
    return sleepOn(task, this.#queue, () => (mustWait() ? BLOCKED : begin()))
  }

  #watched(task: Task, call: CallDescription, make: () => number): number {
    return makeWatched(task, make, {
      ended: (end, finish) => this.#ask(task, {...call, end}, finish),
      interrupted: (end) => {
        this.#unheard.add(task)
        this.#put(task, {...call, end})
      },
    })
  }

  #ask(task: Task, question: Omit<Question, 'id'>, go: (verdict: Verdict) => number): number {
    const asked = this.#put(task, question)
    return sleepOn(task, asked.queue, () => (asked.verdict === undefined ? BLOCKED : go(asked.verdict)))
  }

  #put(task: Task, question: Omit<Question, 'id'>): PendingQuestion {
    const id = ++this.#questions
    const asked: PendingQuestion = {task, verdict: undefined, queue: new WaitQueue()}
    this.#asked.set(id, asked)
    this.#post({...question, id})
    return asked
  }
}

/**
 * As in any blocked call, timers, an abort and the time-out go on. Signals wait for the call's end. Not by task.block: a call that
 * has not been made holds no files yet.
 */
function sleepOn(task: Task, queue: WaitQueue, retry: () => number): number {
  task.wait = {queues: [queue], restart: 'never', onlyKillable: true, retry}
  return BLOCKED
}

/** The arguments are still there: only the next call overwrites them. */
function follow(verdict: Verdict, make: () => number): number {
  if (verdict === 'go') return make()
  if ('errno' in verdict) throw new Errno(verdict.errno)
  return verdict.result
}
