// `hv run` from options to exit status: runs the guest, prints what was asked for.

import {readdirSync, writeSync} from 'node:fs'
import {getPriority, setPriority} from 'node:os'
import {attempt, printable} from '../errors.ts'
import type {JailLayer} from '../jail/layer.ts'
import {launchProgram} from '../launch/launch-program.ts'
import type {FasterPlatform, RunOptions, RunResult} from '../launch/options.ts'
import type {BrokenPledge} from '../sentry/pledge/broken-pledge.ts'
import {closingLines} from './closing-lines.ts'
import {ProgressBar} from './progress-bar.ts'

const STDOUT = 1
const STDERR = 2
const STATUS_TIMED_OUT = 124
const NO_JAIL = 'hv: --no-jail: a guest that breaks into hv has your rights\n'
const STATUS_SIGNAL_BASE = 128
/** Priorities of V8's helpers. */
const LOWER = 10
const LOWEST = 19

/** @returns the exit status: the guest's, 128 + the signal that killed it, or 124 after either time-out */
export async function run(options: RunOptions): Promise<number> {
  letHelpersYield()
  if (options.jail === 'none') writeSync(STDERR, NO_JAIL)
  const timedOut = {status: STATUS_TIMED_OUT, line: describeTimeOut(options)}
  const bar = new ProgressBar(() => isTerminal(STDERR))
  const watching = {onMuch: keepNurserySmall, onUnpack: bar.show, onRead: bar.clear}
  const result = await launchProgram({...options, ...watching, ifStuck: timedOut})
  if (options.stats === 'json') printStatsAsJson(result)
  else if (options.stats) printStats(result)
  if (result.promises !== undefined) writeSync(STDOUT, `${result.promises}\n`)
  if (result.timedOut) {
    writeSync(STDERR, result.timedOutBy === 'cpu-time' ? describeCpuTimeOut(options) : timedOut.line)
    return timedOut.status
  }
  if (result.outOfMemory) writeSync(STDERR, `hv: ${describeFull(options, result)}\n`)
  if (result.broken) writeSync(STDERR, `hv: ${describeBroken(options, result.broken)}\n`)
  if (result.exitCode === 0) return 0
  for (const line of closingLines(options, result, isTerminal(STDERR))) writeSync(STDERR, `hv: ${line}\n`)
  if (result.signal !== null) return STATUS_SIGNAL_BASE + result.signal
  return result.exitCode ?? 0
}

/**
 * V8's nursery grows to three times 16 MB while a guest makes the sentry hold more and more, and lets as much garbage grow old: bombs
 * made hv a quarter larger. V8's module takes some milliseconds to load, and few programs need it.
 */
function keepNurserySmall(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
}

/**
 * V8's helpers compile code that runs often. Beside a polling sentry they would take the processor of the program that it polls,
 * for milliseconds, and likewise at each call that is answered on another processor: so they get a tenth.
 */
function letHelpersYield(): void {
  const priority = Math.min(getPriority() + LOWER, LOWEST)
  // There may be no /proc, or a thread may have ended.
  attempt(() => {
    for (const thread of readdirSync('/proc/self/task')) {
      if (Number(thread) !== process.pid) setPriority(Number(thread), priority)
    }
  })
}

/** Node's module for it takes two milliseconds to load, which not every start should pay. */
function isTerminal(fd: number): boolean {
  return process.getBuiltinModule('node:tty').isatty(fd)
}

function describeTimeOut({program, timeoutMs = 0}: RunOptions): string {
  return `hv: ${printable(program)} was stopped after ${timeoutMs / 1000} s: raise --timeout\n`
}

function describeCpuTimeOut({program, cpuTimeoutMs = 0}: RunOptions): string {
  return `hv: ${printable(program)} was stopped after ${cpuTimeoutMs / 1000} s of CPU time: raise --cpu-timeout\n`
}

function describeFull({program}: RunOptions, {outgrown}: RunResult): string {
  const what = `${printable(program)} was killed`
  if (outgrown === undefined) return `${what}: its memory is full: raise --memory`
  return `${what}: what it made hv keep for it grew too large (${outgrown})`
}

function describeBroken({program, pledge}: RunOptions, {call, promises, byItself}: BrokenPledge): string {
  const what = `${printable(program)} was killed: ${call} needs promise ${promises.join(' or ')}`
  if (byItself || pledge === undefined)
    return `${what}, which it gave up itself: let it pledge later, or more`
  return `${what}: add it to --pledge`
}

/** One line: `platform`, the `jail`, what is `faster`, counters and times by name (`Ns`: nanoseconds), and refused calls by name. */
function printStatsAsJson({stats, platform, jail, faster, refused = {}}: RunResult): void {
  writeSync(STDERR, `${JSON.stringify({platform, jail, faster, ...stats, refused})}\n`)
}

function printStats({stats, platform, jail = [], faster, refused = {}}: RunResult): void {
  if (platform) printRow('platform', `${platform.name} (${platform.reason})`)
  for (const status of ['on', 'refused', 'absent'] as const) {
    const layers = jail.filter((layer) => layer.status === status)
    if (layers.length > 0) printRow(`jail ${status}`, layers.map(describeLayer).join(' '))
  }
  for (const [name, value] of Object.entries(stats)) {
    const isTime = name.endsWith('Ns')
    printRow(isTime ? name.slice(0, -2) : name, isTime ? `${(value / 1e6).toFixed(3)} ms` : String(value))
  }
  for (const [name, ns] of Object.entries(platform?.costs ?? {}))
    printRow(`cost ${name.slice(0, -2)}`, `${(ns / 1e3).toFixed(3)} µs`)
  if (faster) printRow('faster', describeFaster(faster))
  for (const [name, count] of Object.entries(refused)) printRow(`refused ${name}`, String(count))
}

function describeLayer({name, errno}: JailLayer): string {
  return errno === undefined ? name : `${name} (${errno})`
}

function printRow(name: string, value: string): void {
  writeSync(STDERR, `${name.padEnd(24)} ${value}\n`)
}

function describeFaster({name, times, givenUp}: FasterPlatform): string {
  const instead = givenUp === undefined ? '' : ` What it gives up: ${givenUp}.`
  return `--platform ${name}: the same traps would be ${times.toFixed(1)} times faster.${instead}`
}
