// openError: what a failure to make a VM means to the user.

import {expect, test} from 'vitest'
import {EACCES, EBUSY, EINVAL, ENODEV, ENOENT, ENOMEM, ENXIO, EPERM} from '../../../src/abi/errno.ts'
import {openError} from '../../../src/vm/open-error.ts'

test.each([
  [ENOENT, 'KVM_MISSING'],
  [ENODEV, 'KVM_MISSING'],
  [ENXIO, 'KVM_MISSING'],
  [EACCES, 'KVM_DENIED'],
  [EPERM, 'KVM_DENIED'],
  [EBUSY, 'KVM_UNUSABLE'],
  [ENOMEM, 'OUT_OF_MEMORY'],
  [EINVAL, 'KVM_UNUSABLE'],
  [undefined, 'KVM_UNUSABLE'],
])('errno %s is %s, with a next step and the cause', (errno, code) => {
  const cause = Object.assign(new Error('KVM_CREATE_VM'), {errno})
  const error = openError(cause)
  expect(error.code).toBe(code)
  expect(error.nextStep).not.toBe('')
  expect(error.cause).toBe(cause)
})
