// machineFiles: a machine's tree, for its embedder: hv itself serves that tree, and so answers without the machine.

import {ENOMEM, Errno} from '../../../abi/errno.ts'
import {initialCredentials, type User} from '../../../sentry/core/credentials.ts'
import type {FileResult} from '../../../sentry/outside/files/operations.ts'
import {OwnerFiles} from '../../../sentry/outside/files/owner-files.ts'
import {isOutgrown} from '../../../sentry/task/outgrown.ts'
import type {Mount} from '../../../vfs/location.ts'
import type {VirtualFileSystem} from '../../../vfs/virtual-file-system.ts'
import type {FileRequest} from '../../protocol/messages.ts'
import {RemoteFiles} from '../files/remote-files.ts'

const NO_BYTES = new Uint8Array(0)

export interface MachineFiles {
  readonly remote: RemoteFiles
  close(): void
}

/** @param requireOpen throws when the machine is closed, or has ended */
export function machineFiles(
  {mount, vfs}: {mount: Mount; vfs: VirtualFileSystem},
  user: User,
  requireOpen: () => void,
): MachineFiles {
  // No process of hv's own has its files mapped.
  const tree = {rootMount: mount, vfs, processes: new Map(), current: undefined}
  const files = new OwnerFiles(tree, initialCredentials(user))
  const remote = new RemoteFiles((request) => {
    requireOpen()
    // Later: whoever asks waits for the answer only then. The tree outlives the machine's end by more than that.
    queueMicrotask(() => answer(request))
  })
  function answer({id, operation, bytes}: FileRequest): void {
    const answered = ({answer, bytes: given = NO_BYTES}: FileResult): void =>
      remote.answered({kind: 'filed', id, answer, bytes: new Uint8Array(given)})
    try {
      const now = files.answer(operation, bytes, answered)
      if (now !== undefined) answered(now)
    } catch (error) {
      const errno = error instanceof Errno ? error.code : isOutgrown(error) ? ENOMEM : undefined
      if (errno === undefined) throw error
      remote.answered({kind: 'filed', id, errno, bytes: NO_BYTES})
    }
  }
  return {remote, close: () => files.close()}
}
