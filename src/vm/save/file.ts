// The file of a saved VM: written whole or not at all, read in order, at a path or through a descriptor.

import {closeSync, constants, fstatSync, lstatSync, openSync, readSync, writeSync} from 'node:fs'
import {HvError, printable} from '../../errors.ts'
import * as takes from '../../options.ts'
import {makeFile} from '../../output-file.ts'
import {invalid} from './format.ts'

/** Only for the owner: the guest's memory is in it. */
const MODE = 0o600

/**
 * A path, or the descriptor of an open file, used from its position on.
 *
 * @example
 * const file: SaveFile = '/tmp/machine.hv'
 * vm.save(file)
 */
export type SaveFile = string | number

const saveFile = takes.either([takes.path, takes.integer(0, 2 ** 31 - 1)], 'a path or a descriptor')

export type Write = (bytes: Uint8Array) => void
/** Fills all of `bytes`. */
export type Read = (bytes: Uint8Array) => void

/** @throws HvError FILE_FAILED, BAD_ARGUMENT; any file at the path is then unchanged */
export function writeTo(file: SaveFile, body: (write: Write) => void): void {
  const target = takes.checked(saveFile, file, 'file')
  if (typeof target === 'string') writeWhole(target, body)
  else failing(target, () => body(writer(target)))
}

function writeWhole(target: string, body: (write: Write) => void): void {
  const there = failing(target, () => lstatSync(target, {throwIfNoEntry: false}))
  if (there?.isFile() === false) {
    const message = `${printable(target)} is no regular file`
    throw new HvError('FILE_FAILED', message, 'give a descriptor of what is none', {errno: 'EINVAL'})
  }
  failing(target, () => closeSync(makeFile(target, MODE, (descriptor) => body(writer(descriptor)))))
}

/** @throws HvError FILE_FAILED, BAD_ARGUMENT, SAVE_INVALID when the file is too short or too long */
export function readFrom<Result>(file: SaveFile, body: (read: Read) => Result): Result {
  const target = takes.checked(saveFile, file, 'file')
  if (typeof target === 'number') return failing(target, () => body(reader(target)))
  return failing(target, () => {
    // Opening a pipe must not wait for its other end.
    const descriptor = openSync(target, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!fstatSync(descriptor).isFile()) throw invalid('it is no file')
      const result = body(reader(descriptor))
      if (readSync(descriptor, new Uint8Array(1)) > 0) throw invalid('its file goes on behind its end')
      return result
    } finally {
      closeSync(descriptor)
    }
  })
}

function writer(descriptor: number): Write {
  return (bytes) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done)
  }
}

function reader(descriptor: number): Read {
  return (bytes) => {
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(descriptor, bytes, done, bytes.length - done, null)
      if (count === 0) throw invalid('its file ends too early')
      done += count
    }
  }
}

function failing<Result>(file: SaveFile, body: () => Result): Result {
  try {
    return body()
  } catch (cause) {
    const {code, syscall, message} = cause as NodeJS.ErrnoException
    if (cause instanceof HvError || syscall === undefined) throw cause
    const shown = typeof file === 'string' ? printable(file) : `descriptor ${file}`
    const nextStep = 'is there such a place, room for the VM, and the right to it?'
    throw new HvError('FILE_FAILED', `${shown}: ${message.split(',')[0]}`, nextStep, {cause, errno: code})
  }
}
