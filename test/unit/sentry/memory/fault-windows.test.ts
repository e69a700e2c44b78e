// How many pages a fault brings in, on made-up hosts.

import {expect, test} from 'vitest'
import {faultWindows} from '../../../../src/sentry/memory/fault-windows.ts'

test.each([
  ['a PVM host', {trapNs: 90_000, pageNs: 150}, {zero: 64, read: 64, known: 512, copy: 16}],
  ['an emulated one', {trapNs: 50_000, pageNs: 900}, {zero: 32, read: 16, known: 128, copy: 8}],
  ['a host with traps in between', {trapNs: 20_000, pageNs: 200}, {zero: 64, read: 16, known: 128, copy: 16}],
  ['hardware', {trapNs: 1500, pageNs: 100}, {zero: 16, read: 16, known: 128, copy: 4}],
  ['one where nothing was measured', {trapNs: 0, pageNs: 1}, {zero: 16, read: 16, known: 128, copy: 4}],
])('on %s a fault brings as many pages as cost as much', (_, costs, windows) => {
  expect(faultWindows({lookNs: 10, ...costs})).toEqual(windows)
})
