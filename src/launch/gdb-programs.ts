// GdbPrograms: the programs of an `hv run` whose gdb starts further ones, one after the other: `target extended-remote`.

import {ADDR_NO_RANDOMIZE} from '../abi/prctl.ts'
import {HvError} from '../errors.ts'
import type {ProgramRequest, Programs} from '../gdb/programs.ts'
import type {Process} from '../sentry/core/process.ts'
import type {ProgramOptions} from '../sentry/outside/sentry.ts'
import type {StartedProgram} from '../sentry/outside/started-program.ts'
import {tell} from './tell.ts'

/** What gdb may change of the program that hv was started for. */
export type ProgramChanges = Pick<ProgramOptions, 'program' | 'args' | 'env' | 'cwd' | 'personality'>

export class GdbPrograms implements Programs {
  stays = false
  readonly #first: ProgramChanges
  readonly #load: (changes: ProgramChanges) => StartedProgram
  readonly #begin: (process: Process) => void
  /** In order. Those that nothing waits for yet: one that was detached may still run before them. */
  #next: StartedProgram[] = []

  /**
   * @param load @throws HvError
   * @param begin hands it to gdb
   */
  constructor(
    first: ProgramChanges,
    load: (changes: ProgramChanges) => StartedProgram,
    begin: (process: Process) => void,
  ) {
    this.#first = first
    this.#load = load
    this.#begin = begin
  }

  run({program, args, variables, cwd, isRandom}: ProgramRequest): boolean {
    const first = this.#first
    const env = Object.entries(first.env).filter(([name]) => !variables.has(name))
    for (const [name, value] of variables) if (value !== undefined) env.push([name, value])
    let next: StartedProgram
    try {
      next = this.#load({
        ...{program: program ?? first.program, args, env: Object.fromEntries(env), cwd: cwd ?? first.cwd},
        personality: isRandom ? 0 : ADDR_NO_RANDOMIZE,
      })
    } catch (error) {
      if (!(error instanceof HvError)) throw error
      tell(error.message)
      return false
    }
    this.#finishEnded()
    this.#next.push(next)
    this.#begin(next.process)
    return true
  }

  /** gdb may start and kill many before hv waits for the next one. Those that still run count towards the guest's limit of tasks. */
  #finishEnded(): void {
    for (const program of this.#next) if (program.hasEnded) program.finish()
    this.#next = this.#next.filter(({hasEnded}) => !hasEnded)
  }

  /** The next one is there: the last one's end is nobody's any more. */
  get hasNext(): boolean {
    return this.#next.length > 0
  }

  takeNext(): StartedProgram | undefined {
    return this.#next.shift()
  }
}
