// The error of a guest that cannot go on.

import {HvError} from '../errors.ts'

export const failed = (message: string, nextStep = 'correct the guest'): HvError =>
  new HvError('VCPU_FAILED', message, nextStep)
