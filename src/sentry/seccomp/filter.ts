// SeccompFilter: a chain of programs that decide which calls a task may make: struct seccomp_filter of Linux's kernel/seccomp.c.

import {BPF_LD_ABS} from '../../abi/bpf.ts'
import {ENOMEM, Errno} from '../../abi/errno.ts'
import {
  SECCOMP_MODE_DISABLED,
  SECCOMP_MODE_FILTER,
  SECCOMP_MODE_STRICT,
  SECCOMP_RET_ACTION_FULL,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_LOG,
} from '../../abi/seccomp.ts'
import {type Budget, COST} from '../../vfs/budget.ts'
import {type BpfProgram, codeOf} from './check-program.ts'
import {runProgram} from './run-program.ts'

/** MAX_INSNS_PER_PATH, and what each further program counts besides its own. */
const MAX_INSTRUCTIONS = 32_768
const PROGRAM_INSTRUCTIONS = 4

/** Call numbers for which a filter remembers whether the arguments matter. */
const REMEMBERED = 512
const UNKNOWN = 0
const ALLOWED = 1
const DEPENDS = 2

/** Words of struct seccomp_data: the number and the architecture, then the address, then the arguments. */
const ADDRESS_WORD = 2
const ARGUMENT_WORD = 4

/** What a task has: nothing, SECCOMP_MODE_STRICT, or filters. */
export type Seccomp = 'strict' | SeccompFilter | undefined

/** One program, and those that were there before it. Never changes: tasks share it. */
export class SeccompFilter {
  /** How many programs there are. */
  readonly count: number
  /** A program looks at the address of the call. */
  readonly readsAddress: boolean
  readonly #program: BpfProgram
  readonly #older: SeccompFilter | undefined
  readonly #instructions: number
  readonly #budget: Budget
  readonly #remembered = new Uint8Array(REMEMBERED)
  #references = 1

  /**
   * Takes a reference to `older` with it.
   * @param program isValidFilter
   * @throws Errno ENOMEM: too many instructions, or beyond the budget
   */
  constructor(program: BpfProgram, older: SeccompFilter | undefined, budget: Budget) {
    const before = older === undefined ? 0 : older.#instructions + PROGRAM_INSTRUCTIONS
    this.#instructions = before + program.length / 2
    if (this.#instructions > MAX_INSTRUCTIONS) throw new Errno(ENOMEM)
    budget.take(costOf(program))
    this.#program = program
    this.#older = older?.share()
    this.#budget = budget
    this.count = 1 + (older?.count ?? 0)
    this.readsAddress = older?.readsAddress === true || readsAddress(program)
  }

  share(): this {
    this.#references++
    return this
  }

  release(): void {
    let filter: SeccompFilter | undefined = this
    while (filter !== undefined && --filter.#references === 0) {
      filter.#budget.give(costOf(filter.#program))
      filter = filter.#older
    }
  }

  /** It has all programs of `other`, or more. */
  descendsFrom(other: SeccompFilter): boolean {
    let filter: SeccompFilter | undefined = this
    while (filter !== undefined && filter !== other) filter = filter.#older
    return filter === other
  }

  /** Whether every program allows the call whatever its arguments. @param data only its first two words are read */
  allowsAlways(callNumber: number, data: Int32Array): boolean {
    if (callNumber < 0 || callNumber >= REMEMBERED) return false
    const remembered = this.#remembered[callNumber]
    if (remembered !== UNKNOWN) return remembered === ALLOWED
    const result = this.#run(data, ADDRESS_WORD)
    const isAllowed = result !== undefined && isAllowing(result)
    this.#remembered[callNumber] = isAllowed ? ALLOWED : DEPENDS
    return isAllowed
  }

  /** What the strictest program says of a call: SECCOMP_RET_*, with its data; of equally strict ones the newest. */
  decide(data: Int32Array): number {
    return this.#run(data, data.length)!
  }

  /** @returns undefined: a program needs more than the known words */
  #run(data: Int32Array, known: number): number | undefined {
    let strictest = SECCOMP_RET_ALLOW
    let filter: SeccompFilter | undefined = this
    while (filter !== undefined) {
      const result = runProgram(filter.#program, data, known)
      if (result === undefined) return undefined
      if (actionOf(result) < actionOf(strictest)) strictest = result
      filter = filter.#older
    }
    return strictest
  }
}

/** SECCOMP_MODE_*. */
export function seccompMode(seccomp: Seccomp): number {
  if (seccomp === undefined) return SECCOMP_MODE_DISABLED
  return seccomp === 'strict' ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER
}

/** For another task. */
export function shareSeccomp(seccomp: Seccomp): Seccomp {
  return seccomp instanceof SeccompFilter ? seccomp.share() : seccomp
}

export function releaseSeccomp(seccomp: Seccomp): void {
  if (seccomp instanceof SeccompFilter) seccomp.release()
}

/** Signed: the smaller, the stricter. */
export function actionOf(result: number): number {
  return result & SECCOMP_RET_ACTION_FULL
}

export function isAllowing(result: number): boolean {
  const action = actionOf(result)
  return action === SECCOMP_RET_ALLOW || action === SECCOMP_RET_LOG
}

function costOf(program: BpfProgram): number {
  return COST.seccompFilter + program.byteLength
}

function readsAddress(program: BpfProgram): boolean {
  for (let at = 0; at < program.length; at += 2) {
    if (codeOf(program[at]) !== BPF_LD_ABS) continue
    const word = program[at + 1] / 4
    if (word >= ADDRESS_WORD && word < ARGUMENT_WORD) return true
  }
  return false
}
