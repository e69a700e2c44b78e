// hv run's places in memory and its root that only reads, as a user gives them.

import {expect, test} from 'vitest'
import {BUSYBOX} from '../sandbox/guests.ts'
import {hv} from './hv.ts'

test('--read-only leaves --tmpfs and volumes that are rw', () => {
  const script = 'echo a > /tmp/a; echo b > /b; mount | grep " / "; df -k /tmp | tail -1'
  const {stdout, stderr} = hv(['run', '--read-only', '--tmpfs', '/tmp:size=64k', BUSYBOX, 'sh', '-c', script])
  expect(stderr).toBe("sh: can't create /b: Read-only file system\n")
  expect(stdout).toMatch(/^tmpfs on \/ type tmpfs \(ro,[^\n]*\ntmpfs +64 +4 +60 /)
})

test('a volume whose place another volume lacks is refused', () => {
  const {status, stderr} = hv(['run', '-v', '/etc:/e', '-v', '/usr:/e/no/such', BUSYBOX])
  expect(status).toBe(125)
  expect(stderr).toBe(
    'hv: /e/no/such is not there, and cannot be made: EROFS: make it in the volume around it, or mount elsewhere\n',
  )
})
