// openCore: a new file for a core; fileSink writes one to it.

import {ftruncateSync, writeSync} from 'node:fs'
import {badArgument, HvError} from '../errors.ts'
import {makeFile} from '../output-file.ts'
import type {CoreSink} from './core-file.ts'

/** It holds a program's memory. */
const MODE = 0o600

/**
 * As makeFile.
 * @param fill writes the core, before the file gets its name. Default: it is written later
 * @throws HvError BAD_ARGUMENT
 */
export function openCore(path: string, fill: (sink: CoreSink) => void = () => {}): number {
  try {
    return makeFile(path, MODE, (fd) => fill(fileSink(fd)))
  } catch (cause) {
    const {code} = cause as NodeJS.ErrnoException
    if (cause instanceof HvError || code === undefined) throw cause
    throw badArgument(`the core file ${path} cannot be written (${code})`, 'name another file', {cause})
  }
}

export const fileSink = (fd: number): CoreSink => ({
  write(bytes, position) {
    for (let done = 0; done < bytes.length; )
      done += writeSync(fd, bytes, done, bytes.length - done, position + done)
  },
  setLength: (bytes) => ftruncateSync(fd, bytes),
})
