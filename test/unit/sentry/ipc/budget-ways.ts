// Ways to make the sentry hold more and more IPC objects: for budget.test.ts.

import {ENOMEM} from '../../../../src/abi/errno.ts'
import {IPC_CREAT} from '../../../../src/abi/ipc.ts'
import {O_CREAT, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {type Credentials, capabilitiesOf} from '../../../../src/sentry/core/credentials.ts'
import {MessageQueue, MessageQueues} from '../../../../src/sentry/ipc/message-queue.ts'
import {IpcPermission} from '../../../../src/sentry/ipc/permission.ts'
import {PosixQueues} from '../../../../src/sentry/ipc/posix-queues.ts'
import {type SemaphoreSet, SemaphoreSets} from '../../../../src/sentry/ipc/semaphore-set.ts'
import {SemaphoreUndo} from '../../../../src/sentry/ipc/semaphore-undo.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import type {Way} from '../growth.ts'

const vfs = new VirtualFileSystem(nativeHost)

const OWNER: Credentials = {
  ...{uid: 0, gid: 0, groups: [], ...capabilitiesOf(0)},
  ...{ruid: 0, euid: 0, suid: 0, rgid: 0, egid: 0, sgid: 0},
}

function permissionOf(i: number): IpcPermission {
  return new IpcPermission(i + 1, 0o600, OWNER)
}

function semaphoreSetsOf(budget: Budget): (i: number) => SemaphoreSet {
  const sets = new SemaphoreSets({budget, vfs})
  return (i) => {
    const set = sets.create(permissionOf(i), 10)
    sets.open(OWNER, i + 1, IPC_CREAT, () => set)
    return set
  }
}

/** A name cut out of a path of 4 KB. */
function longName(i: number): string {
  return `${'/'.repeat(3500)}${'n'.repeat(240)}${i}`.slice(3500)
}

export const ipcWays: readonly Way[] = [
  ['semaphore sets', ENOMEM, (budget) => semaphoreSetsOf(budget)],
  [
    'SEM_UNDOs',
    ENOMEM,
    (budget) => {
      const set = semaphoreSetsOf(new Budget())(0)
      return () => {
        const undo = new SemaphoreUndo(budget)
        undo.reserve(set)
        undo.set(set, 0, 1)
        return undo
      }
    },
  ],
  [
    'message queues',
    ENOMEM,
    (budget) => {
      const queues = new MessageQueues({budget, vfs})
      return (i) => {
        queues.open(OWNER, i + 1, IPC_CREAT, (permission) => queues.create(permission))
        return queues
      }
    },
  ],
  [
    'messages',
    ENOMEM,
    (budget) => {
      const queue = new MessageQueue(permissionOf(0), budget, vfs.clock)
      return (i) => {
        queue.send({type: 2n ** 60n + BigInt(i), text: new Uint8Array(i % 20)}, 7)
        return queue
      }
    },
  ],
  [
    'POSIX message queues',
    ENOMEM,
    (budget) => {
      const queues = new PosixQueues({vfs, budget, current: undefined})
      const request = {flags: O_RDWR | O_CREAT, mode: 0o600, size: undefined, who: OWNER, mostBytes: 1e12}
      return (i) => queues.open({...request, name: longName(i)})
    },
  ],
]
