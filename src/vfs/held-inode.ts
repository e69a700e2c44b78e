// HeldInode: one that lives on without names while it is held (by an open description, a working directory), and so do the
// removed directories that it was in. Its cost is given back when nobody holds it any longer.

import {PlacedInode} from './inode.ts'

export abstract class HeldInode<Directory extends HeldInode<Directory>> extends PlacedInode<Directory> {
  /** Its holders: open descriptions, working directories, held removed inodes below it. */
  #holds = 0

  abstract readonly isNameless: boolean

  /** It has neither names nor holders any longer. */
  abstract freed(): void

  override get holds(): number {
    return this.#holds
  }

  override hold(): void {
    for (let at: HeldInode<Directory> | undefined = this; at !== undefined; at = at.parent) {
      if (++at.#holds > 1 || !at.isNameless) return
    }
  }

  override letGo(): void {
    for (let at: HeldInode<Directory> | undefined = this; at !== undefined; at = at.parent) {
      if (--at.#holds > 0 || !at.isNameless) return
      at.freed()
    }
  }

  /** Its last name is gone. */
  lostNames(): void {
    if (this.#holds === 0) this.freed()
    else this.parent?.hold()
  }
}
