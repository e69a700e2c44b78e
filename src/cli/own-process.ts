// What the command does to its own process, and a library must not do: V8's memory and threads.

import {readdirSync} from 'node:fs'
import {getPriority, setPriority} from 'node:os'

const LOWER = 10
const LOWEST = 19

/**
 * V8's nursery grows to three times 16 MB while a guest makes the sentry hold more and more, and lets as much garbage grow old: bombs
 * made hv a quarter larger. V8's module takes some milliseconds to load, and few programs need it.
 */
export function keepNurserySmall(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
}

/**
 * V8's helpers compile code that runs often. Beside a polling sentry they would take the processor of the program that it polls,
 * for milliseconds, and likewise at each call that is answered on another processor: so they get a tenth.
 */
export function letHelpersYield(): void {
  const priority = Math.min(getPriority() + LOWER, LOWEST)
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      if (Number(thread) !== process.pid) setPriority(Number(thread), priority)
    }
  } catch {
    // There is no /proc, or a thread has ended.
  }
}
