// What hv run says at the end of a program that did not end well.

import {expect, test} from 'vitest'
import {BUSYBOX, guest} from '../sandbox/guests.ts'
import {hv} from './hv.ts'

const TOLD = /^hv: it asked for (threads or )?processes \(\w+\), which hv does not have$/m

test('a program that fails for what hv lacks is told so, one that succeeds is not', () => {
  const failed = hv(['run', BUSYBOX, 'sh', '-c', '/bin/busybox sh & wait; exit 1'])
  expect(failed.stderr).toMatch(TOLD)
  const succeeded = hv(['run', BUSYBOX, 'sh', '-c', 'trap "exit 0" EXIT; /bin/busybox true | cat'])
  expect(succeeded.status === 0 && TOLD.test(succeeded.stderr)).toBe(false)
})

test('a fault is named, a signal that was sent is not, where nobody sits before it', () => {
  const fault = hv(['run', guest('die-segv')])
  expect(fault).toMatchObject({status: 139, stderr: `hv: ${guest('die-segv')}: Segmentation fault\n`})
  expect(hv(['run', guest('die-term')]).stderr).toBe('')
})

test('--stats lists the calls that were refused', () => {
  const {stderr} = hv(['run', '--stats', BUSYBOX, 'sh', '-c', '/bin/busybox sh & wait'])
  expect(stderr).toMatch(/^refused (clone|fork|vfork) +1$/m)
})
