// The error that a system call fails with, and the errors' numbers and names.

import * as numbers from './errno-numbers.ts'

export * from './errno-numbers.ts'

const entries = Object.entries(numbers)
const names = new Map(entries.map(([name, code]) => [code, name]))
const codes = new Map(entries)

/** Name of an error number, for traces: `ENOENT`. */
export function errnoName(code: number): string {
  return names.get(code) ?? `E${code}`
}

/**
 * The guest made a bad request: thrown anywhere below dispatch, caught once, there, and answered as `-code`.
 * It carries no stack: it is an answer, not a bug, and guests may cause millions of them.
 */
export class Errno {
  readonly code: number
  constructor(code: number) {
    this.code = code
  }
  toString(): string {
    return errnoName(this.code)
  }
}

/** @returns undefined when there is no such name */
export function errnoByName(name: string): number | undefined {
  return codes.get(name)
}
