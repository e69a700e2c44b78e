// CpuWaits: a /proc of this test's, and the host's.

import {spawn} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {CpuWaits} from '../../../../src/sandbox/owner/cpu-waits.ts'

const proc = mkdtempSync(join(tmpdir(), 'hv-waits-'))
afterAll(() => rmSync(proc, {recursive: true}))

let nowMs = 0
const waitsOf = (root: number): CpuWaits => new CpuWaits(root, proc, () => (nowMs += 100))

function putThread(process: number, thread: number, waitedMs: number, children = ''): void {
  const folder = join(proc, `${process}/task/${thread}`)
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'schedstat'), `5 ${waitedMs * 1e6} 3\n`)
  writeFileSync(join(folder, 'children'), children)
}

test('what waited before the first call does not count', () => {
  putThread(1, 1, 1000)
  const waits = waitsOf(1)
  expect(waits.totalMs()).toBe(0)
  expect(waits.totalMs()).toBe(0)
})

test('the longest wait of any descendant, and of any thread, counts', () => {
  putThread(1, 1, 0, '2 ')
  putThread(2, 2, 0, '3 ')
  putThread(3, 3, 0)
  putThread(3, 4, 0)
  const waits = waitsOf(1)
  waits.totalMs()
  putThread(2, 2, 30, '3 ')
  putThread(3, 4, 70)
  expect(waits.totalMs()).toBe(70)
  putThread(1, 1, 20, '2 ')
  expect(waits.totalMs()).toBe(90)
})

test('a process that has ended takes nothing away', () => {
  putThread(1, 1, 0, '2 ')
  putThread(2, 2, 50)
  const waits = waitsOf(1)
  waits.totalMs()
  rmSync(join(proc, '2'), {recursive: true})
  putThread(1, 1, 10, '2 ')
  expect(waits.totalMs()).toBe(10)
})

test('without /proc, without its numbers and without a process there are no waits', () => {
  mkdirSync(join(proc, '9/task/9'), {recursive: true})
  for (const waits of [waitsOf(9), waitsOf(77), new CpuWaits(undefined)]) {
    waits.totalMs()
    expect(waits.totalMs()).toBe(0)
  }
})

test('several who ask at once cost one look', () => {
  putThread(1, 1, 0)
  const waits = new CpuWaits(1, proc, () => 0)
  waits.totalMs()
  putThread(1, 1, 50)
  expect(waits.totalMs()).toBe(0)
})

test('on the host, a process that shares a processor has waited for it', async () => {
  const spinning = Array.from({length: 2 * availableParallelism()}, () =>
    spawn('sh', ['-c', 'while :; do :; done']),
  )
  try {
    const waits = new CpuWaits(spinning[0].pid)
    waits.totalMs()
    await expect.poll(() => waits.totalMs(), {timeout: 20_000}).toBeGreaterThan(100)
  } finally {
    for (const child of spinning) child.kill('SIGKILL')
  }
})
