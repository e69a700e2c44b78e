// MustWait: EAGAIN that O_NONBLOCK does not let through: the caller is stopped as a job in the background, and tries again.

import {EAGAIN, Errno} from '../abi/errno.ts'

export class MustWait extends Errno {
  constructor() {
    super(EAGAIN)
  }
}
