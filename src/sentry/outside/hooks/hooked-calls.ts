// HookedCalls: asks the embedder about a run's calls before they are made, and tells it when they end: a Sandbox's onSyscall.

import {badArgument} from '../../../errors.ts'
import {WaitQueue} from '../../../vfs/wait-queue.ts'
import type {Row} from '../../core/syscall.ts'
import type {Task} from '../../core/task.ts'
import {unlessErrno} from '../../core/unless-errno.ts'
import {readPath} from '../../fd/path-argument.ts'
import {table} from '../../syscalls/table.ts'
import {fromByteString} from '../../trace/argument-value.ts'
import type {DecodeArguments} from '../../trace/decode-arguments.ts'
import {Hook, makeHooked, type PendingQuestion} from './hook.ts'
import {
  type CallDescription,
  type CallEnd,
  type HookedCall,
  MOST_QUESTIONS,
  type Question,
  type Verdict,
} from './hooked-call.ts'

/** It restores processor state, which a sleeping task has given away. */
const NO_CALL = 'rt_sigreturn'

export class HookedCalls {
  readonly #calls: ReadonlyMap<string, HookedCall>
  readonly #decode: DecodeArguments
  readonly #post: (question: Question) => void
  /** By their questions' ids. */
  readonly #asked = new Map<number, PendingQuestion>()
  /** Tasks with a call that a signal ended, before the embedder has acknowledged that. */
  readonly #unheard = new Set<Task>()
  /** Calls that wait for the answers to others: woken by each answer. */
  readonly answers = new WaitQueue()
  #questions = 0

  /** @param post passes a question on; `answer` comes later. @throws HvError BAD_ARGUMENT */
  constructor(calls: readonly HookedCall[], decode: DecodeArguments, post: (question: Question) => void) {
    const unknown = calls.find(({name}) => !table.some((row) => row.name === name))
    if (unknown !== undefined) {
      const message = `onSyscall: there is no system call ${JSON.stringify(unknown.name)}`
      throw badArgument(message, 'use names of Linux’s manual, section 2, such as openat')
    }
    if (calls.some(({name}) => name === NO_CALL)) {
      const message = `onSyscall: ${NO_CALL} is the end of a signal's handler, and nothing to ask about`
      throw badArgument(message, 'leave it out')
    }
    this.#calls = new Map(calls.map((call) => [call.name, call]))
    this.#decode = decode
    this.#post = post
  }

  /** From the process's next call on. Calls that are not named keep their functions. */
  attach({process}: Task): void {
    process.syscalls = process.syscalls.change((row, run) => {
      const call = this.#calls.get(row.name)
      if (!call?.before && !call?.after) return run
      const hook = new Hook(this, row, run, call)
      // A call in the vsyscall page has words of its own, and is made in a fault, which cannot sleep.
      return (task, args) => (args === task.arguments ? makeHooked(task, hook) : run(task, args))
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
    this.answers.wakeAll()
  }

  mustWait(task: Task): boolean {
    return this.#asked.size >= MOST_QUESTIONS || this.#unheard.has(task)
  }

  /** A call that begins. */
  describe(task: Task, row: Row): CallDescription {
    const kinds = row.args.split(' ').filter(Boolean)
    return {
      name: row.name,
      pid: task.process.pid,
      programPid: task.process.run.first?.pid ?? task.process.pid,
      tid: task.tid,
      args: kinds.map((_, index) => task.arguments.raw(index)),
      paths: kinds.flatMap((kind, index) => {
        if (kind !== 'path') return []
        return [unlessErrno(() => fromByteString(readPath(task, task.arguments.address(index))))]
      }),
      decoded: this.#decode(task, row),
    }
  }

  ask(task: Task, call: CallDescription, end: CallEnd | undefined): PendingQuestion {
    const id = ++this.#questions
    const asked: PendingQuestion = {task, verdict: undefined, queue: new WaitQueue()}
    this.#asked.set(id, asked)
    this.#post({...call, ...(end && {end}), id})
    return asked
  }

  /** A signal ended the call: its task does not wait. */
  interrupted(task: Task, call: CallDescription, end: CallEnd): void {
    this.#unheard.add(task)
    this.ask(task, call, end)
  }
}
