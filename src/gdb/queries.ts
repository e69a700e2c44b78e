// q and Q packets: what gdb asks about the target and tells about itself (gdb's manual, E.4 "General Query Packets").

import {MAX_PAYLOAD} from './packet.ts'
import type {Conversation} from './session.ts'
import {toLinuxSignal} from './signals.ts'
import type {ForkKind, Target} from './target.ts'
import {parseCount, parseProcess, parseThreadId, textToHex, threadId} from './words.ts'

/** Thread ids in one answer: 8 bytes each. */
const IDS_AT_A_TIME = 256

/** Of processes: a machine has none. */
const PROCESS_FEATURES = [
  'multiprocess+',
  'fork-events+',
  'vfork-events+',
  'QCatchSyscalls+',
  'QThreadEvents+',
]
/** Of a target that starts programs. */
const START_FEATURES = [
  'QDisableRandomization+',
  'QEnvironmentHexEncoded+',
  'QEnvironmentUnset+',
  'QEnvironmentReset+',
  'QSetWorkingDir+',
]
const MAX_CAUGHT = 1024
const OWN_FEATURES = [
  `PacketSize=${MAX_PAYLOAD.toString(16)}`,
  'QStartNoAckMode+',
  'QPassSignals+',
  'qXfer:features:read+',
  'qXfer:auxv:read+',
  'qXfer:siginfo:read+',
  'qXfer:threads:read+',
  'swbreak+',
  'hwbreak+',
  'exec-events+',
  'vContSupported+',
  'binary-upload+',
  'no-resumed+',
]

/** @returns the answer, empty when there is no such query */
export function answerQuery(packet: string, talk: Conversation): string {
  const {target} = talk
  const [name, rest] = split(packet)
  switch (name) {
    case 'qSupported':
      talk.features = new Set(
        rest.split(';').flatMap((word) => (word.endsWith('+') ? [word.slice(0, -1)] : [])),
      )
      target.catchForks?.(
        new Set((['fork', 'vfork'] as ForkKind[]).filter((kind) => talk.features.has(`${kind}-events`))),
      )
      // When the file is not known, gdb has been given it, and must not look for another.
      return [
        ...OWN_FEATURES,
        ...(target.processes === undefined ? [] : PROCESS_FEATURES),
        ...(target.programs === undefined ? [] : START_FEATURES),
        ...(target.executable() === undefined ? [] : ['qXfer:exec-file:read+']),
      ].join(';')
    case 'QStartNoAckMode':
      talk.stopAcks()
      return 'OK'
    case 'QPassSignals':
      return passSignals(rest, talk)
    case 'QCatchSyscalls':
      return catchCalls(rest, talk)
    case 'QThreadEvents':
      return tellThreads(rest, target)
    case 'qC':
      return `QC${threadId(talk.thread, target, talk.features)}`
    case 'qAttached':
      return target.wasRunning ? '1' : '0'
    case 'qfThreadInfo':
      talk.untold = [...target.threads()]
      return nextThreads(talk)
    case 'qsThreadInfo':
      return nextThreads(talk)
    case 'qThreadExtraInfo': {
      const thread = parseThreadId(rest, target)?.thread
      if (typeof thread !== 'number' || !target.threads().includes(thread)) return 'E01'
      return textToHex(target.nameOf(thread))
    }
    case 'qXfer':
      return transfer(rest, talk)
    case 'qSymbol':
      return 'OK'
    default:
      return (target.programs && talk.next.answer(name, rest)) ?? ''
  }
}

/** `NAME:REST`, but thread ids follow a comma. */
function split(packet: string): [name: string, rest: string] {
  const end = packet.search(/[:,]/)
  return end < 0 ? [packet, ''] : [packet.slice(0, end), packet.slice(end + 1)]
}

/** gdb ends the list with a semicolon. */
function passSignals(list: string, {target}: Conversation): string {
  const words = list.replace(/;$/, '')
  const numbers = words === '' ? [] : words.split(';').map(parseCount)
  if (numbers.includes(undefined)) return 'E01'
  target.passSignals?.(new Set(numbers.flatMap((number) => toLinuxSignal(number!) ?? [])))
  return 'OK'
}

/** `0`, or `1` and the numbers of calls, if not all. */
function catchCalls(list: string, {target, thread}: Conversation): string {
  const [word, ...calls] = list.split(';')
  const numbers = calls.map(parseCount)
  if (target.catchCalls === undefined) return ''
  if (!/^[01]$/.test(word) || numbers.includes(undefined) || numbers.length > MAX_CAUGHT) return 'E01'
  target.catchCalls(word === '0' ? 'none' : calls.length === 0 ? 'all' : new Set(numbers as number[]), thread)
  return 'OK'
}

function tellThreads(word: string, target: Target): string {
  if (target.tellThreads === undefined) return ''
  if (!/^[01]$/.test(word)) return 'E01'
  target.tellThreads(word === '1')
  return 'OK'
}

function nextThreads(talk: Conversation): string {
  const ids = talk.untold.splice(0, IDS_AT_A_TIME)
  return ids.length === 0 ? 'l' : `m${ids.map((id) => threadId(id, talk.target, talk.features)).join(',')}`
}

/** `OBJECT:read:ANNEX:OFFSET,LENGTH`. */
function transfer(text: string, talk: Conversation): string {
  const [, object, annex, place] = /^([a-z-]+):read:([^:]*):([0-9a-f]+,[0-9a-f]+)$/i.exec(text) ?? []
  if (object === undefined) return ''
  const [offset, length] = place.split(',').map((word) => parseCount(word))
  if (offset === undefined || length === undefined) return 'E01'
  const whole = objectOf(object, annex, talk)
  if (whole === undefined) return 'E00'
  if (whole === '') return ''
  // Half of the payload: every byte may need an escape.
  const part = whole.slice(offset, offset + Math.min(length, MAX_PAYLOAD / 2 - 1))
  return `${offset + part.length < whole.length ? 'm' : 'l'}${part}`
}

/** @returns a byte string; undefined when there is no such part of it; empty when there is no such thing */
function objectOf(object: string, annex: string, talk: Conversation): string | undefined {
  const {target, thread} = talk
  switch (object) {
    case 'features':
      return annex === 'target.xml' ? target.layout.xml : undefined
    case 'auxv':
      return text(target.auxv?.(thread))
    case 'siginfo':
      return target.threads().includes(thread) ? text(target.signalInfo?.(thread)) : undefined
    case 'exec-file':
      return executableOf(annex, target)
    case 'threads':
      return annex === '' ? threadList(talk) : undefined
    default:
      return ''
  }
}

/** @param pid empty: of any process */
function executableOf(pid: string, target: Target): string | undefined {
  const process = pid === '' ? 'all' : parseProcess(pid, target)
  return process === undefined ? undefined : target.executable(process === 'all' ? undefined : process)
}

/** All threads, with their names, in XML. */
function threadList({target, features}: Conversation): string {
  const rows = target.threads().map((thread) => {
    const name = target.nameOf(thread).replace(/[^ -~]|[&<>"]/g, (char) => asXml(char))
    return `<thread id="${threadId(thread, target, features)}" name="${name}"/>\n`
  })
  return `<?xml version="1.0"?>\n<threads>\n${rows.join('')}</threads>\n`
}

/** XML has no control characters. */
function asXml(char: string): string {
  const code = char.charCodeAt(0)
  return code < 0x20 || code === 0x7f ? '?' : `&#${code};`
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1')
}
