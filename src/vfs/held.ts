// Inodes without names: one lives on while somebody holds it (an open description, a working directory), and with it the
// removed directories that it was in. What it costs is given back when nobody does.

export interface Holdable {
  /** Who holds it: open descriptions, working directories, removed inodes below that are held. */
  holds: number
  readonly isNameless: boolean
  /** Where it is, or was. */
  readonly parent: Holdable | undefined
  /** It has neither names nor holders any more. */
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
