// The IPC limits in /proc/sys: kernel/{shm,sem,msg}* and fs/mqueue: proc(5), mq_overview(7).

import * as ipc from '../../abi/ipc.ts'
import * as mqueue from '../../abi/ipc.ts'
import type {Entries} from './proc-nodes.ts'
import {constant} from './proc-text.ts'

/** In kernel/. */
export const sysvipcLimits: Entries = {
  msgmax: constant(ipc.MSGMAX),
  msgmnb: constant(ipc.MSGMNB),
  msgmni: constant(ipc.MSGMNI),
  sem: constant(`${ipc.SEMMSL}\t${ipc.SEMMNS}\t${ipc.SEMOPM}\t${ipc.SEMMNI}`),
  shm_rmid_forced: constant(0),
  shmall: constant(ipc.SHMALL),
  shmmax: constant(ipc.SHMMAX),
  shmmni: constant(ipc.SHMMNI),
}

/** In fs/mqueue/. */
export const mqueueLimits: Entries = {
  msg_default: constant(mqueue.MQ_MSG_DEFAULT),
  msg_max: constant(mqueue.MQ_MSG_MAX),
  msgsize_default: constant(mqueue.MQ_MSGSIZE_DEFAULT),
  msgsize_max: constant(mqueue.MQ_MSGSIZE_MAX),
  queues_max: constant(mqueue.MQ_QUEUES_MAX),
}
