// The name of the Errno that a promise fails with.

import {Errno, errnoName} from '../../src/abi/errno.ts'

/** @returns the name; 'no error' when the promise does not fail */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'no error'
  } catch (error) {
    if (error instanceof Errno) return errnoName(error.code)
    throw error
  }
}
