// The report for people.

import {expect, test} from 'vitest'
import {formatReport} from '../../../src/check/format-report.ts'
import {check, STOPS} from './fake-host.ts'

test('a finding is a line, its evidence and its fix below it, aligned', async () => {
  const text = formatReport(await check({kvm: {openErrno: 2}}))
  expect(text).toMatch(
    /^fail {2}\/dev\/kvm +It does not exist\.\n +open\(\/dev\/kvm, O_RDWR\): ENOENT.*\n +fix: start KVM/m,
  )
  const columns = [...text.matchAll(/^(?:ok|warn|fail|info) +(?:\S+ )*?\S+ {2,}(?=\S)/gm)].map(
    ([head]) => head.length,
  )
  expect(new Set(columns).size).toBe(1)
})

test('the last line is the verdict', async () => {
  expect(formatReport(await check())).toMatch(/\n\nhv can run guests here, by kvm\.\n$/)
  expect(formatReport(await check({kvm: {openErrno: 2}}))).toMatch(/\n\nhv cannot run guests here\.\n$/)
})

test('by ptrace, the last line says what is not well with KVM', async () => {
  const text = formatReport(await check({kvm: {openErrno: 2}, proveStop: STOPS}))
  expect(text).toMatch(/\n\nhv can run guests here, by ptrace; not by kvm: see \/dev\/kvm\.\n$/)
})

test('asked for one platform, the last line is about that one', async () => {
  const report = await check({kvm: {openErrno: 2}, proveStop: STOPS})
  expect(formatReport(report, {wanted: 'kvm'})).toMatch(
    /\n\nhv cannot run guests here by kvm: see \/dev\/kvm\.\n$/,
  )
  expect(formatReport(report, {wanted: 'ptrace'})).toMatch(/\n\nhv can run guests here, by ptrace\.\n$/)
})

test('colours come only when asked for', async () => {
  const report = await check()
  expect(formatReport(report)).not.toContain('\x1b')
  expect(formatReport(report, {isColoured: true})).toContain('\x1b[32mok')
})

test('lines are wrapped at the width of the terminal, commands kept whole', async () => {
  const report = await check({kvm: {openErrno: 13}, kvmMode: 0o600, proveStop: STOPS})
  const text = formatReport(report, {columns: 72})
  const long = text.split('\n').filter((line) => line.length > 72)
  expect(long.filter((line) => !/`[^`]+`/.test(line) && /\S \S/.test(line.trim()))).toEqual([])
  expect(text).toMatch(/^ {24,}`sudo [^`]+`$/m)
  expect(text.replace(/\s+/g, ' ')).toBe(formatReport(report).replace(/\s+/g, ' '))
})
