// programError: what a user is told of a program that cannot be opened, and a remedy. A guest gets the errno alone.

import {EACCES, ETXTBSY} from '../../abi/errno.ts'
import {HvError, type HvErrorCode, printable} from '../../errors.ts'
import {ExecErrno} from '../exec/open-executable.ts'

const ACCESS_REMEDY = {
  walk: 'check the permissions of the directories above it',
  access: 'make it executable: `chmod +x`',
  open: 'make it readable: `chmod +r`',
}

/** @param shown what the user calls the program */
export function programError(error: unknown, shown: string): unknown {
  if (!(error instanceof ExecErrno)) return error
  const {step, role, path, code, isMissing} = error
  const program = printable(shown)
  const file = role === 'program' ? program : printable(path)
  const because = (why: HvErrorCode, message: string, remedy: string): HvError =>
    new HvError(why, message, remedy, {cause: error})

  if (isMissing && role === 'program')
    return because('NOT_FOUND', `${file}: no such program`, 'check the path')
  if (isMissing) {
    const message = `${program} needs the interpreter ${file}, which the guest's tree does not have`
    return because('NO_INTERPRETER', message, interpreterRemedy(error))
  }
  if (step === 'scripts') {
    const message = `${file}: its interpreter is a script, and so on: too many`
    return because('NOT_EXECUTABLE', message, 'name a program in the first line of one')
  }
  if (step === 'type') return because('NOT_EXECUTABLE', `${file} is no regular file`, 'name an ELF program')
  if (code === EACCES) return because('NOT_EXECUTABLE', `${file}: permission denied`, ACCESS_REMEDY[step])
  if (code === ETXTBSY) {
    const remedy = 'wait until nobody has it open for writing'
    return because('NOT_EXECUTABLE', `${file} is open for writing`, remedy)
  }
  return because('NOT_EXECUTABLE', `${file}: cannot be opened: ${error}`, 'check the file')
}

function interpreterRemedy({role, path}: ExecErrno): string {
  if (role === 'elf-interpreter') {
    return 'show its libraries by `withLibraries`, give a tree that has them as `root`, or link it statically'
  }
  return path.endsWith('\r')
    ? 'end its first line by LF alone, not CR LF'
    : 'give a tree that has it as `root`'
}
