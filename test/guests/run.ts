// Runs a guest natively and under hv, and tells in the shell's terms how each ended.

import {spawnSync} from 'node:child_process'
import {constants} from 'node:os'
import {stepMs} from '../../ci/budgets.mjs'
import {hv} from '../../ci/paths.mjs'

export interface Outcome {
  /** An exit status, or 128 + the signal's number. */
  status: number
  stdout: Buffer
  stderr: string
}

export interface RunSettings {
  cwd?: string
  env?: Record<string, string>
  stdin?: Uint8Array
  timeoutMs?: number
}

/** The platforms that every guest and real program runs on. */
export const platforms = ['kvm', 'ptrace'] as const
export type Platform = (typeof platforms)[number]

const TIMEOUT_MS = stepMs('command')
const MAX_OUTPUT = 256 << 20
const PATH = '/usr/bin:/bin'
/** The environment of a user with a home: hv keeps V8's bytecode there (../../src/kept-code.ts). */
const USER = {PATH, HOME: process.env.HOME ?? '/'}

export function natively(program: string, args: readonly string[], settings: RunSettings = {}): Outcome {
  return spawn(program, args, settings)
}

/** @param flags of `hv run` */
export function underHv(
  flags: readonly string[],
  program: string,
  args: readonly string[],
  settings: RunSettings = {},
): Outcome {
  return spawn(process.execPath, [hv, 'run', ...flags, program, ...args], {env: USER, ...settings})
}

function spawn(file: string, args: readonly string[], settings: RunSettings): Outcome {
  const {status, signal, stdout, stderr, error} = spawnSync(file, args, {
    cwd: settings.cwd,
    env: settings.env ?? {PATH},
    input: settings.stdin,
    stdio: [settings.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: settings.timeoutMs ?? TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT,
  })
  // EPIPE: a program ended before it had read all of its input.
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  return {status: status ?? 128 + constants.signals[signal!], stdout, stderr: stderr.toString('latin1')}
}
