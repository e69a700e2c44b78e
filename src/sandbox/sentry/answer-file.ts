// answerFile: answers, in the sentry, what a sandbox's owner asks of its files.

import {ENOMEM, Errno} from '../../abi/errno.ts'
import type {FileResult} from '../../sentry/outside/files/operations.ts'
import {OwnerFiles} from '../../sentry/outside/files/owner-files.ts'
import type {Sentry} from '../../sentry/outside/sentry.ts'
import {unveilRulesOf} from '../../sentry/pledge/restrict.ts'
import {isOutgrown} from '../../sentry/task/outgrown.ts'
import {type FileRequest, type SentrySettings, toWire} from '../protocol/messages.ts'
import type {SentryPort} from './port.ts'

export function ownerFiles({kernel, credentials}: Sentry, {unveil}: SentrySettings): OwnerFiles {
  const context = {root: kernel.rootMount.top, credentials}
  return new OwnerFiles(kernel, credentials, unveil && (() => unveilRulesOf(unveil, context)))
}

export function answerFile(port: SentryPort, files: OwnerFiles, {id, operation, bytes}: FileRequest): void {
  const answered = ({answer, bytes: given = new Uint8Array(0)}: FileResult): void =>
    port.post({kind: 'filed', id, answer, bytes: given})
  try {
    const now = files.answer(operation, bytes, answered)
    if (now !== undefined) answered(now)
  } catch (error) {
    const errno = error instanceof Errno ? error.code : isOutgrown(error) ? ENOMEM : undefined
    if (errno === undefined) port.post({kind: 'failed', error: toWire(error)})
    else port.post({kind: 'filed', id, errno, bytes: new Uint8Array(0)})
  }
}
