// CallTable: what each call does, by number. Processes share one, until a restriction (pledges, a recorder) gives a process its own.

import {arch} from '../../arch/index.ts'
import type {Row, Syscall} from './syscall.ts'

/** By number. Undefined: ENOSYS. */
export type Handlers = readonly (Syscall | undefined)[]

/** What does not change with a restriction. */
interface Calls {
  readonly rows: readonly (Row | undefined)[]
  readonly unrestricted: Handlers
  /** Made when first asked for: a start need not wait for them. */
  numbers?: ReadonlyMap<string, number>
  descriptors?: readonly (readonly number[])[]
}

export class CallTable {
  readonly handlers: Handlers
  readonly #calls: Calls

  private constructor(handlers: Handlers, calls: Calls) {
    this.handlers = handlers
    this.#calls = calls
  }

  /** What every process of a kernel starts with. */
  static of(table: readonly Row[]): CallTable {
    const rows = byNumber(table)
    const unrestricted = rows.map((row) => row?.run)
    return new CallTable(unrestricted, {rows, unrestricted})
  }

  row(number: number): Row | undefined {
    return this.#calls.rows[number]
  }

  /** undefined: this architecture does not have the call. */
  numberOf(name: string): number | undefined {
    const calls = this.#calls
    calls.numbers ??= new Map(
      calls.rows.flatMap((row, number) => (row === undefined ? [] : [[row.name, number]])),
    )
    return calls.numbers.get(name)
  }

  /** Which of a call's arguments are descriptors that it works on. Those of directories only begin a path. */
  descriptorArguments(number: number): readonly number[] {
    const calls = this.#calls
    calls.descriptors ??= calls.rows.map((row) => placesOf('fd', row?.args ?? ''))
    return calls.descriptors[number] ?? []
  }

  /** No restriction has changed what the call does. */
  isUnrestricted(number: number): boolean {
    return this.handlers[number] === this.#calls.unrestricted[number]
  }

  /**
   * Another table, made call by call, so that what a restriction allows costs nothing more.
   * @param change gets what this table does for a row, and returns what to do instead
   */
  change(change: (row: Row, run: Syscall) => Syscall): CallTable {
    return this.replace((run, row) => (run === undefined || row === undefined ? run : change(row, run)))
  }

  /** Also what numbers do that no call has. */
  replace(change: (run: Syscall | undefined, row: Row | undefined) => Syscall | undefined): CallTable {
    return new CallTable(
      this.handlers.map((run, number) => change(run, this.row(number))),
      this.#calls,
    )
  }
}

function placesOf(kind: string, kinds: string): number[] {
  return kinds.split(' ').flatMap((word, index) => (word === kind ? [index] : []))
}

/** Filled, not grown: V8 would turn an array with a far index into a hash map. */
function byNumber(table: readonly Row[]): (Row | undefined)[] {
  const numbered = table.filter((row) => row[arch.name] !== undefined)
  const found: (Row | undefined)[] = new Array(1 + Math.max(...numbered.map((row) => row[arch.name]!)))
  found.fill(undefined)
  for (const row of numbered) found[row[arch.name]!] = row
  return found
}
