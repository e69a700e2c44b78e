// The board files: boards/ of the package, each read only when needed.

import {closeSync, fstatSync, openSync, readdirSync, readSync} from 'node:fs'
import {basename, join} from 'node:path'
import {badArgument, HvError} from '../errors.ts'
import {packageFile} from '../package-file.ts'
import {nearest} from '../similar.ts'
import {type Board, parseBoard} from './schema.ts'

const ENDING = '.json'
const MAX_FILE_BYTES = 64 << 10
const MAX_FILES = 1000

export const BOARDS = packageFile('boards')

/** In alphabetical order. */
export function boardNames(folder = BOARDS): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(ENDING))
  return files
    .slice(0, MAX_FILES)
    .map((file) => file.slice(0, -ENDING.length))
    .sort()
}

/** @throws HvError BOARD_INVALID for the first wrong file */
export function loadBoards(folder = BOARDS): Board[] {
  return boardNames(folder).map((name) => readBoard(name, folder))
}

/** @throws HvError BAD_ARGUMENT for a name without a file, BOARD_INVALID for a wrong file */
export function loadBoard(name: string, folder = BOARDS): Board {
  const names = boardNames(folder)
  if (names.includes(name)) return readBoard(name, folder)
  const near = nearest(name, names)
  throw badArgument(
    `no board ${JSON.stringify(name)}`,
    near.length > 0 ? `did you mean ${near.join(' or ')}? \`hv boards\` lists them` : 'see `hv boards`',
  )
}

function readBoard(name: string, folder: string): Board {
  const shown = `${basename(folder)}/${name}${ENDING}`
  return parseBoard(readText(join(folder, name + ENDING), shown), shown, name)
}

function readText(path: string, shown: string): string {
  const fd = openSync(path, 'r')
  try {
    const {size} = fstatSync(fd)
    if (size > MAX_FILE_BYTES) {
      throw new HvError('BOARD_INVALID', `${shown}: more than ${MAX_FILE_BYTES} bytes`, 'correct the file')
    }
    const bytes = Buffer.alloc(size)
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, size, 0))
  } finally {
    closeSync(fd)
  }
}
