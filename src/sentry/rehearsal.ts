// rehearse: a small program of hv's own runs once, so that V8 has compiled what programs need when that is kept: src/code-cache.ts.
// In its jail hv keeps nothing any more: what a guest may have had its hands on, no other run shall execute.

import {closeSync, openSync, rmSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import {AT_FDCWD} from '../abi/at-flags.ts'
import * as elf from '../abi/elf.ts'
import {MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE} from '../abi/mman.ts'
import {O_RDWR} from '../abi/open-flags.ts'
import {SIGCHLD, SIGUSR1} from '../abi/signal.ts'
import {arch} from '../arch/index.ts'
import type {PlatformChoice} from '../platform/choice.ts'
import {openPlatform} from '../platform/open.ts'
import type {HostProgram} from './host-program.ts'
import {Sentry} from './sentry.ts'
import {StartedProgram} from './started-program.ts'
import {table} from './syscalls/table.ts'
import {Run} from './task/run.ts'

const MEMORY_BYTES = 16 << 20
const CODE_ADDRESS = 0x400000
const DATA_ADDRESS = 0x500000
const DATA_BYTES = 0x4000
/** Of the descriptor that its first open(2) gives: nothing is open before. */
const FD = 0
const WORDS = 7

type Call = readonly [name: string, ...args: (number | string)[]]

/** In order; the child goes on from clone(2), too. Texts become the addresses of such texts. */
const CALLS: readonly Call[] = [
  ['mmap', DATA_ADDRESS, DATA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0],
  ['openat', AT_FDCWD, '/dev/null', O_RDWR],
  ['write', FD, '/dev/null', 9],
  ['read', FD, DATA_ADDRESS, 64],
  ['fstat', FD, DATA_ADDRESS],
  ['newfstatat', AT_FDCWD, '/tmp', DATA_ADDRESS, 0],
  ['fcntl', FD, 3],
  ['ioctl', FD, 0x5401, DATA_ADDRESS],
  ['openat', AT_FDCWD, '/', 0],
  ['getdents64', FD + 1, DATA_ADDRESS, 4096],
  ['pipe2', DATA_ADDRESS, 0],
  ['write', FD + 3, '/dev/null', 9],
  ['read', FD + 2, DATA_ADDRESS, 64],
  ['rt_sigaction', SIGUSR1, 0, DATA_ADDRESS, 8],
  ['rt_sigprocmask', 0, 0, DATA_ADDRESS, 8],
  ['brk', 0],
  ['uname', DATA_ADDRESS],
  ['getpid'],
  ['clock_gettime', 1, DATA_ADDRESS],
  ['mprotect', DATA_ADDRESS, 4096, PROT_READ],
  ['clone', SIGCHLD, 0, 0, 0, 0],
  ['wait4', -1, 0, 0, 0],
  ['munmap', DATA_ADDRESS, DATA_BYTES],
  ['close', FD],
  ['exit_group', 0],
]

/**
 * Precondition: no platform is open. Whatever goes wrong, the real program goes wrong with.
 * @param directory where a file may be made for a moment
 */
export async function rehearse(choice: PlatformChoice, directory: string): Promise<void> {
  try {
    const {platform} = await openPlatform(choice, MEMORY_BYTES, 1)
    try {
      const sentry = new Sentry(platform, {volumes: []})
      const program = {program: 'rehearsal', onHost: storeProgram(directory), args: [], env: {}, streams: []}
      const started = new StartedProgram(sentry, program, {}, new Run())
      sentry.kernel.run(started.process)
      started.finish()
      sentry.dispose()
    } finally {
      platform[Symbol.dispose]()
    }
  } catch {
    // It was a rehearsal.
  }
}

/** A program for one rehearsal, open. @param directory where a file may be made for a moment @throws Error of node:fs */
export function storeProgram(directory: string): HostProgram {
  const path = join(directory, `rehearsal.${process.pid}`)
  const made = openSync(path, 'wx', 0o700)
  try {
    writeSync(made, programFile())
    return {fd: openSync(path, 'r'), path, name: path}
  } finally {
    closeSync(made)
    rmSync(path)
  }
}

/** An ELF file of one segment: the code, the calls that it makes, and their texts. */
export function programFile(): Uint8Array {
  const start = elf.EHDR_SIZE + elf.PHDR_SIZE
  const callsAt = start + arch.callList.length
  let textsAt = callsAt + CALLS.length * WORDS * 8
  const texts = new Map<string, number>()
  for (const text of CALLS.flat().slice(1)) {
    if (typeof text !== 'string' || !text.startsWith('/') || texts.has(text)) continue
    texts.set(text, textsAt)
    textsAt += text.length + 1
  }
  const bytes = new Uint8Array(textsAt)
  writeHeaders(new DataView(bytes.buffer))
  bytes.set(arch.callList, start)
  const words = new BigInt64Array(CALLS.length * WORDS)
  CALLS.forEach(([name, ...args], index) => {
    words[index * WORDS] = BigInt(numberOf(name))
    args.forEach((arg, place) => {
      words[index * WORDS + 1 + place] = BigInt(
        typeof arg === 'number' ? arg : CODE_ADDRESS + texts.get(arg)!,
      )
    })
  })
  bytes.set(new Uint8Array(words.buffer), callsAt)
  for (const [text, at] of texts) bytes.set(new TextEncoder().encode(text), at)
  return bytes
}

function writeHeaders(view: DataView): void {
  const bytes = view.byteLength
  // e_ident: the magic, 64 bits, little-endian, version 1.
  view.setUint32(0, 0x7f454c46)
  view.setUint32(elf.EI_CLASS, 0x02010100)
  view.setUint16(elf.E_TYPE, elf.ET_EXEC, true)
  view.setUint16(elf.E_MACHINE, arch.name === 'x86_64' ? elf.EM_X86_64 : elf.EM_AARCH64, true)
  view.setUint32(20, 1, true)
  const start = elf.EHDR_SIZE + elf.PHDR_SIZE
  setWord(view, elf.E_ENTRY, CODE_ADDRESS + start)
  setWord(view, elf.E_PHOFF, elf.EHDR_SIZE)
  view.setUint16(52, elf.EHDR_SIZE, true)
  view.setUint16(elf.E_PHENTSIZE, elf.PHDR_SIZE, true)
  view.setUint16(elf.E_PHNUM, 1, true)
  const segment = elf.EHDR_SIZE
  view.setUint32(segment + elf.P_TYPE, elf.PT_LOAD, true)
  view.setUint32(segment + elf.P_FLAGS, elf.PF_R | elf.PF_X, true)
  setWord(view, segment + elf.P_VADDR, CODE_ADDRESS)
  setWord(view, segment + elf.P_FILESZ, bytes)
  setWord(view, segment + elf.P_MEMSZ, bytes)
  setWord(view, segment + elf.P_ALIGN, 0x1000)
}

function setWord(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true)
}

function numberOf(name: string): number {
  return table.find((row) => row.name === name)![arch.name]!
}
