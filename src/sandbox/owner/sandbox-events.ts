// SandboxEvents: the events that a Sandbox tells its listeners.

import {EventEmitter} from 'node:events'
import * as takes from '../../options.ts'
import type {SandboxPort} from '../../sentry/outside/net/sandbox-port.ts'
import {callListener} from './call-listener.ts'
import type {SandboxExit} from './options.ts'

/** A program has ended. @see {@link Sandbox.on} */
export interface SandboxExitEvent extends SandboxExit {
  /** As it was given to `run` or `spawn`; undefined: the image's entry point. */
  program: string | undefined
  /** The pid of its first process, as SandboxProcess.pid. */
  programPid: number
}

/**
 * Guest memory, or what hv kept for the guest, was full, and a process was killed for it: the program's own or a descendant.
 *
 * @example
 * await using sandbox = await Sandbox.create({memoryBytes: 8 << 20})
 * sandbox.on('oom', ({program, count}) => console.log(program, count)) // /bin/busybox 1
 * await sandbox.run('/bin/busybox', ['awk', 'BEGIN {x = "x"; while (1) x = x x}'])
 */
export interface SandboxOomEvent {
  /** As it was given to `run` or `spawn`; undefined: the image's entry point. */
  program: string | undefined
  /** The pid of its first process; undefined while the program was being loaded. */
  programPid: number | undefined
  /** The pid, in the guest, of the last one that was killed. */
  pid: number | undefined
  /** How many were killed since the last event, at least 1. */
  count: number
}

/** A program has come up against a limit of its sandbox. @see {@link Sandbox.on} */
export interface SandboxLimitEvent {
  /** As it was given to `run` or `spawn`; undefined: the image's entry point. */
  program: string | undefined
  /** The pid of its first process; undefined while the program was being loaded. */
  programPid: number | undefined
  /**
   * `output`: `maxOutputBytes`; the guest gets ENOSPC. `time`: `timeoutMs`, `cpu-time`: `cpuTimeoutMs`; it was killed. `tasks`: `maxTasks`; fork(2) fails.
   * `disk`: `diskBytes`; the guest gets ENOSPC.
   * `memory`: `memoryBytes`, or what hv keeps for the guest; calls fail with ENOMEM or ENOSPC, or a process is killed: `oom`.
   */
  limit: 'output' | 'time' | 'cpu-time' | 'tasks' | 'memory' | 'disk'
  /** How often since the last event, at least 1. */
  count: number
}

/** What a sandbox's listeners are called with, by event name. @see {@link Sandbox.on} */
export interface SandboxEvents {
  /** A program that `run` or `spawn` started has ended. */
  exit: SandboxExitEvent
  /** A process was killed because memory was full. */
  oom: SandboxOomEvent
  /** A program has come up against a limit. */
  limit: SandboxLimitEvent
  /** A program listens at a TCP port. */
  listen: SandboxPort
}

const EVENTS = ['exit', 'oom', 'limit', 'listen'] as const satisfies (keyof SandboxEvents)[]

type Listener<Name extends keyof SandboxEvents> = (event: SandboxEvents[Name]) => void

/** Listeners by name. If one throws, that is an uncaught exception of this process, and the sandbox goes on. */
export class SandboxListeners {
  readonly #emitter = new EventEmitter()

  add<Name extends keyof SandboxEvents>(name: Name, listener: Listener<Name>, once: boolean): void {
    check(name, listener)
    if (once) this.#emitter.once(name, listener)
    else this.#emitter.on(name, listener)
  }

  remove<Name extends keyof SandboxEvents>(name: Name, listener: Listener<Name>): void {
    check(name, listener)
    this.#emitter.off(name, listener)
  }

  tell<Name extends keyof SandboxEvents>(name: Name, event: SandboxEvents[Name]): void {
    // One by one: the others are called whatever one does.
    for (const listener of this.#emitter.rawListeners(name))
      callListener((given) => listener.call(this.#emitter, given), event)
  }
}

/** `error` never comes: Node's `once` of node:events listens for it beside the event that it waits for. @throws HvError BAD_ARGUMENT */
function check(name: unknown, listener: unknown): void {
  if (name !== 'error') takes.checked(takes.oneOf(EVENTS), name, 'name')
  takes.checked(takes.callback, listener, 'listener')
}
