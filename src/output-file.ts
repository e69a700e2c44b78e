// A file that hv writes for its user: always a new one, made in a directory to which no symbolic link leads.
//
// A guest can leave links in its writable volumes, in an earlier run too, and nothing tells them from the user's own. So hv follows
// none. It opens the directory name by name, and makes and renames the file through that descriptor, whatever a guest renames meanwhile.

import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs'
import {basename, dirname, isAbsolute, join, normalize, resolve} from 'node:path'
import {O_PATH} from './abi/open-flags.ts'
import {attempt, badArgument, type HvError, printable} from './errors.ts'

/** Node's constants are those of this architecture. */
const OPEN_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Descriptors that the user gave to hv, and devices that everybody may write. */
const GIVEN = /^\/dev\/(stdout|stderr|fd\/\d+|null|tty|pts\/\d+)$|^\/proc\/self\/fd\/\d+$/

/** Where a file is to be: a directory that is open, and its name there. */
export class Place implements Disposable {
  readonly name: string
  readonly #folder: string | undefined
  #fd: number

  /** @throws HvError BAD_ARGUMENT: a link leads there; the system error of a call */
  constructor(path: string) {
    const [start, names] = namesOf(path)
    this.name = names.pop() ?? '.'
    // A process with Node's permissions has them for paths.
    this.#folder = 'permission' in process ? dirname(path) : undefined
    this.#fd = openSync(start, OPEN_DIRECTORY)
    for (const name of this.#folder === undefined ? names : []) this.#enter(path, name)
  }

  /** Of a name in the directory, as long as this is not disposed. */
  pathOf(name = this.name): string {
    return this.#folder === undefined ? `/proc/self/fd/${this.#fd}/${name}` : join(this.#folder, name)
  }

  /** Which of these directories of the host it lies beneath, by whatever names. */
  beneath(folders: readonly string[]): string | undefined {
    const stats = folders.map((folder) => statSync(folder, {throwIfNoEntry: false}))
    for (let at = realpathSync(this.pathOf('.')); ; at = dirname(at)) {
      const {dev, ino} = statSync(at)
      const found = stats.findIndex((stat) => stat?.dev === dev && stat.ino === ino)
      if (found >= 0) return folders[found]
      if (at === dirname(at)) return undefined
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #enter(path: string, name: string): void {
    let next: number
    try {
      next = openSync(this.pathOf(name), OPEN_DIRECTORY)
    } catch (error) {
      const target = targetOf(this.pathOf(name))
      closeSync(this.#fd)
      throw target === undefined ? error : isLink(path, `${name} on the way`, target)
    }
    closeSync(this.#fd)
    this.#fd = next
  }
}

/**
 * A file that takes the place of a regular file of that name, or of none.
 * @param fill writes it, before it gets its name
 * @returns its descriptor, for the caller to close
 * @throws HvError BAD_ARGUMENT, the system error of a call, and what `fill` throws: then nothing has changed
 */
export function makeFile(path: string, mode: number, fill: (fd: number) => void = () => {}): number {
  using place = new Place(path)
  refuseOthers(path, lstatSync(place.pathOf(), {throwIfNoEntry: false}))
  // Node's random bytes take 4 ms to load. In another PID namespace, a process may have the same pid.
  const unfinished = place.pathOf(`.hv-${process.pid}-${process.hrtime.bigint()}`)
  const fd = openSync(unfinished, 'wx', mode)
  try {
    fill(fd)
    renameSync(unfinished, place.pathOf())
    return fd
  } catch (error) {
    closeSync(fd)
    unlinkSync(unfinished)
    throw error
  }
}

/**
 * A directory that takes the place of none, or of an empty one.
 * @param fill writes the files in it, before it gets its name
 * @throws HvError BAD_ARGUMENT, the system error of a call, and what `fill` throws: then nothing has changed
 */
export function makeDirectory(path: string, mode: number, fill: (path: string) => void): void {
  using place = new Place(path)
  const unfinished = place.pathOf(`.hv-${process.pid}-${process.hrtime.bigint()}`)
  mkdirSync(unfinished, mode)
  try {
    fill(unfinished)
    renameSync(unfinished, place.pathOf())
  } catch (error) {
    rmSync(unfinished, {recursive: true})
    throw error
  }
}

/** makeFile, or a descriptor or device of /dev by its usual name. */
export function openOutput(path: string, mode: number): number {
  return GIVEN.test(resolve(path)) ? openSync(path, 'w') : makeFile(path, mode)
}

/** A path below the working directory is walked from there: the directories above may be closed to this user. */
function namesOf(path: string): [start: string, names: string[]] {
  const plain = normalize(path)
  const isBelow = !isAbsolute(plain) && plain !== '..' && !plain.startsWith('../')
  const names = (isBelow ? plain : resolve(plain)).split('/').filter((name) => name !== '' && name !== '.')
  if (isBelow || names.length < 2) return [isBelow ? '.' : '/', names]
  // Some systems have /home elsewhere. Only the host's root makes links in /.
  const [first, ...rest] = names
  return [
    '/',
    [
      ...resolve('/', targetOf(`/${first}`) ?? first)
        .split('/')
        .filter(Boolean),
      ...rest,
    ],
  ]
}

function refuseOthers(path: string, stat: Stats | undefined): void {
  // For a directory, rename(2) fails.
  if (stat === undefined || stat.isFile() || stat.isDirectory()) return
  if (stat.isSymbolicLink()) throw isLink(path, 'it', targetOf(path) ?? 'another place')
  throw badArgument(
    `${printable(path)} is no regular file`,
    `name another, or open it yourself, as in /dev/fd/3 3>${printable(basename(path))}`,
  )
}

function isLink(path: string, what: string, target: string): HvError {
  return badArgument(
    `${printable(path)} is not written: ${printable(what)} is a symbolic link to ${printable(target)}, which a guest may have left`,
    'name the place without links',
  )
}

/** undefined: it is no link. */
const targetOf = (path: string): string | undefined => attempt(() => readlinkSync(path))
