// exitOf: how a program ended, as its owner is told.

import {signalName} from '../../abi/signal.ts'
import type {RunOutcome} from '../protocol/messages.ts'
import type {SandboxExit} from './options.ts'

export function exitOf({result}: RunOutcome): SandboxExit {
  const {
    exitCode,
    signal,
    timedOut,
    timedOutBy,
    outOfMemory = false,
    broken,
    refused,
    neededRules,
    stats,
  } = result
  return {
    exitCode,
    signal: signal === null ? null : signalName(signal),
    timedOut,
    ...(timedOut && {timedOutBy: timedOutBy ?? 'time'}),
    outOfMemory,
    ...(broken && {broken}),
    ...(refused && Object.keys(refused).length > 0 && {refused}),
    ...(neededRules && {neededRules}),
    stats,
  }
}
