// The cases of the real programs: what runs in which tree, and how the results are compared (guests/README.md).

import {createHash} from 'node:crypto'
import {mkdirSync, readFileSync, rmSync} from 'node:fs'
import {root} from '../../ci/paths.mjs'
import {contentOf, type FixtureEntry, makeFixture} from './fixture.ts'

export interface Case {
  name: string
  /** Argument lists: one process for each, one after the other in the same directory. */
  steps: string[][]
  stdin?: string
  stdinFixture?: string
  mounts?: string[]
  sort?: boolean
  statusOnly?: boolean
}

/** How one step ended, in the shell's terms. */
export interface Ended {
  status: number
  stdout: Buffer
  stderr: string
}

export const env = {PATH: '/usr/bin:/bin', HOME: '/', TZ: 'UTC0'}

const {fixture, cases}: {fixture: FixtureEntry[]; cases: Case[]} = JSON.parse(
  readFileSync(`${root}/guests/real/busybox-cases.json`, 'utf8'),
)
export const busyboxCases: readonly Case[] = cases

/** Lua and SQLite each run a script of their own. */
export const scriptCases = [
  {program: 'lua', name: 'lua runs its script', steps: [['script.lua']]},
  {program: 'sqlite', name: 'sqlite makes a database', steps: [['test.db', 'script.sql']]},
]
const scripts = ['script.lua', 'script.sql']

/** Does it work on the 100 MB file? */
export function isLarge({steps, stdinFixture}: Case): boolean {
  return [...steps.flat(), stdinFixture ?? ''].some((word) => word.split(/[ =]/).includes('big'))
}

/** The entries that a case names: only these are made. */
function neededBy(each: Case): FixtureEntry[] {
  const {steps, stdinFixture} = each
  const words = [...steps.flat(), stdinFixture ?? ''].join(' ')
  const text = (path: string) => readFileSync(`${root}/guests/real/${path}`, 'utf8')
  return [
    ...fixture.filter(({path}) => path !== 'big' || isLarge(each)),
    ...scripts.filter((path) => words.includes(path)).map((path) => ({path, text: text(path)})),
  ]
}

/** Makes the case's directory anew, and lets `run` do its steps there. @returns for each step what native and guest must share */
export async function runSteps(
  each: Case,
  directory: string,
  run: (args: string[], stdin: Uint8Array) => Ended | Promise<Ended>,
): Promise<string[]> {
  rmSync(directory, {recursive: true, force: true})
  mkdirSync(directory)
  makeFixture(directory, neededBy(each))
  const stdin = stdinOf(each)
  const lines = []
  for (const args of each.steps) lines.push(describeEnd(each, await run(args, stdin)))
  rmSync(directory, {recursive: true})
  return lines
}

function stdinOf({stdin, stdinFixture}: Case): Uint8Array {
  if (stdinFixture !== undefined) return contentOf(fixture.find(({path}) => path === stdinFixture)!)
  return Buffer.from(stdin ?? '')
}

function describeEnd({sort, statusOnly}: Case, {status, stdout, stderr}: Ended): string {
  const noise = status > 128 ? ` ${stderr}` : ''
  if (statusOnly) return `status ${status}${noise}`
  let text = stdout.toString('latin1')
  if (sort) text = text.split('\n').sort().join('\n')
  const shown =
    text.length < 4096 ? text : `${text.slice(0, 512)}… ${createHash('sha256').update(text).digest('hex')}`
  return `status ${status}${noise}\n${shown}`
}
