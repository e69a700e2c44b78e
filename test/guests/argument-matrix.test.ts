// Every call of the table, each argument in turn replaced by hard cases: hv answers as Linux does, or differs for a reason.

import {existsSync} from 'node:fs'
import {constants} from 'node:os'
import {describe, expect, test} from 'vitest'
import {arch, cache} from '../../ci/paths.mjs'
import {table} from '../../src/sentry/syscalls/table.ts'
import {baseCalls, leftOut} from './argument-matrix/base-calls.ts'
import {type Difference, differences} from './argument-matrix/differences.ts'
import {natively, type Outcome, platforms, underHv} from './run.ts'

const guest = `${cache}/guests/${arch}/argument-matrix`
const calls = baseCalls(arch as 'x86_64' | 'arm64')
const stdin = Buffer.from(calls.map(({line}) => `${line}\n`).join(''))
// A tmpfs, like the guest's /tmp.
const directory = existsSync('/dev/shm') ? '/dev/shm' : '/tmp'
const settings = {stdin, timeoutMs: 300_000}
const errnoNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** Run natively once, for both platforms. */
let oracle: ReadonlyMap<string, string> | undefined

describe.skipIf(!existsSync(guest))('arguments that are hard to get right', () => {
  test.for(platforms)('are answered as Linux does, on %s', {timeout: settings.timeoutMs}, (platform) => {
    oracle ??= answers(natively(guest, [directory], settings))
    const hv = answers(underHv(['--platform', platform], guest, [], settings))
    expect([...hv.keys()]).toEqual([...oracle.keys()])
    const wrong = [...oracle].filter(([key, answer]) => hv.get(key) !== answer && !isExplained(key))
    expect(wrong.map(([key, answer]) => `${key}: Linux ${answer}, hv ${hv.get(key)}`)).toEqual([])
  })
})

test('what is left out or explained is there', () => {
  const labels = new Set(calls.map(({label}) => label))
  const names = new Set(table.map(({name}) => name))
  expect(Object.keys(leftOut).filter((name) => !names.has(name))).toEqual([])
  const isElsewhere = ({label}: Difference) => !labels.has(label)
  expect(differences.filter(isElsewhere)).toEqual([])
})

function answers({status, stdout, stderr}: Outcome): ReadonlyMap<string, string> {
  expect({status, stderr}).toEqual({status: 0, stderr: ''})
  return new Map(stdout.toString().trim().split('\n').map(answerOf))
}

function answerOf(line: string): [key: string, answer: string] {
  const [label, argument, value, result] = line.split(' ')
  const number = -Number(result)
  return [`${label} ${argument} ${value}`, errnoNames.get(number) ?? result]
}

function isExplained(key: string): boolean {
  const [label, argument, value] = key.split(' ')
  return differences.some((difference) => {
    if (difference.label !== label) return false
    if (difference.argument !== undefined && difference.argument !== Number(argument)) return false
    return difference.values?.includes(value) ?? true
  })
}
