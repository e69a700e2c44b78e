// What programs are told about calls whose results they read themselves, and when.

import {expect, test} from 'vitest'
import {arch} from '../../../../src/arch/index.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import {publishResults} from '../../../../src/sentry/task/cached-results.ts'
import {calls} from '../calls.ts'

const NAMES = ['getpid', 'getppid', 'gettid', 'getuid', 'geteuid', 'getgid', 'getegid']
const numberOf = (name: string): number => table.find((row) => row.name === name)![arch.name]!

function start() {
  const told: (number[] | undefined)[] = []
  const callPatches = {hasCached: true}
  const family = {parentPid: 3}
  const process = {pid: 7, family, space: {callPatches}, syscalls: calls, handlers: calls.handlers}
  const credentials = {ruid: 1, euid: 2, rgid: 4, egid: 5}
  const kernel = {tracer: undefined as object | undefined}
  const cacheResults = (results: Uint32Array) => {
    const byNumber = new Map<number, number>()
    for (let i = 0; i < results.length; i += 2) byNumber.set(results[i], results[i + 1])
    told.push(byNumber.size === 0 ? undefined : NAMES.map((name) => byNumber.get(numberOf(name))!))
  }
  const task = {tid: 8, kernel, process, credentials, context: {cacheResults}, published: undefined}
  const tell = () => publishResults(task as unknown as Task)
  return {told, callPatches, process, kernel, task, tell}
}

test('a task is told once, and again when something is another', () => {
  const {told, task, process, tell} = start()
  tell()
  tell()
  expect(told).toEqual([[7, 3, 8, 1, 2, 4, 5]])
  process.family.parentPid = 1
  tell()
  task.credentials = {...task.credentials, ruid: 9}
  tell()
  task.tid = 7
  tell()
  tell()
  expect(told.slice(1)).toEqual([
    [7, 1, 8, 1, 2, 4, 5],
    [7, 1, 8, 9, 2, 4, 5],
    [7, 1, 7, 9, 2, 4, 5],
  ])
})

test('while it is traced, or one of the calls is restricted, it makes its calls', () => {
  const {told, kernel, process, tell} = start()
  tell()
  kernel.tracer = {}
  tell()
  kernel.tracer = undefined
  tell()
  process.syscalls = calls.change(({name}, run) => (name === 'getuid' ? () => 0 : run))
  tell()
  expect(told.map((results) => results !== undefined)).toEqual([true, false, true, false])
})

test('where no such site is patched nothing is told', () => {
  const {told, callPatches, tell} = start()
  callPatches.hasCached = false
  tell()
  expect(told).toEqual([])
  callPatches.hasCached = true
  tell()
  expect(told).toHaveLength(1)
})
