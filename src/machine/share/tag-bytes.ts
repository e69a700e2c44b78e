// tagBytes: a share's tag, as its device reports it.

import {HvError} from '../../errors.ts'

/** @param most bytes that the device has room for @throws HvError BAD_ARGUMENT */
export function tagBytes(tag: string, most: number): Uint8Array {
  const bytes = Buffer.from(tag, 'utf8')
  if (bytes.length > 0 && bytes.length <= most && !bytes.includes(0)) return bytes
  const message = `a share cannot be called ${JSON.stringify(tag)}`
  throw new HvError('BAD_ARGUMENT', message, `name it by 1 to ${most} bytes`)
}
