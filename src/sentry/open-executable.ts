// openExecutable: opens and parses a program of the guest's tree, with the interpreter that it or its first line asks for.

import {ALL_CAPABILITIES} from '../abi/capability.ts'
import {EACCES, EISDIR, ELOOP, ENOENT, ENOTDIR, Errno, ETXTBSY} from '../abi/errno.ts'
import {MAY_EXECUTE, S_IFREG} from '../abi/file-mode.ts'
import {O_RDONLY} from '../abi/open-flags.ts'
import {arch} from '../arch/index.ts'
import {ElfError} from '../elf/elf-error.ts'
import type {ElfImage, ElfReader} from '../elf/image.ts'
import {parseElf} from '../elf/parse.ts'
import {HvError, printable} from '../errors.ts'
import type {FileDescription} from '../vfs/file.ts'
import type {Location} from '../vfs/location.ts'
import {openLocation} from '../vfs/open.ts'
import {EXECUTE} from '../vfs/path-policy.ts'
import {type PathContext, resolve} from '../vfs/path-walk.ts'
import {checkAccess} from '../vfs/permissions.ts'
import {requireNotWritten} from '../vfs/text-busy.ts'
import {SharedDescription} from './fd-table.ts'
import {readScriptLine, SCRIPT_LINE_BYTES, type ScriptLine} from './script.ts'

/** Scripts whose interpreters are scripts: Linux's limit (fs/exec.c, exec_binprm). */
const MAX_SCRIPTS = 5

/** A program found in the guest's tree, opened and parsed. */
export interface Executable {
  /** The path that was asked for: AT_EXECFN. */
  readonly path: string
  readonly description: SharedDescription
  readonly image: ElfImage
  readonly interpreter: Executable | undefined
  /** What replaces argv[0], if a script was asked for: its interpreter, and its name. */
  readonly script?: readonly string[]
}

/**
 * Finds and reads a program (byte-string path in the guest's tree) and the interpreter it asks for.
 * @param shown what messages call the program, as the user did
 * @param called what the program is told: AT_EXECFN, and what a script's interpreter is told as the script
 * @throws HvError NOT_FOUND, NOT_EXECUTABLE, BAD_ELF, NO_INTERPRETER
 */
export function openExecutable(
  context: PathContext,
  start: Location,
  path: string,
  shown = path,
  called = path,
): Executable {
  let executable: Executable
  try {
    executable = openFollowing(context, start, path, shown, called)
  } catch (error) {
    // Linux looks for the interpreter first, then checks the program.
    if (error instanceof ElfError && error.interp !== undefined) {
      closeExecutable(openInterpreter(context, start, shown, error.interp))
    }
    throw error
  }
  const {interp} = executable.image
  if (interp === undefined) return executable
  try {
    return {...executable, interpreter: openInterpreter(context, start, shown, interp)}
  } catch (error) {
    closeExecutable(executable)
    throw error
  }
}

function openInterpreter(context: PathContext, start: Location, shown: string, interp: string): Executable {
  try {
    // A program does not choose the path of its interpreter.
    return openElf({...context, policy: undefined}, start, interp)
  } catch (error) {
    const remedy =
      'show its libraries by `withLibraries`, give a tree that has them as `root`, or link it statically'
    throw isNotFound(error) ? noInterpreter(shown, interp, remedy) : error
  }
}

/** Drops its references: a running program has its own. */
export function closeExecutable({description, interpreter}: Executable): void {
  description.release()
  if (interpreter !== undefined) closeExecutable(interpreter)
}

/** Opens a program, or its interpreter if it is a script. */
function openFollowing(
  context: PathContext,
  start: Location,
  path: string,
  shown: string,
  called: string,
): Executable {
  let runner = path
  let script: readonly string[] | undefined
  for (let depth = 0; depth <= MAX_SCRIPTS; depth++) {
    const found = openRunner(context, start, runner, depth === 0 ? undefined : shown, shown)
    if ('image' in found) return {...found, path: called, script}
    const {interpreter, argument} = found
    const name = depth === 0 ? called : runner
    script = [interpreter, ...(argument === undefined ? [] : [argument]), name, ...(script ?? []).slice(1)]
    runner = interpreter
  }
  throw new HvError(
    'NOT_EXECUTABLE',
    `${printable(shown)}: its interpreter is a script, and so on: too many`,
    'name a program in the first line of one',
    {cause: new Errno(ELOOP)},
  )
}

/** @param script the script that it interprets, if any */
function openRunner(
  context: PathContext,
  start: Location,
  path: string,
  script: string | undefined,
  shown: string,
): Executable | ScriptLine {
  try {
    return openImage(context, start, path, script === undefined ? shown : path)
  } catch (error) {
    if (script === undefined || !isNotFound(error)) throw error
    const remedy = path.endsWith('\r')
      ? 'end its first line by LF alone, not CR LF'
      : 'give a tree that has it as `root`'
    throw noInterpreter(script, path, remedy)
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof HvError && error.code === 'NOT_FOUND'
}

function noInterpreter(shown: string, interpreter: string, remedy: string): HvError {
  const name = printable(interpreter)
  return new HvError(
    'NO_INTERPRETER',
    `${printable(shown)} needs the interpreter ${name}, which the guest's tree does not have`,
    remedy,
  )
}

/** @throws HvError BAD_ELF, also for a script */
function openElf(context: PathContext, start: Location, path: string): Executable {
  const found = openImage(context, start, path, path)
  if ('image' in found) return found
  throw new HvError('BAD_ELF', `${printable(path)}: a script, no ELF file`, 'link the program anew')
}

function openImage(
  context: PathContext,
  start: Location,
  path: string,
  shown: string,
): Executable | ScriptLine {
  const {file, location} = openProgram(context, start, path, shown)
  try {
    const reader = readerOf(file)
    const script = readScriptLine(Buffer.from(reader.read(0, SCRIPT_LINE_BYTES)).toString('latin1'))
    if (script !== undefined) {
      file.close()
      return script
    }
    const image = parseElf(reader, shown, arch.name)
    const description = new SharedDescription(file, location)
    description.references++
    return {path, description, image, interpreter: undefined}
  } catch (error) {
    file.close()
    throw error
  }
}

function openProgram(
  context: PathContext,
  start: Location,
  path: string,
  shown: string,
): {file: FileDescription; location: Location} {
  let remedy = 'check the permissions of the directories above it'
  try {
    const location = resolve(context, start, path, true, EXECUTE)
    if (location.inode.kind !== S_IFREG) throw new Errno(EISDIR)
    remedy = 'make it executable: `chmod +x`'
    checkAccess(location.inode, MAY_EXECUTE, context.credentials)
    remedy = 'wait until nobody has it open for writing'
    requireNotWritten(location.inode)
    remedy = 'make it readable: `chmod +r`'
    return openLocation({...context.credentials, capabilities: ALL_CAPABILITIES}, location, O_RDONLY)
  } catch (error) {
    if (error instanceof Errno) throw cannotOpen(printable(shown), error, remedy)
    throw error
  }
}

function cannotOpen(path: string, error: Errno, remedy: string): HvError {
  switch (error.code) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return new HvError('NOT_FOUND', `${path}: no such program`, 'check the path', {cause: error})
    case EISDIR:
      return new HvError('NOT_EXECUTABLE', `${path} is no regular file`, 'name an ELF program', {
        cause: error,
      })
    case EACCES:
      return new HvError('NOT_EXECUTABLE', `${path}: permission denied`, remedy, {cause: error})
    case ETXTBSY:
      return new HvError('NOT_EXECUTABLE', `${path} is open for writing`, remedy, {cause: error})
    default: {
      const message = `${path}: cannot be opened: ${error}`
      return new HvError('NOT_EXECUTABLE', message, 'check the file', {cause: error})
    }
  }
}

function readerOf(file: FileDescription): ElfReader {
  return {
    size: file.inode.attributes().size,
    read(offset, length) {
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const count = file.read(bytes.subarray(done), offset + done)
        if (count === 0) break
        done += count
      }
      return bytes.subarray(0, done)
    },
  }
}
