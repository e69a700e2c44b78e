// Family: a process's relatives, and what they are told of each other: wait(2), vfork(2), ptrace(2), and some of prctl(2).

import {SIGCHLD} from '../../abi/signal.ts'
import {WaitQueue} from '../../vfs/wait-queue.ts'
import type {Process} from '../core/process.ts'
import type {Tracing} from './tracing.ts'

/** fork(2) copies nothing of it. */
export class Family {
  readonly #own: Process
  #parent: Process | undefined
  readonly #children = new Set<Process>()
  /** What its tasks trace. */
  readonly tracees = new Set<Tracing>()
  /** Woken when a child ended, stopped or continued, or a tracee stopped: wait(2). */
  readonly news = new WaitQueue()
  /** The signal that the parent gets when this ends; 0: none. */
  exitSignal = SIGCHLD
  /** What wait(2) has still to report besides its end: the signal that stopped it, or SIGCONT. */
  stopNews: number | undefined
  // prctl(2): PR_SET_PDEATHSIG, CHILD_SUBREAPER.
  parentDeathSignal = 0
  isSubreaper = false
  /** A child of vfork(2) that uses its parent's memory, until it executes or ends. */
  isBorrowing = false
  /** Woken at its end, when it was waited for, at the end of one of its threads, and execve(2): for vfork(2)'s caller, and pidfds. */
  readonly departed = new WaitQueue()

  constructor(own: Process) {
    this.#own = own
  }

  /** Undefined for init alone, and for a zombie that was waited for. */
  get parent(): Process | undefined {
    return this.#parent
  }

  get parentPid(): number {
    return this.#parent?.pid ?? 0
  }

  get children(): ReadonlySet<Process> {
    return this.#children
  }

  /** Becomes the parent of a new process, or of an orphan. */
  adopt(child: Process): void {
    child.family.parent?.family.disown(child)
    child.family.#parent = this.#own
    this.#children.add(child)
  }

  /** The child is gone. */
  disown(child: Process): void {
    this.#children.delete(child)
    child.family.#parent = undefined
  }
}
