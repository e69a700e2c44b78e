// What gdb is told when the program has stopped (gdb's manual, E.3 "Stop Reply Packets").

import {toGdbSignal} from './signals.ts'
import type {Stop, Target} from './target.ts'
import {bytesToHex, textToHex, threadId} from './words.ts'

const SIGTRAP = 5
const WATCHES = {write: 'watch', read: 'rwatch', access: 'awatch'} as const

/** @param features those that gdb has named */
export function stopReply(stop: Stop, target: Target, features: ReadonlySet<string>): string {
  switch (stop.what) {
    case 'exited':
      return `W${byte(stop.code)}${ofProcess(stop.process, features)}`
    case 'killed':
      return `X${byte(toGdbSignal(stop.signal))}${ofProcess(stop.process, features)}`
    case 'thread-exited':
      return `w${byte(stop.code)};${threadId(stop.gone, {processOf: () => stop.process}, features)}`
    case 'nothing-left':
      return features.has('no-resumed') ? 'N' : `S${byte(0)}`
    default:
      return (
        `T${byte(toGdbSignal(stop.what === 'signal' ? stop.signal : SIGTRAP))}` +
        expedited(target, stop.thread) +
        `thread:${threadId(stop.thread, target, features)};` +
        reasonOf(stop, target, features)
      )
  }
}

function ofProcess(pid: number | undefined, features: ReadonlySet<string>): string {
  return pid !== undefined && features.has('multiprocess') ? `;process:${pid.toString(16)}` : ''
}

function reasonOf(stop: Stop, target: Target, features: ReadonlySet<string>): string {
  if (stop.what === 'breakpoint' && features.has('swbreak')) return 'swbreak:;'
  if (stop.what === 'watchpoint') return `${WATCHES[stop.kind ?? 'write']}:${stop.address.toString(16)};`
  if (stop.what === 'executed' && features.has('exec-events')) return `exec:${textToHex(stop.path)};`
  if (stop.what === 'fork' || stop.what === 'vfork')
    return `${stop.what}:${threadId(stop.child, target, features)};`
  if (stop.what === 'vforkdone') return 'vforkdone:;'
  if (stop.what === 'thread-created') return 'create:;'
  if (stop.what === 'syscall_entry' || stop.what === 'syscall_return')
    return `${stop.what}:${stop.call.toString(16)};`
  return ''
}

/** Registers that gdb would ask for next. */
function expedited(target: Target, thread: number): string {
  const {layout} = target
  if (!target.threads().includes(thread)) return ''
  const bytes = target.readRegisters(thread)
  return layout.expedited
    .map((number) => {
      const {offset, bytes: length} = layout.registers[number]
      return `${byte(number)}:${bytesToHex(bytes.subarray(offset, offset + length))};`
    })
    .join('')
}

function byte(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0')
}
