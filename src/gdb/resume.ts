// c, s, C, S and vCont: which threads resume, and how (gdb's manual, E.2 "Packets").

import {toLinuxSignal} from './signals.ts'
import type {Resumption} from './target.ts'
import {type Processes, parseCount, parseHex, parseThreadId} from './words.ts'

/** The answer to vCont?. */
export const VCONT_ACTIONS = 'vCont;c;C;s;S;t;r'
/** More actions than a program can have threads make no sense. */
const MAX_ACTIONS = 2048

/**
 * `;ACTION[:THREAD]…`, after vCont.
 * @returns undefined when it is malformed
 */
export function parseActions(text: string, among: Processes): Resumption[] | undefined {
  const actions = text.split(';').slice(1)
  if (actions.length === 0 || actions.length > MAX_ACTIONS) return undefined
  const parsed: Resumption[] = []
  for (const action of actions) {
    const [what, id, ...rest] = action.split(':')
    const named = id === undefined ? ({thread: 'all'} as const) : parseThreadId(id, among)
    if (named === undefined || named.thread === 'any' || rest.length > 0) return undefined
    // It is stopped, and stays so.
    if (what === 't') continue
    const resumption = parseAction(what)
    if (resumption === undefined) return undefined
    parsed.push({...resumption, ...named, thread: named.thread === 'all' ? undefined : named.thread})
  }
  return parsed.length === 0 ? undefined : parsed
}

/**
 * c, s, and with a signal C, S, for the thread that H chose. An address to resume at is not accepted: gdb writes the register.
 * @returns undefined when it is malformed
 */
export function parsePlain(packet: string, thread: number | undefined): Resumption[] | undefined {
  const action = parseAction(packet)
  if (action === undefined) return undefined
  if (thread === undefined || action.kind === 'go') return [{...action, thread}]
  return [
    {...action, thread},
    {thread: undefined, kind: 'go', signal: 0},
  ]
}

function parseAction(text: string): Omit<Resumption, 'thread'> | undefined {
  const kind = /^[cC]/.test(text) ? 'go' : 'step'
  if (text === 'c' || text === 's') return {kind, signal: 0}
  if (text.startsWith('r')) {
    const [address, end, ...rest] = text.slice(1).split(',').map(parseHex)
    if (address === undefined || end === undefined || rest.length > 0) return undefined
    return {kind: 'step', signal: 0, range: {address, end}}
  }
  if (!/^[CS]/.test(text)) return undefined
  const number = parseCount(text.slice(1))
  const signal = number === undefined ? undefined : toLinuxSignal(number)
  return signal === undefined ? undefined : {kind, signal}
}
