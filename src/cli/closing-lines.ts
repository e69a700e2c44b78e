// What `hv run` says after a program that did not end well: the signal, and what it asked for in vain.

import {printable} from '../errors.ts'
import {hasTree, RESET_STATUS, type RunOptions, type RunResult} from '../launch/options.ts'

/** Named as in shells. Faults are always reported, other signals only to a person at a terminal. */
export const FAULTS: Readonly<Record<number, string>> = {
  4: 'Illegal instruction',
  5: 'Trace/breakpoint trap',
  7: 'Bus error',
  8: 'Floating point exception',
  11: 'Segmentation fault',
  31: 'Bad system call',
}
const OTHERS: Readonly<Record<number, string>> = {
  1: 'Hangup',
  3: 'Quit',
  6: 'Aborted',
  9: 'Killed',
  14: 'Alarm clock',
  15: 'Terminated',
  24: 'CPU time limit exceeded',
  25: 'File size limit exceeded',
}

/** Connections and datagrams. */
const CALLS_OUT = ['connect', 'sendto', 'sendmsg', 'sendmmsg']

export function closingLines(
  options: RunOptions,
  {exitCode, signal, refused = {}, neededRules = [], outOfMemory, broken}: RunResult,
  isTerminal: boolean,
): string[] {
  if (exitCode === 0) return []
  const {program} = options
  const lines: string[] = []
  const isTold = outOfMemory === true || broken !== undefined
  if (signal !== null && !isTold) {
    const name = FAULTS[signal] ?? (isTerminal ? OTHERS[signal] : undefined)
    if (name !== undefined) lines.push(`${printable(program)}: ${name}`)
  }
  // A refusal that a program may depend on. For other refused calls most programs have a fallback.
  if (refused.io_uring_setup !== undefined)
    lines.push('it asked for io_uring (io_uring_setup), which hv does not have')
  if (refused.socket !== undefined) lines.push('the program asked for a network, and hv gives it none')
  else if (neededRules.length === 0 && CALLS_OUT.some((name) => refused[name] !== undefined))
    lines.push('the program asked for a network that it does not have: see --allow-net')
  if (neededRules.length > 0)
    lines.push(`the network was closed to it: --allow-net=${neededRules.join(',')} opens what it asked for`)
  if (refused.ptrace !== undefined)
    lines.push(
      'it asked for a part of ptrace that hv does not have: `hv trace` and `--gdb` work from outside',
    )
  if (exitCode === RESET_STATUS && isForNobody(options))
    lines.push(
      `${printable(options.args[0])} was a word for the kernel's first process: to run a program, give --with-libs, --root or --image`,
    )
  return lines
}

/** Words for a kernel that was given nothing in which to find a first process. */
function isForNobody(options: RunOptions): boolean {
  const {kernel, args, initrd, disks, shares} = options
  return kernel !== undefined && args.length > 0 && !hasTree(options) && !(initrd || disks || shares)
}
