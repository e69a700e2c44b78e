// findVmcoreinfo: what a Linux kernel says of itself for crash dumps: its release, where it is, how its structures are laid out.
//
// Linux keeps it as a note of an ELF core file, at the start of a page of its own (kernel/vmcore_info.c; core's readers know its text from
// Documentation/admin-guide/kdump/vmcoreinfo.rst). The memory is untrusted: each page is looked at once, and a program in the machine can
// put a note of its own there.

import {orUndefined} from '../../errors.ts'
import type {GuestMemory} from '../../vm/guest-memory.ts'
import type {MemoryPiece} from '../boot/memory-pieces.ts'

/** A note's header: the lengths of its name and of its text, its type; then the name, filled up to a multiple of 4 bytes. */
const NAME = 'VMCOREINFO\0'
const TEXT_AT = 12 + 12
const TEXT_START = 'OSRELEASE='
/** VMCOREINFO_BYTES is a page; arm64 has pages of 64 KiB. */
const TEXT_MAX = 2 ** 16
/** The least alignment. */
const PAGE_BYTES = 4096
const PAGE_WORDS = PAGE_BYTES / 4
/** A view lies in one memory slot, and slots begin and end at a multiple of this. */
const VIEW_BYTES = 2 ** 20

type Memory = Pick<GuestMemory, 'view'>

/** @returns the text of the first one; undefined: there is none */
export function findVmcoreinfo(memory: Memory, pieces: readonly MemoryPiece[]): Uint8Array | undefined {
  for (const {address, bytes} of pieces) {
    for (let at = 0; at < bytes; ) {
      const length = Math.min(VIEW_BYTES - ((address + at) % VIEW_BYTES), bytes - at)
      const view = memory.view(address + at, length)
      const words = new Uint32Array(view.buffer, view.byteOffset, length >>> 2)
      for (let word = 0; word < words.length; word += PAGE_WORDS) {
        if (words[word] !== NAME.length) continue
        const text = textAt(memory, address + at + 4 * word)
        if (text !== undefined) return text
      }
      at += length
    }
  }
  return undefined
}

function textAt(memory: Memory, address: number): Uint8Array | undefined {
  // A copy: the guest's devices may write meanwhile.
  const copy = (at: number, length: number): Buffer | undefined =>
    orUndefined(() => Buffer.from(memory.view(at, length)))
  const head = copy(address, TEXT_AT)
  if (head === undefined) return undefined
  const [length, type] = [head.readUInt32LE(4), head.readUInt32LE(8)]
  if (type !== 0 || length > TEXT_MAX || head.toString('latin1', 12, 12 + NAME.length) !== NAME)
    return undefined
  const text = copy(address + TEXT_AT, length)
  return text?.toString('latin1', 0, TEXT_START.length) === TEXT_START ? text : undefined
}
