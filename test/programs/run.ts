// Runs a program of the list natively and under hv, each in the same fresh directory of one tree.

import {chmodSync, existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {stepMs} from '../../ci/budgets.mjs'
import {cache} from '../../ci/paths.mjs'
import {natively, type Outcome, type Platform, underHv} from '../guests/run.ts'
import type {Program} from './program.ts'

export interface Place {
  /** The tree, as a path on the host. */
  root: string
  /** A path in the tree, but not in /tmp, as a guest has its own. */
  directory: string
  /** The limit of each run there, whatever the program says. */
  timeoutMs?: number
}

const HERE: Place = {root: '/', directory: `${cache}/programs/${process.pid}`}
const DEFAULT_ENV = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC0',
  TERM: 'dumb',
}
const DEFAULT_TIMEOUT_MS = stepMs('program')

/** How the program ended, in the form that is compared. */
export interface Ended {
  status: number
  stdout: string
  stderr: string
}

export function missing({command, needs = []}: Program, {root} = HERE): string[] {
  const files = [command[0]!, ...needs].filter((path) => path.startsWith('/'))
  return files.filter((path) => !existsSync(join(root, path)))
}

export function runNatively(program: Program, place = HERE): Ended {
  makeDirectory(program, place)
  const {root, directory} = place
  // chroot(8) changes to the top of the tree.
  const enter = root === '/' ? [] : ['/usr/bin/busybox', 'chroot', root, '/usr/bin/env', '-C', directory]
  const [file, ...args] = [...enter, ...program.command]
  const settings = {...settingsOf(program, place), cwd: join(root, directory), env: envOf(program, place)}
  return comparable(program, natively(file!, args, settings))
}

export function runUnderHv(program: Program, platform: Platform, place = HERE): Ended {
  makeDirectory(program, place)
  const {root, directory} = place
  const [file, ...args] = program.command
  const variables = Object.entries(envOf(program, place)).flatMap(([name, value]) => [
    '--env',
    `${name}=${value}`,
  ])
  const own = program.flags ?? []
  const flags = ['--platform', platform, '--root', root, '--cwd', directory, ...variables, ...own]
  return comparable(program, underHv(flags, file!, args, settingsOf(program, place)))
}

export function cleanUp({root, directory} = HERE): void {
  rmSync(join(root, directory), {recursive: true, force: true})
}

function envOf({env}: Program, {directory}: Place): Record<string, string> {
  return {...DEFAULT_ENV, HOME: directory, ...env}
}

/** The limit of one run. */
export function timeoutMsOf({timeoutS}: Program): number {
  return timeoutS === undefined ? DEFAULT_TIMEOUT_MS : timeoutS * 1000
}

function settingsOf(program: Program, {timeoutMs = timeoutMsOf(program)}: Place) {
  return program.stdin === undefined ? {timeoutMs} : {stdin: Buffer.from(program.stdin), timeoutMs}
}

function makeDirectory({files = {}}: Program, place: Place): void {
  const directory = join(place.root, place.directory)
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
    // bash prints the number of a killed process.
    stderr: outcome.stderr.replace(/^(\S+: line \d+:) +\d+ /gm, '$1 PID '),
  }
}
