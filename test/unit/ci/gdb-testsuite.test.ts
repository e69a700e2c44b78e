// What the runner of gdb's testsuite makes of two .sum files.

import {expect, test} from 'vitest'
import {failures, lostPasses, parseSum, passes} from '../../../ci/gdb-testsuite/sum.mjs'

const sum = (...lines: string[]) =>
  parseSum(['Running target native-gdbserver', ...lines, '# of expected passes 3', ''].join('\n'))

test('a test that only the first passes is lost, and so is one that the second never came to', () => {
  const reference = sum('PASS: a', 'PASS: b', 'PASS: c', 'FAIL: d')
  const ours = sum('PASS: a', 'FAIL: b', 'PASS: d')
  expect(lostPasses(reference, ours)).toEqual(['FAIL: b', 'absent: c'])
})

test('tests of one name are counted, and numbers in names do not tell them apart', () => {
  const reference = sum('PASS: again', 'PASS: again', 'PASS: process 12345 at 0x7f00aabbcc')
  expect(lostPasses(reference, sum('PASS: again', 'PASS: process 777123 at 0x55e0aabbcc'))).toEqual([
    'absent: again',
  ])
})

test('expected failures are no failures', () => {
  const rows = sum('PASS: a', 'XFAIL: b', 'KFAIL: c', 'FAIL: d', 'UNRESOLVED: e', 'UNTESTED: f')
  expect([passes(rows), failures(rows)]).toEqual([3, 2])
})
