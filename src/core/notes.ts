// Notes of a core file: core(5); struct elf_prstatus, elf_prpsinfo and NT_FILE of Linux's include/linux/elfcore.h and fs/binfmt_elf.c,
// which are the same on x86_64 and arm64 except for the registers.

import {NT_PRSTATUS} from '../abi/elf.ts'
import type {CoreNote} from '../arch/debug.ts'

const NT_PRPSINFO = 3
const NT_AUXV = 6
const NT_SIGINFO = 0x53494749
const NT_FILE = 0x46494c45

const PRSTATUS_REGISTERS = 112
const PRPSINFO_BYTES = 136
const FNAME_BYTES = 16
const ARGUMENTS_BYTES = 80
/** core_file_note_size_limit: a program may have any number of long paths. */
const MAX_FILES_BYTES = 4 << 20

export interface ProcessIds {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
}

export interface ThreadStatus extends ProcessIds {
  /** The thread's; the process's number appears nowhere here. */
  readonly pid: number
  /** The signal that killed the process. */
  readonly signal: number
  /** Bits: signal 1 is bit 0. */
  readonly pending: bigint
  readonly blocked: bigint
  /** Nanoseconds of CPU time. */
  readonly cpuNs: number
  /** elf_gregset_t. */
  readonly registers: Uint8Array
}

export function statusNote(status: ThreadStatus): CoreNote {
  const bytes = new Uint8Array(PRSTATUS_REGISTERS + status.registers.length + 8)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, status.signal, true)
  view.setInt16(12, status.signal, true)
  view.setBigUint64(16, status.pending, true)
  view.setBigUint64(24, status.blocked, true)
  setIds(view, 32, status)
  view.setBigInt64(48, BigInt(Math.floor(status.cpuNs / 1e9)), true)
  view.setBigInt64(56, BigInt(Math.floor((status.cpuNs % 1e9) / 1e3)), true)
  bytes.set(status.registers, PRSTATUS_REGISTERS)
  // pr_fpvalid.
  view.setInt32(PRSTATUS_REGISTERS + status.registers.length, 1, true)
  return {owner: 'CORE', type: NT_PRSTATUS, bytes}
}

export interface ProcessInfo extends ProcessIds {
  readonly uid: number
  readonly gid: number
  readonly nice: number
  /** comm, and the arguments: byte strings. */
  readonly name: string
  readonly argv: readonly string[]
}

export function processNote(info: ProcessInfo): CoreNote {
  const bytes = new Uint8Array(PRPSINFO_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[1] = 'R'.charCodeAt(0)
  view.setInt8(3, info.nice)
  view.setUint32(16, info.uid, true)
  view.setUint32(20, info.gid, true)
  setIds(view, 24, info)
  setText(bytes.subarray(40, 40 + FNAME_BYTES), info.name)
  setText(bytes.subarray(40 + FNAME_BYTES, 40 + FNAME_BYTES + ARGUMENTS_BYTES), info.argv.join(' '))
  return {owner: 'CORE', type: NT_PRPSINFO, bytes}
}

/** @param info siginfo_t */
export const signalNote = (info: Uint8Array): CoreNote => ({owner: 'CORE', type: NT_SIGINFO, bytes: info})
export const auxvNote = (auxv: Uint8Array): CoreNote => ({owner: 'CORE', type: NT_AUXV, bytes: auxv})

/** A mapped part of a file: in bytes, except for `page`. */
export interface MappedFile {
  readonly start: number
  readonly end: number
  /** The file offset of its start, in pages. */
  readonly page: number
  /** A byte string. */
  readonly path: string
}

/** Files past the limit are left out. */
export function filesNote(files: Iterable<MappedFile>, pageBytes: number): CoreNote {
  const listed: MappedFile[] = []
  let room = MAX_FILES_BYTES
  for (const file of files) {
    room -= 24 + file.path.length + 1
    if (room < 0) break
    listed.push(file)
  }
  const head = new BigUint64Array(2 + 3 * listed.length)
  head.set([BigInt(listed.length), BigInt(pageBytes)])
  listed.forEach(({start, end, page}, i) => {
    head.set([BigInt(start), BigInt(end), BigInt(page)], 2 + 3 * i)
  })
  const names = Buffer.from(listed.map(({path}) => `${path}\0`).join(''), 'latin1')
  return {owner: 'CORE', type: NT_FILE, bytes: Buffer.concat([new Uint8Array(head.buffer), names])}
}

function setIds(view: DataView, at: number, {pid, parent, group, session}: ProcessIds): void {
  ;[pid, parent, group, session].forEach((id, i) => {
    view.setInt32(at + 4 * i, id, true)
  })
}

/** Ends the text with a NUL. */
function setText(field: Uint8Array, text: string): void {
  field.set(Buffer.from(text.slice(0, field.length - 1), 'latin1'))
}
