// A watch of a guest's file or directory: the owner asks for changes, and is answered when there are some.

import type {FileChange, FoundChange} from '../../../sentry/outside/files/operations.ts'
import type {ByteString} from '../../../vfs/file.ts'
import {callListener} from '../call-listener.ts'
import {toText} from './file-paths.ts'
import type {RemoteFiles} from './remote-files.ts'

/** What `SandboxFiles.watch` returns. @see {@link SandboxFiles.watch} */
export interface SandboxWatch {
  /** Ends the calls of the listener. */
  close(): void
  [Symbol.dispose](): void
}

/**
 * For SandboxFiles.
 * @throws GuestErrno, HvError
 * @internal
 */
export async function watch(
  files: RemoteFiles,
  path: ByteString,
  listener: (change: FileChange) => void,
): Promise<SandboxWatch> {
  const {answer} = await files.ask({name: 'watch', at: {path}})
  const handle = answer.handle!
  let isOpen = true
  const listen = async (): Promise<void> => {
    while (isOpen) {
      const {answer} = await files.ask({name: 'more', of: 'watch', handle, isEnd: false})
      for (const change of answer.changes!) if (isOpen) callListener(listener, toChange(change))
      isOpen &&= !answer.isEnd
    }
  }
  // The watch ends with the sandbox.
  listen().catch(() => {})
  const close = (): void => {
    if (isOpen) files.close(handle)
    isOpen = false
  }
  return {close, [Symbol.dispose]: close}
}

const toChange = ({kind, name}: FoundChange): FileChange => ({
  kind,
  ...(name !== undefined && {name: toText(name)}),
})
