// HostSocket: a socket's name on the host. A socket of the guest can be bound to it; one that the host bound is never reached.

import {check} from '../host-calls.ts'
import {HostNode} from './host-node.ts'

const NONE = -1

export class HostSocket extends HostNode {
  /** Keeps the file, and its number for it alone, while a socket is bound to this. */
  #fd = NONE

  override pin(): void {
    const [directory, name] = this.handle()
    this.#fd = this.admit(check(this.fs.files.hostOpenPath(directory, name)))
  }

  override unpin(): void {
    this.fs.files.hostClose(this.#fd)
    this.#fd = NONE
  }

  protected override handle(): [fd: number, name: string] {
    return this.#fd === NONE ? super.handle() : [this.#fd, '']
  }
}
