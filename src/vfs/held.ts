// Inodes without names: one lives on while it is held (by an open description, a working directory), and so do the
// removed directories that it was in. Its cost is given back when nobody holds it any longer.

export interface Holdable {
  /** Its holders: open descriptions, working directories, held removed inodes below it. */
  holds: number
  readonly isNameless: boolean
  /** Where it is, or was. */
  readonly parent: Holdable | undefined
  /** It has neither names nor holders any longer. */
  freed(): void
}

export function hold(inode: Holdable): void {
  for (let at: Holdable | undefined = inode; at !== undefined; at = at.parent) {
    if (++at.holds > 1 || !at.isNameless) return
  }
}

export function letGo(inode: Holdable): void {
  for (let at: Holdable | undefined = inode; at !== undefined; at = at.parent) {
    if (--at.holds > 0 || !at.isNameless) return
    at.freed()
  }
}

/** Its last name is gone. */
export function lostNames(inode: Holdable): void {
  if (inode.holds === 0) inode.freed()
  else if (inode.parent !== undefined) hold(inode.parent)
}
