// Embedding: what the maker of a kernel gives it, and may give it or be told: those fields are undefined or empty otherwise.

import type {BrokerLoss} from '../broker/protocol.ts'
import type {Host} from '../vfs/host.ts'
import type {VirtualFileSystem} from '../vfs/virtual-file-system.ts'
import type {Debugging} from './core/debugging.ts'
import type {Observer} from './core/observer.ts'
import type {Vdso} from './exec/vdso.ts'
import type {CallPatches} from './memory/call-patches.ts'
import type {MemoryMap} from './memory/memory-map.ts'

export class Embedding {
  readonly vfs: VirtualFileSystem
  readonly host: Host
  /** For a new program's memory; absent: its call sites are left as they are. */
  patchCalls: ((map: MemoryMap) => CallPatches) | undefined
  /** The vDSO's variables; absent: programs make system calls for the time. */
  vdso: Vdso | undefined
  /** The initial FP state of a program. */
  initialFpState: Uint8Array = new Uint8Array(0)
  readonly observers: Observer[] = []
  /** Takes the host's signals for the guest: a terminal's keys arrive in the order in which they were typed. */
  takeHostSignals: (() => void) | undefined
  /** Told once that nothing leads out of the sandbox any more. */
  onBrokerLost: ((how: BrokerLoss) => void) | undefined
  /** Set while a debugger may stop a program and look into it. */
  debugging: Debugging | undefined

  constructor(vfs: VirtualFileSystem) {
    this.vfs = vfs
    this.host = vfs.host
  }
}
