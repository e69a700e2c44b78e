// Runs programs natively, under hv and under runsc, in turn, and sums up their numbers.

import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {hv} from '../paths.mjs'

const TIMEOUT_MS = 120_000

/** @returns {number[]} the CPUs that this process may use */
export function allowedCpus() {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({length: last - first + 1}, (_, i) => first + i)
  })
}

/** The command, pinned to one CPU, the same for all commands. */
export const pinned = (argv) => ['taskset', '-c', `${allowedCpus()[0]}`, ...argv]
export const underHv = (argv, flags = []) => [process.execPath, hv, 'run', ...flags, ...argv]

/**
 * @param {'systrap' | 'ptrace'} platform
 * @param {'none' | 'host'} network `none`: gVisor's own stack. By `host` without `--rootless` it would set up a bridge.
 */
export function underRunsc(platform, argv, network = 'none') {
  const rootless = process.getuid() === 0 && network === 'none' ? [] : ['--rootless']
  return ['runsc', `--platform=${platform}`, `--network=${network}`, ...rootless, 'do', ...argv]
}

/**
 * @returns {{words: string[], stderr: string}} `words`: what the program printed
 * @throws Error when it failed
 */
export function run(argv, env = process.env) {
  const {status, signal, stdout, stderr, error} = spawnSync(argv[0], argv.slice(1), {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env,
  })
  if (error?.code === 'ENOENT') throw new Error(`there is no ${argv[0]} here`)
  if (status !== 0) {
    const why = error?.message ?? stderr.trim().split('\n').at(-1)
    throw new Error(`${argv.join(' ')}: ${signal ?? `status ${status}`}: ${why}`)
  }
  return {words: stdout.trim().split(/\s+/), stderr}
}

/** @returns {string | undefined} why the command cannot run on this host */
export function whyNot(argv) {
  try {
    run(argv)
  } catch (error) {
    return error.message
  }
}

/**
 * Runs the commands in turn, so that other load on the machine affects all of them.
 * @param {Record<string, string[]>} commands
 * @returns {Record<string, number[]>} each one's figure by round: the first word it printed
 * @throws Error when a program's result, the second word, differs from the first program's
 */
export function alternate(commands, rounds) {
  const values = Object.fromEntries(Object.keys(commands).map((name) => [name, []]))
  let expected
  for (let round = 0; round < rounds; round++) {
    for (const [name, argv] of Object.entries(commands)) {
      const [value, result] = run(argv).words
      expected ??= result
      if (result !== expected) throw new Error(`${argv.join(' ')}: ${result} in place of ${expected}`)
      values[name].push(Number(value))
    }
  }
  return values
}

/** The quietest round: for programs that run so long that every disturbance only adds time. */
export const best = (values) => Math.min(...values)

export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

/** @returns {Record<string, number>} the figures of `hv run --stats`; times in milliseconds */
export function parseStats(stderr) {
  return Object.fromEntries(
    [...stderr.matchAll(/^(\w+) +([\d.]+)/gm)].map(([, name, value]) => [name, +value]),
  )
}
