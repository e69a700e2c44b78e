// withProgramFile: opens the file to inspect, of this host or of a tree.

import {closeSync, constants, fstatSync, openSync, realpathSync} from 'node:fs'
import {fileReader} from '../elf/file-reader.ts'
import {HvError, printable} from '../errors.ts'
import type {InspectOptions, ProgramFile} from './inspection.ts'
import {ProgramTree} from './tree.ts'

/** @throws HvError NOT_FOUND, NOT_EXECUTABLE */
export function withProgramFile<T>({path, root}: InspectOptions, use: (file: ProgramFile) => T): T {
  using tree = new ProgramTree(root ?? '/')
  if (root === undefined) return withHostFile(path, tree, use)

  const treePath = path.startsWith('/') ? path : `/${path}`
  const result = tree.read(treePath, (reader) => ({value: use({path, treePath, reader, tree})}))
  if (result !== undefined) return result.value
  throw new HvError('NOT_FOUND', `${printable(path)}: no such file in ${printable(root)}`, 'check the path')
}

function withHostFile<T>(path: string, tree: ProgramTree, use: (file: ProgramFile) => T): T {
  const fd = openHostFile(path)
  try {
    if (!fstatSync(fd).isFile())
      throw new HvError('NOT_EXECUTABLE', `${printable(path)} is no regular file`, 'name an ELF file')
    return use({path, treePath: realpathSync(path), reader: fileReader(fd), tree})
  } catch (error) {
    const {syscall, code} = error as NodeJS.ErrnoException
    if (syscall !== 'read') throw error
    const message = `${printable(path)}: cannot be read (${code})`
    throw new HvError('NOT_EXECUTABLE', message, 'check the file', {cause: error})
  } finally {
    closeSync(fd)
  }
}

function openHostFile(path: string): number {
  try {
    // Opening a fifo would wait.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    if (reason === 'EACCES' || reason === 'EPERM')
      throw new HvError(
        'NOT_EXECUTABLE',
        `${printable(path)}: permission denied`,
        'make it readable: `chmod +r`',
      )
    throw new HvError('NOT_FOUND', `${printable(path)}: no such file on this host`, 'check the path', {
      cause: error,
    })
  }
}
