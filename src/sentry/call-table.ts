// Call tables: what each call does, by number. Processes share one, until a restriction (pledges, a recorder) gives a process its own.

import {arch} from '../arch/index.ts'
import type {Row, Syscall} from './syscalls/syscall.ts'
import {table} from './syscalls/table.ts'

/** Undefined: ENOSYS. A restriction is a function from one table to another, so that what it allows costs nothing more. */
export type CallTable = readonly (Syscall | undefined)[]

let descriptors: readonly (readonly number[])[] | undefined
let rows: readonly (Row | undefined)[] | undefined
let shared: CallTable | undefined

export function rowOf(number: number): Row | undefined {
  return allRows()[number]
}

/** Which of a call's arguments are descriptors that it works on. Those of directories only begin a path. */
export function descriptorArguments(number: number): readonly number[] {
  descriptors ??= allRows().map((row) => placesOf('fd', row?.args ?? ''))
  return descriptors[number] ?? []
}

function placesOf(kind: string, kinds: string): number[] {
  return kinds.split(' ').flatMap((word, index) => (word === kind ? [index] : []))
}

/** What every process starts with. */
export function initialCallTable(): CallTable {
  shared ??= allRows().map((row) => row?.run)
  return shared
}

/** Makes another table, call by call. `change` gets what `beneath` does for a row, and returns what to do instead. */
export function changeCalls(beneath: CallTable, change: (row: Row, run: Syscall) => Syscall): CallTable {
  return beneath.map((run, number) => {
    const row = rowOf(number)
    return run === undefined || row === undefined ? run : change(row, run)
  })
}

/** By number. Made when first asked for: handlers import this file, and the table imports them. */
function allRows(): readonly (Row | undefined)[] {
  rows ??= byNumber()
  return rows
}

/** Filled, not grown: V8 would turn an array with a far index into a hash map. */
function byNumber(): (Row | undefined)[] {
  const numbered = table.filter((row) => row[arch.name] !== undefined)
  const found: (Row | undefined)[] = new Array(1 + Math.max(...numbered.map((row) => row[arch.name]!)))
  found.fill(undefined)
  for (const row of numbered) found[row[arch.name]!] = row
  return found
}
