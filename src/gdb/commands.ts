// Packets that look at a stopped program or change it: registers, memory, points, threads (gdb's manual, E.2 "Packets").

import {fitting, MAX_PAYLOAD} from './packet.ts'
import type {Conversation} from './session.ts'
import {isBreakpoint, type PointKind} from './target.ts'
import {bytesToHex, parseBytes, parseCount, parseHex, parseRange, parseThreadId} from './words.ts'

const OK = 'OK'
/** The words are malformed. */
const BAD_WORDS = 'E01'
/** EFAULT. */
const NO_MEMORY = 'E0e'
const REFUSED = 'E16'

/** By the first word of a Z or z packet. */
const POINTS: Readonly<Record<string, PointKind>> = {
  ...{0: 'software', 1: 'hardware'},
  ...{2: 'write', 3: 'read', 4: 'access'},
}
/** Watched memory is compared. */
const MAX_WATCHED = 64

/** By a packet's first letter; `text` is what follows it. */
export const COMMANDS: Readonly<Record<string, (text: string, talk: Conversation) => string>> = {
  g: (_, {target, thread}) => {
    return target.threads().includes(thread) ? bytesToHex(target.readRegisters(thread)) : BAD_WORDS
  },
  G: (text, {target, thread}) => {
    const bytes = parseBytes(text)
    if (bytes === undefined || !target.threads().includes(thread)) return BAD_WORDS
    if (bytes.length !== target.layout.bytes) return BAD_WORDS
    return target.writeRegisters(thread, bytes) ? OK : REFUSED
  },
  p: (text, {target, thread}) => {
    const register = target.layout.registers[parseCount(text) ?? -1]
    if (register === undefined || !target.threads().includes(thread)) return BAD_WORDS
    const {offset, bytes} = register
    return bytesToHex(target.readRegisters(thread).subarray(offset, offset + bytes))
  },
  P: (text, {target, thread}) => {
    const [number, value = ''] = text.split('=')
    const register = target.layout.registers[parseCount(number) ?? -1]
    const bytes = parseBytes(value)
    if (register === undefined || bytes?.length !== register.bytes) return BAD_WORDS
    if (!target.threads().includes(thread)) return BAD_WORDS
    const all = target.readRegisters(thread).slice()
    all.set(bytes, register.offset)
    return target.writeRegisters(thread, all) ? OK : REFUSED
  },
  m: (text, {target, thread}) => {
    const range = parseRange(text)
    if (range === undefined) return BAD_WORDS
    const bytes = target.readMemory(range.address, Math.min(range.length, MAX_PAYLOAD / 2), thread)
    return bytes.length === 0 && range.length > 0 ? NO_MEMORY : bytesToHex(bytes)
  },
  x: (text, {target, thread}) => {
    const range = parseRange(text)
    if (range === undefined) return BAD_WORDS
    const bytes = target.readMemory(range.address, Math.min(range.length, MAX_PAYLOAD), thread)
    return bytes.length === 0 && range.length > 0 ? NO_MEMORY : `b${fitting(bytes, 1)}`
  },
  M: (text, talk) => write(text, talk, parseBytes),
  X: (text, talk) => write(text, talk, (bytes) => Buffer.from(bytes, 'latin1')),
  Z: (text, {target, thread}) => {
    const point = parsePoint(text)
    if (point === undefined) return BAD_WORDS
    if (point.kind === undefined) return ''
    const isAdded = target.addPoint(point.kind, point.address, point.length, thread)
    return isAdded === undefined ? '' : isAdded ? OK : NO_MEMORY
  },
  z: (text, {target, thread}) => {
    const point = parsePoint(text)
    if (point === undefined) return BAD_WORDS
    if (point.kind === undefined) return ''
    return target.removePoint(point.kind, point.address, point.length, thread) ? OK : NO_MEMORY
  },
  H: (text, talk) => {
    const {target} = talk
    const id = parseThreadId(text.slice(1), target)
    if (id === undefined) return BAD_WORDS
    const {thread, process} = id
    if (text[0] === 'c') talk.steppedThread = typeof thread === 'number' ? thread : undefined
    else if (text[0] !== 'g') return BAD_WORDS
    else if (typeof thread === 'number') {
      if (!target.threads().includes(thread)) return BAD_WORDS
      talk.thread = thread
    } else if (process !== undefined && target.processOf?.(talk.thread) !== process)
      talk.thread = target.threads().find((tid) => target.processOf?.(tid) === process) ?? talk.thread
    return OK
  },
  T: (text, {target}) => {
    const thread = parseThreadId(text, target)?.thread
    return typeof thread === 'number' && target.threads().includes(thread) ? OK : BAD_WORDS
  },
}

/** `ADDRESS,LENGTH:BYTES`. */
function write(
  text: string,
  {target, thread}: Conversation,
  parse: (text: string) => Uint8Array | undefined,
): string {
  const colon = text.indexOf(':')
  const range = colon < 0 ? undefined : parseRange(text.slice(0, colon))
  const bytes = range && parse(text.slice(colon + 1))
  if (range === undefined || bytes?.length !== range.length) return BAD_WORDS
  return bytes.length === 0 || target.writeMemory(range.address, bytes, thread) ? OK : NO_MEMORY
}

/** `TYPE,ADDRESS,KIND`; conditions after it were not offered. `kind` is undefined when there are no such points. */
function parsePoint(
  text: string,
): {kind: PointKind | undefined; address: bigint; length: number} | undefined {
  const [type, first, last = '', ...rest] = text.split(',')
  const address = parseHex(first ?? '')
  const length = parseCount(last)
  if (!/^[0-9]$/.test(type) || address === undefined || length === undefined || rest.length > 0)
    return undefined
  const kind = POINTS[type]
  const isWatch = kind !== undefined && !isBreakpoint(kind)
  if (isWatch && (length === 0 || length > MAX_WATCHED)) return {kind: undefined, address, length}
  return {kind, address, length}
}
