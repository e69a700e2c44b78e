// Runs a program of the list natively and under hv, each in the same fresh directory of the host's tree.

import {chmodSync, existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {stepMs} from '../../ci/budgets.mjs'
import {cache} from '../../ci/paths.mjs'
import {natively, type Outcome, type Platform, underHv} from '../guests/run.ts'
import type {Program} from './program.ts'

/** In the host's tree, but not in /tmp, where a guest has its own. */
const directory = `${cache}/programs/${process.pid}`
const DEFAULT_ENV = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  HOME: directory,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC0',
  TERM: 'dumb',
}
const DEFAULT_TIMEOUT_MS = stepMs('program')

/** How it ended, in the form that is compared. */
export interface Ended {
  status: number
  stdout: string
  stderr: string
}

export function missing({command, needs = []}: Program): string[] {
  const files = [command[0]!, ...needs].filter((path) => path.startsWith('/'))
  return files.filter((path) => !existsSync(path))
}

export function runNatively(program: Program): Ended {
  makeDirectory(program)
  const [file, ...args] = program.command
  const env = {...DEFAULT_ENV, ...program.env}
  return comparable(program, natively(file!, args, {cwd: directory, env, ...settingsOf(program)}))
}

export function runUnderHv(program: Program, platform: Platform): Ended {
  makeDirectory(program)
  const [file, ...args] = program.command
  const env = {...DEFAULT_ENV, ...program.env}
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const flags = [
    '--platform',
    platform,
    '--root',
    '/',
    '--cwd',
    directory,
    ...variables,
    ...(program.flags ?? []),
  ]
  return comparable(program, underHv(flags, file!, args, settingsOf(program)))
}

export function cleanUp(): void {
  rmSync(directory, {recursive: true, force: true})
}

/** What one run may take. */
export function timeoutMsOf({timeoutS}: Program): number {
  return timeoutS === undefined ? DEFAULT_TIMEOUT_MS : timeoutS * 1000
}

function settingsOf(program: Program) {
  const timeoutMs = timeoutMsOf(program)
  return program.stdin === undefined ? {timeoutMs} : {stdin: Buffer.from(program.stdin), timeoutMs}
}

function makeDirectory({files = {}}: Program): void {
  rmSync(directory, {recursive: true, force: true})
  mkdirSync(directory, {recursive: true})
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), {recursive: true})
    writeFileSync(path, text)
    if (text.startsWith('#!')) chmodSync(path, 0o755)
  }
}

function comparable({extract = (output) => output}: Program, outcome: Outcome): Ended {
  return {
    status: outcome.status,
    stdout: extract(outcome.stdout.toString('latin1')),
    // bash tells which process was killed.
    stderr: outcome.stderr.replace(/^(\S+: line \d+:) +\d+ /gm, '$1 PID '),
  }
}
