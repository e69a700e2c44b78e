// FsContext: where a task's paths start, and its umask: Linux's fs_struct. CLONE_FS shares it.

import type {Location} from '../../vfs/location.ts'

export class FsContext {
  umask: number
  #root: Location
  #cwd: Location
  #users = 1

  constructor(root: Location, cwd: Location, umask: number) {
    this.#root = root
    this.#cwd = cwd
    this.umask = umask
    root.inode.hold?.()
    cwd.inode.hold?.()
  }

  get root(): Location {
    return this.#root
  }

  set root(root: Location) {
    root.inode.hold?.()
    this.#root.inode.letGo?.()
    this.#root = root
  }

  get cwd(): Location {
    return this.#cwd
  }

  set cwd(cwd: Location) {
    cwd.inode.hold?.()
    this.#cwd.inode.letGo?.()
    this.#cwd = cwd
  }

  /** How many tasks use it. */
  get users(): number {
    return this.#users
  }

  get isShared(): boolean {
    return this.#users > 1
  }

  /** One more task uses it: CLONE_FS. */
  share(): this {
    this.#users++
    return this
  }

  copy(): FsContext {
    return new FsContext(this.#root, this.#cwd, this.umask)
  }

  /** A task is done with it. */
  release(): void {
    if (--this.#users > 0) return
    this.#root.inode.letGo?.()
    this.#cwd.inode.letGo?.()
  }
}
