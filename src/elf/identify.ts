// The first bytes of a file: whether they are an ELF program that hv can run, and if not, what they are.

import {
  E_MACHINE,
  E_TYPE,
  EHDR_SIZE,
  EI_CLASS,
  EI_DATA,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  ET_CORE,
  ET_DYN,
  ET_EXEC,
  ET_REL,
} from '../abi/elf.ts'
import {ENOEXEC} from '../abi/errno.ts'
import {printable} from '../errors.ts'
import {ElfError} from './elf-error.ts'
import {type Machine, machineName} from './machine-name.ts'

export interface Identity {
  readonly type: 'EXEC' | 'DYN'
  readonly machine: Machine
}

/**
 * @param header the first EHDR_SIZE bytes, or the whole of a shorter file
 * @throws ElfError
 */
export function identify(header: Uint8Array, path: string, host?: Machine): Identity {
  if (!hasMagic(header)) throw notElf(header, path)
  if (header.length < EHDR_SIZE) {
    const defect = `is truncated: ${header.length} bytes, where the ELF header alone takes ${EHDR_SIZE}`
    throw new ElfError('BAD_ELF', ENOEXEC, path, defect, 'copy or link the file again')
  }
  checkEncoding(header, path)
  const field = (offset: number): number => header[offset] | (header[offset + 1] << 8)
  return {machine: checkMachine(field(E_MACHINE), path, host), type: checkType(field(E_TYPE), path)}
}

const hasMagic = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46

function notElf(header: Uint8Array, path: string): ElfError {
  if (header.length === 0) return wrongKind(path, 'is empty', 'give an ELF program')

  const text = Buffer.from(header).toString('latin1')
  if (!text.startsWith('#!')) return wrongKind(path, 'is not an ELF program', 'give an ELF program')

  const [, interpreter, behind] = /^[ \t]*(\S*)(.*)$/s.exec(text.slice(2))!
  if (interpreter === '')
    return wrongKind(path, 'is a script that names no interpreter', 'name one: `#!/bin/sh`')
  const isCut = behind === '' && header.length >= EHDR_SIZE
  const nextStep = isCut
    ? 'run the interpreter that its first line names'
    : `run its interpreter: hv run ${printable(interpreter)} ${printable(path)}`
  return wrongKind(path, 'is a script, not an ELF program', nextStep)
}

function checkEncoding(header: Uint8Array, path: string): void {
  const elfClass = header[EI_CLASS]
  const data = header[EI_DATA]
  if (elfClass === ELFCLASS32) throw wrongKind(path, 'is a 32-bit program', 'build it for 64 bits')
  if (data === ELFDATA2MSB) throw wrongKind(path, 'is a big-endian program', 'build it for x86_64 or arm64')
  if (elfClass === ELFCLASS64 && data === ELFDATA2LSB) return

  const defect = `has ELF class ${elfClass} and data encoding ${data}, which mean nothing`
  throw new ElfError('BAD_ELF', ENOEXEC, path, defect, 'copy or link the file again')
}

function checkMachine(number: number, path: string, host: Machine | undefined): Machine {
  const machine = machineName(number)
  const runs = host ?? 'x86_64 and arm64'
  if ((machine === 'x86_64' || machine === 'arm64') && (host === undefined || machine === host)) {
    return machine as Machine
  }
  throw wrongKind(
    path,
    `is a program for ${machine}; this host runs ${runs}`,
    `build it for ${host ?? 'one of them'}`,
  )
}

function checkType(type: number, path: string): 'EXEC' | 'DYN' {
  if (type === ET_EXEC) return 'EXEC'
  if (type === ET_DYN) return 'DYN'
  if (type === ET_REL) throw wrongKind(path, 'is an object file (ET_REL)', 'link it first')
  if (type === ET_CORE) throw wrongKind(path, 'is a core dump (ET_CORE)', 'give the program it came from')

  throw wrongKind(path, `has ELF type ${type}, which is no program`, 'give an ELF program')
}

const wrongKind = (path: string, defect: string, nextStep: string): ElfError =>
  new ElfError('NOT_EXECUTABLE', ENOEXEC, path, defect, nextStep)
