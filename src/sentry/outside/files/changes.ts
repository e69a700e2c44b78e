// Changes: what happens to a file, or in a directory, that a sandbox's owner watches, until it is reported.

import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
} from '../../../abi/inotify.ts'
import type {ByteString, Inode} from '../../../vfs/file.ts'
import {addWatcher, removeWatcher, type Watcher, watchedInode} from '../../../vfs/watchers.ts'
import type {Handle} from './handles.ts'
import {type ChangeKind, type FileResult, type FoundChange, PIECE_CHANGES} from './operations.ts'

const KINDS: readonly (readonly [event: number, kind: ChangeKind])[] = [
  [IN_CREATE | IN_MOVED_TO, 'create'],
  [IN_MODIFY, 'write'],
  [IN_ATTRIB, 'attributes'],
  [IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF, 'remove'],
]

export class Changes implements Handle, Watcher {
  readonly #inode: Inode
  #changes: FoundChange[] = []
  #isBegun = false
  #isGone = false
  /** Set when the owner has asked and there was nothing to report. */
  #later: ((answered: FileResult) => void) | undefined

  constructor(inode: Inode) {
    this.#inode = watchedInode(inode)
    addWatcher(this.#inode, this)
  }

  /** The first answer says whether it is watched; later ones have at least one change, or the end. */
  more(_bytes: Uint8Array, _isEnd: boolean, later: (answered: FileResult) => void): FileResult | undefined {
    if (!this.#isBegun) {
      this.#isBegun = true
      return {answer: {isEnd: false}}
    }
    if (this.#changes.length > 0 || this.#isGone) return this.#take()
    this.#later = later
    return undefined
  }

  tell(event: number, name: ByteString | undefined, _cookie: number, isUnlinked: boolean): void {
    const kind = KINDS.find(([events]) => event & events)?.[1]
    if (kind === undefined || isUnlinked) return
    const last = this.#changes.at(-1)
    const change = {kind, ...(name !== undefined && {name})}
    if (last?.kind === kind && last.name === change.name) return
    if (this.#changes.length < PIECE_CHANGES - 1) this.#changes.push(change)
    else if (last?.kind !== 'overflow') this.#changes.push({kind: 'overflow'})
    this.#answer()
  }

  gone(): void {
    this.#isGone = true
    this.#answer()
  }

  close(): void {
    removeWatcher(this.#inode, this)
    this.gone()
  }

  #answer(): void {
    const later = this.#later
    this.#later = undefined
    later?.(this.#take())
  }

  #take(): FileResult {
    const changes = this.#changes
    this.#changes = []
    return {answer: {isEnd: this.#isGone, changes}}
  }
}
