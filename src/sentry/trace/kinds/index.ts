// All kinds by the words that rows of the system call table use: of arguments, and of results.

import {F_DUPFD, F_DUPFD_CLOEXEC, F_GET_SEALS, F_GETFD, F_GETFL} from '../../../abi/fcntl.ts'
import type {Kind, Kinds} from '../kind.ts'
import {signalName} from '../names/signals.ts'
import {descriptor} from '../text/descriptor.ts'
import {hexOf, octal} from '../text/number.ts'
import type {TracedCall} from '../traced-call.ts'
import {capabilities} from './capabilities.ts'
import {control} from './control.ts'
import {files} from './files.ts'
import {futex} from './futex.ts'
import {interprocess} from './ipc.ts'
import {interprocessControl} from './ipc-control.ts'
import {memory} from './memory.ts'
import {messages} from './messages.ts'
import {numbers} from './numbers.ts'
import {polling} from './poll.ts'
import {prctl} from './prctl.ts'
import {membarrierSet, personalityName, process, schedulerName} from './process.ts'
import {seccomp} from './seccomp.ts'
import {signals} from './signals.ts'
import {sockets} from './sockets.ts'
import {stat} from './stat.ts'
import {text} from './text.ts'
import {times} from './time.ts'

type ShowResult = (result: number, call: TracedCall) => string

const duplicates: ReadonlySet<number> = new Set([F_DUPFD, F_DUPFD_CLOEXEC])
const flagged: ReadonlySet<number> = new Set([F_GETFD, F_GETFL, F_GET_SEALS])

const results: Readonly<Record<string, ShowResult>> = {
  ptr: hexOf,
  octal,
  fd: (result, call) => descriptor(call, result),
  sig: (result) => `${result} (${signalName(result)})`,
  scheduler: (result) => `${result} (${schedulerName(result)})`,
  personality: (result) => `${hexOf(result)} (${personalityName(result)})`,
  /** MEMBARRIER_CMD_QUERY's: a set of commands. */
  membarrier: (result, call) =>
    call.int32(0) === 0 && result > 0 ? `${hexOf(result)} (${membarrierSet(result)})` : String(result),
  /** Flags for some commands of fcntl(2), a descriptor or a number for others. */
  fcntl(result, call) {
    const command = call.int32(1)
    if (flagged.has(command)) return hexOf(result)
    return duplicates.has(command) ? descriptor(call, result) : String(result)
  },
}

/** undefined for a word that has no kind. */
export function resultKindOf(word: string): ShowResult | undefined {
  return Object.hasOwn(results, word) ? results[word] : undefined
}

const kinds: Kinds = {
  ...numbers,
  ...text,
  ...files,
  ...memory,
  ...stat,
  ...times,
  ...signals,
  ...polling,
  ...control,
  ...process,
  ...prctl,
  ...seccomp,
  ...capabilities,
  ...sockets,
  ...messages,
  ...futex,
  ...interprocess,
  ...interprocessControl,
}

/** The kind of an argument; undefined for a word that has none. */
export function kindOf(word: string): Kind | undefined {
  return Object.hasOwn(kinds, word) ? kinds[word] : undefined
}
