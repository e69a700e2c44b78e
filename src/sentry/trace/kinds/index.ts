// All kinds by the word that rows of the system call table use.

import type {Kind, Kinds} from '../kind.ts'
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
import {process} from './process.ts'
import {signals} from './signals.ts'
import {sockets} from './sockets.ts'
import {stat} from './stat.ts'
import {text} from './text.ts'
import {times} from './time.ts'

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
