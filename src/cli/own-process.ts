// What the command does with its own process, and a library must not: V8's memory and threads.

import {readdirSync} from 'node:fs'
import {getPriority, setPriority} from 'node:os'

const LOWER = 10
const LOWEST = 19

/**
 * V8's nursery grows to three times 16 MB while a guest makes the sentry hold ever more, and lets as much garbage grow old: bombs
 * made hv a fourth larger. V8's module takes some milliseconds, which few programs need.
 */
export function keepNurserySmall(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
}

/**
 * V8's helpers compile what runs often. Beside a sentry that listens they would take the processor of the program that it listens to, for
 * milliseconds, and so would they for each call that is answered on another processor: they get a tenth.
 */
export function letHelpersYield(): void {
  const priority = Math.min(getPriority() + LOWER, LOWEST)
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      if (Number(thread) !== process.pid) setPriority(Number(thread), priority)
    }
  } catch {
    // No /proc, or a thread that has ended.
  }
}
