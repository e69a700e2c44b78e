// MustWait: an EAGAIN that applies even without O_NONBLOCK: the caller is stopped as a background job, and tries again.

import {EAGAIN, Errno} from '../abi/errno.ts'

export class MustWait extends Errno {
  constructor() {
    super(EAGAIN)
  }
}
