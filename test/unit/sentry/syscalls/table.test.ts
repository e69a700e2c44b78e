// The table of system calls: numbers as the kernel's headers have them, and rows that agree with themselves.

import {existsSync, readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import type {Row} from '../../../../src/sentry/core/syscall.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'

/** linux-libc-dev's headers; arm64 uses asm-generic's numbers. */
const X86_64_HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
const GENERIC_HEADER = '/usr/include/asm-generic/unistd.h'
/** Linux's arm64 asks for these of asm-generic's optional calls (arch/arm64/include/uapi/asm/unistd.h). */
const FSTATAT = 79

function numbersIn(header: string): Map<string, number> {
  const lines = readFileSync(header, 'latin1').matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)
  return new Map([...lines].map(([, name, number]) => [name, Number(number)]))
}

/** Rows whose number differs from the header's, without calls that an old header does not know yet. */
function wrong(numbers: Map<string, number>, numberOf: (row: Row) => number | undefined): string[] {
  const newest = Math.max(...numbers.values())
  return table
    .filter((row) => numberOf(row) !== undefined && numberOf(row)! <= newest)
    .filter((row) => numbers.get(row.name) !== numberOf(row))
    .map((row) => `${row.name}: ${numberOf(row)}, not ${numbers.get(row.name)}`)
}

describe('the system call table', () => {
  it.skipIf(!existsSync(X86_64_HEADER))('has x86_64’s numbers', () => {
    expect(wrong(numbersIn(X86_64_HEADER), (row) => row.x86_64)).toEqual([])
  })

  it.skipIf(!existsSync(GENERIC_HEADER))('has arm64’s numbers', () => {
    const numbers = numbersIn(GENERIC_HEADER).set('newfstatat', FSTATAT)
    expect(wrong(numbers, (row) => row.arm64)).toEqual([])
  })

  it('has each name and each number once', () => {
    const twice = (values: unknown[]) => values.filter((value, index) => values.indexOf(value) !== index)
    expect(twice(table.map(({name}) => name))).toEqual([])
    expect(twice(table.flatMap((row) => row.x86_64 ?? []))).toEqual([])
    expect(twice(table.flatMap((row) => row.arm64 ?? []))).toEqual([])
  })

  it('has at most six arguments', () => {
    const words = table.map((row) => ({name: row.name, words: row.args.split(' ').filter(Boolean)}))
    expect(words.filter((row) => row.words.length > 6)).toEqual([])
  })
})
