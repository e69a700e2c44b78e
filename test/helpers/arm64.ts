// C programs for arm64: built with the cross compiler and run in qemu-user, or natively on arm64.

import {execFileSync} from 'node:child_process'
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'

const isHere = process.arch === 'arm64'
export const ARM64_CC = isHere ? 'cc' : 'aarch64-linux-gnu-gcc'
/** A processor without SVE, which would add records to signal frames. */
const RUNNER = isHere ? [] : ['qemu-aarch64', '-cpu', 'cortex-a72']

export const canBuildArm64 = isCommand(ARM64_CC)
export const canRunArm64 = canBuildArm64 && (isHere || isCommand(RUNNER[0]))

/** @returns the program's output */
export function runArm64(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hv-arm64-'))
  try {
    const [code, program] = [join(folder, 'program.c'), join(folder, 'program')]
    writeFileSync(code, source)
    execFileSync(ARM64_CC, ['-O1', '-static', '-o', program, code])
    const [command, ...args] = [...RUNNER, program]
    return execFileSync(command, args, {encoding: 'latin1'})
  } finally {
    rmSync(folder, {recursive: true})
  }
}

/** Values by name, from a program that prints lines of a name and a decimal number. */
export function numbersOfArm64(source: string): (name: string) => number {
  const lines = runArm64(source).trim().split('\n')
  const numbers = new Map(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]))
  return (name) => {
    const number = numbers.get(name)
    if (number === undefined) throw new Error(`the program does not print ${name}`)
    return number
  }
}

function isCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
}
