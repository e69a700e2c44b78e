// warmUp: runs a small program of hv's own once, so that V8 has compiled what programs need when that is stored: src/code-cache.ts.
// A jailed hv stores nothing: no other run shall execute what a guest may have tampered with.

import {closeSync, openSync, rmSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import {AT_EMPTY_PATH, AT_FDCWD} from '../../abi/at-flags.ts'
import * as elf from '../../abi/elf.ts'
import {setElfHeader, setSegmentHeader} from '../../abi/elf-headers.ts'
import {FUTEX_WAKE} from '../../abi/futex.ts'
import {MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE} from '../../abi/mman.ts'
import {O_RDWR} from '../../abi/open-flags.ts'
import {SIGCHLD, SIGUSR1} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import type {PlatformChoice} from '../../platform/choice.ts'
import {openPlatform} from '../../platform/open.ts'
import {PAGE_SIZE} from '../../platform/platform.ts'
import {RLIMIT_STACK} from '../core/resource-limits.ts'
import {table} from '../syscalls/table.ts'
import {Run} from '../task/run.ts'
import type {HostProgram} from './host-program.ts'
import {Sentry} from './sentry.ts'
import {StartedProgram} from './started-program.ts'

const MEMORY_BYTES = 16 << 20
const CODE_ADDRESS = 0x400000
/**
 * Where the program's writable data is: its calls, after what is there from the start (exec.ts) and far before the zeros at its end, so
 * that it faults for them.
 */
const WRITTEN_ADDRESS = CODE_ADDRESS + 0x10000
const WRITTEN_BYTES = 0x30000
const ZERO_BYTES = 0x4000
const DATA_ADDRESS = 0x500000
const DATA_BYTES = 0x40000
const FILE_ADDRESS = 0x600000
const FILE_BYTES = 0x2000
/** The descriptor that its first open(2) returns: nothing is open by then. */
const FD = 0
const WORDS = 7
const SEGMENTS = 2
/** Offset in the file. */
const CODE_AT = elf.EHDR_SIZE + SEGMENTS * elf.PHDR_SIZE

/** asm/prctl.h */
const ARCH_SET_FS = 0x1002

type Call = readonly [name: string, ...args: (number | string)[]]

/**
 * What most programs do: a C library's start, static and dynamic, then files, a pipe, a child. In order; the child goes on after clone(2),
 * too. Texts stand for their addresses. Calls that the architecture does not have are left out.
 */
const CALLS: readonly Call[] = [
  ['mmap', DATA_ADDRESS, DATA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0],
  ['brk', 0],
  ['access', '/etc/ld.so.preload', 4],
  ['faccessat', AT_FDCWD, '/etc/ld.so.preload', 4],
  ['arch_prctl', ARCH_SET_FS, DATA_ADDRESS],
  ['set_tid_address', DATA_ADDRESS],
  ['set_robust_list', DATA_ADDRESS, 24],
  ['rseq', DATA_ADDRESS, 0, 0, 0],
  ['prlimit64', 0, RLIMIT_STACK, 0, DATA_ADDRESS],
  ['readlinkat', AT_FDCWD, '/proc/self/exe', DATA_ADDRESS, 4096],
  ['readlink', '/proc/self/exe', DATA_ADDRESS, 4096],
  ['getrandom', DATA_ADDRESS, 8, 1],
  ['futex', DATA_ADDRESS, FUTEX_WAKE, 1, 0, 0, 0],
  ['fstat', 1, DATA_ADDRESS],
  ['read', 0, DATA_ADDRESS, 64],
  ['close', 0],
  ['close', 1],
  ['close', 2],
  ['openat', AT_FDCWD, '/proc/self/exe', 0],
  ['read', FD, DATA_ADDRESS, DATA_BYTES],
  ['pread64', FD, DATA_ADDRESS, 64, 64],
  ['newfstatat', FD, '', DATA_ADDRESS, AT_EMPTY_PATH],
  ['mmap', FILE_ADDRESS, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, FD, 0],
  ['lseek', FD, 0, 0],
  ['read', FD, FILE_ADDRESS, 64],
  ['close', FD],
  ['openat', AT_FDCWD, '/no/such/file', 0],
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
  ['getcwd', DATA_ADDRESS, 4096],
  ['uname', DATA_ADDRESS],
  ['getpid'],
  ['getuid'],
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
export async function warmUp(choice: PlatformChoice, directory: string): Promise<void> {
  try {
    const {platform} = await openPlatform(choice, MEMORY_BYTES, 1)
    try {
      const sentry = new Sentry(platform, {volumes: []})
      const [onHost] = storePrograms(directory, 1)
      const program = {program: 'warm-up', onHost, args: [], env: {}, streams: []}
      const started = new StartedProgram(sentry, program, {}, new Run())
      sentry.kernel.run(started.process)
      started.finish()
      sentry.dispose()
    } finally {
      platform[Symbol.dispose]()
    }
  } catch {
    // It was only a warm-up.
  }
}

/**
 * Programs for so many warm-ups, open: all from one file, which is removed.
 * @param directory where a file may be made for a moment
 * @throws Error of node:fs
 */
export function storePrograms(directory: string, count: number): HostProgram[] {
  // In a PID namespace, many processes have the same pid, and one that was killed may have left its file.
  const path = join(directory, `warm-up.${process.pid}-${process.hrtime.bigint()}`)
  const made = openSync(path, 'wx', 0o700)
  try {
    writeSync(made, programFile())
    return Array.from({length: count}, () => ({fd: openSync(path, 'r'), path, name: path}))
  } finally {
    closeSync(made)
    rmSync(path)
  }
}

/** An ELF file of two segments: the code; and the calls that it makes, with their texts and zeros. */
export function programFile(): Uint8Array {
  const calls = CALLS.flatMap(([name, ...args]) => {
    const number = numberOf(name)
    return number === undefined ? [] : [[number, ...args]]
  })
  const callsAt = CODE_AT + arch.callListDistance
  let textsAt = callsAt + calls.length * WORDS * 8
  const texts = new Map<string, number>()
  for (const text of calls.flat()) {
    if (typeof text === 'number' || texts.has(text)) continue
    texts.set(text, textsAt)
    textsAt += text.length + 1
  }
  // Its last page is not whole, so that the rest must be cleared.
  const bytes = new Uint8Array(WRITTEN_ADDRESS - CODE_ADDRESS + WRITTEN_BYTES - 1)
  writeHeaders(new DataView(bytes.buffer))
  bytes.set(arch.callList, CODE_AT)
  const words = new BigInt64Array(calls.length * WORDS)
  calls.forEach((call, index) => {
    call.forEach((word, place) => {
      words[index * WORDS + place] = BigInt(typeof word === 'number' ? word : CODE_ADDRESS + texts.get(word)!)
    })
  })
  bytes.set(new Uint8Array(words.buffer), callsAt)
  for (const [text, at] of texts) bytes.set(new TextEncoder().encode(text), at)
  return bytes
}

function writeHeaders(view: DataView): void {
  const machine = arch.name === 'x86_64' ? elf.EM_X86_64 : elf.EM_AARCH64
  setElfHeader(view, {type: elf.ET_EXEC, machine, entry: CODE_ADDRESS + CODE_AT, segments: SEGMENTS})
  const loaded = {type: elf.PT_LOAD, align: PAGE_SIZE}
  const code = {offset: 0, address: CODE_ADDRESS, bytes: CODE_AT + arch.callList.length}
  setSegmentHeader(view, 0, {...loaded, ...code, flags: elf.PF_R | elf.PF_X, memory: code.bytes})
  const offset = WRITTEN_ADDRESS - CODE_ADDRESS
  const written = {offset, address: WRITTEN_ADDRESS, bytes: view.byteLength - offset}
  const memory = written.bytes + ZERO_BYTES
  setSegmentHeader(view, 1, {...loaded, ...written, flags: elf.PF_R | elf.PF_W, memory})
}

/** @returns undefined: this architecture has no such call */
function numberOf(name: string): number | undefined {
  return table.find((row) => row.name === name)![arch.name]
}
