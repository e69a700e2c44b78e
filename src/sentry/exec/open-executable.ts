// openExecutable: opens and parses a program of the guest's tree, with the interpreter that it or its first line asks for.

import {ALL_CAPABILITIES} from '../../abi/capability.ts'
import {EACCES, ELIBBAD, ELOOP, ENOENT, ENOTDIR, Errno} from '../../abi/errno.ts'
import {MAY_EXECUTE, S_IFREG} from '../../abi/file-mode.ts'
import {O_RDONLY} from '../../abi/open-flags.ts'
import {arch} from '../../arch/index.ts'
import {ElfError} from '../../elf/elf-error.ts'
import type {ElfImage, ElfReader} from '../../elf/image.ts'
import {parseElf} from '../../elf/parse.ts'
import type {FileDescription} from '../../vfs/file.ts'
import type {Location} from '../../vfs/location.ts'
import {openLocation} from '../../vfs/open.ts'
import {EXECUTE} from '../../vfs/path-policy.ts'
import {type PathContext, resolve} from '../../vfs/path-walk.ts'
import {checkAccess} from '../../vfs/permissions.ts'
import {requireNotWritten} from '../../vfs/text-busy.ts'
import {OpenDescription} from '../core/open-description.ts'
import {readScriptLine, SCRIPT_LINE_BYTES, type ScriptLine} from './script.ts'

/** Scripts whose interpreters are scripts: Linux's limit (fs/exec.c, exec_binprm). */
const MAX_SCRIPTS = 5

/** A program found in the guest's tree, opened and parsed. */
export interface Executable {
  /** The path that was asked for: AT_EXECFN. */
  readonly path: string
  readonly description: OpenDescription
  readonly image: ElfImage
  readonly interpreter: Executable | undefined
  /** What replaces argv[0], if a script was asked for: its interpreter, and its name. */
  readonly script?: readonly string[]
}

/** What a file is opened for: it was asked for, a script's first line names it, or it is PT_INTERP of an ELF file. */
type Role = 'program' | 'script-interpreter' | 'elf-interpreter'
/** What failed: its path, its type, the leave to execute it, opening and reading it, or one script too many. */
type Step = 'walk' | 'type' | 'access' | 'open' | 'scripts'

/** execve(2)'s errno; the rest is for a message to a user (program-error.ts). */
export class ExecErrno extends Errno {
  readonly step: Step
  readonly path: string
  readonly role: Role

  constructor(code: number, step: Step, path: string, role: Role) {
    super(code)
    this.step = step
    this.path = path
    this.role = role
  }

  /** Whether there is no such file. */
  get isMissing(): boolean {
    return this.step === 'walk' && (this.code === ENOENT || this.code === ENOTDIR || this.code === ELOOP)
  }
}

/** What others call the program; `path` where absent. */
interface Names {
  /** In an ElfError's message: as the user does. */
  readonly shown?: string
  /** AT_EXECFN, and what a script's interpreter is told as the script. */
  readonly called?: string
}

/**
 * Finds and reads a program (byte-string path in the guest's tree) and the interpreter it asks for.
 * @throws Errno as man 2 execve, ElfError
 */
export function openExecutable(
  context: PathContext,
  start: Location,
  path: string,
  names: Names = {},
): Executable {
  let executable: Executable
  try {
    executable = openFollowing(context, start, path, names)
  } catch (error) {
    // Linux looks for the interpreter first, then checks the program.
    if (error instanceof ElfError && error.interp !== undefined) {
      closeExecutable(openInterpreter(context, start, error.interp))
    }
    throw error
  }
  const {interp} = executable.image
  if (interp === undefined) return executable
  try {
    return {...executable, interpreter: openInterpreter(context, start, interp)}
  } catch (error) {
    closeExecutable(executable)
    throw error
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
  {shown = path, called = path}: Names,
): Executable {
  let runner = path
  let script: readonly string[] | undefined
  for (let depth = 0; depth <= MAX_SCRIPTS; depth++) {
    const found =
      depth === 0
        ? openImage(context, start, path, 'program', shown)
        : openImage(context, start, runner, 'script-interpreter')
    if ('image' in found) return {...found, path: called, script}
    const {interpreter, argument} = found
    const name = depth === 0 ? called : runner
    script = [interpreter, ...(argument === undefined ? [] : [argument]), name, ...(script ?? []).slice(1)]
    runner = interpreter
  }
  throw new ExecErrno(ELOOP, 'scripts', path, 'program')
}

function openInterpreter(context: PathContext, start: Location, path: string): Executable {
  try {
    // A program does not choose the path of its interpreter.
    const found = openImage({...context, policy: undefined}, start, path, 'elf-interpreter')
    if ('image' in found) return found
    throw new ElfError('BAD_ELF', ELIBBAD, path, 'a script, no ELF file', 'link the program anew')
  } catch (error) {
    if (error instanceof ElfError) error.execErrno = ELIBBAD
    throw error
  }
}

function openImage(
  context: PathContext,
  start: Location,
  path: string,
  role: Role,
  shown = path,
): Executable | ScriptLine {
  let step: Step = 'walk'
  let file: FileDescription | undefined
  try {
    const location = resolve(context, start, path, true, EXECUTE)
    step = 'type'
    if (location.inode.kind !== S_IFREG) throw new Errno(EACCES)
    step = 'access'
    checkAccess(location.inode, MAY_EXECUTE, context.credentials)
    requireNotWritten(location.inode)
    step = 'open'
    file = openLocation({...context.credentials, capabilities: ALL_CAPABILITIES}, location, O_RDONLY).file
    const reader = readerOf(file)
    const script = readScriptLine(Buffer.from(reader.read(0, SCRIPT_LINE_BYTES)).toString('latin1'))
    if (script !== undefined) {
      file.close()
      return script
    }
    const image = parseElf(reader, shown, arch.name)
    const description = new OpenDescription(file, location)
    description.references++
    return {path, description, image, interpreter: undefined}
  } catch (error) {
    file?.close()
    throw error instanceof Errno ? new ExecErrno(error.code, step, path, role) : error
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
