// SandboxProcess: a program that runs in a sandbox, with its standard streams, as child_process has it.

import type {Readable, Writable} from 'node:stream'
import {SIGTERM} from '../abi/signal.ts'
import type {SandboxExit} from './options.ts'
import type {ProgramStreams} from './program-streams.ts'
import {toSignal} from './requests.ts'

/** What `Sandbox.spawn` gives. Data waits on both sides: a program whose output nobody reads stops, as at any pipe. */
export class SandboxProcess {
  /** Its standard input. The program may close it early: what is written then goes nowhere. */
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  #exit: SandboxExit | undefined
  readonly #streams: ProgramStreams
  readonly #end: Promise<SandboxExit>

  /** @internal By Sandbox.spawn. */
  constructor(streams: ProgramStreams, end: Promise<SandboxExit>) {
    this.#streams = streams
    this.stdin = streams.stdin
    this.stdout = streams.stdout
    this.stderr = streams.stderr
    this.#end = end
    end.then(
      (exit) => {
        this.#exit = exit
      },
      // Whoever wants to know waits.
      () => {},
    )
  }

  /** In the guest; undefined until the program is there. */
  get pid(): number | undefined {
    return this.#streams.pid
  }

  /** null until it has ended, and when a signal killed it. */
  get exitCode(): number | null {
    return this.#exit?.exitCode ?? null
  }

  /** The name of the signal that killed it: `SIGTERM`. */
  get signal(): string | null {
    return this.#exit?.signal ?? null
  }

  /**
   * Sends a signal to the program's first process: to one that waits for its turn as soon as it is there, to one that has ended
   * never.
   * @param signal a name or a number
   * @throws HvError BAD_ARGUMENT: there is no such signal
   */
  kill(signal: string | number = SIGTERM): void {
    this.#streams.signal(toSignal(signal))
  }

  /**
   * How it ended. All that it wrote is in the streams by then, read or not.
   * @throws HvError, AbortError: as Sandbox.run does
   */
  wait(): Promise<SandboxExit> {
    return this.#end
  }
}
