// Calls that Linux has and the table of this sentry has not: ENOSYS. A trace names them. A table, so it may be long.

import {ENOSYS} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import {refuse} from '../syscalls/refuse.ts'
import type {Row} from '../syscalls/syscall.ts'

const row = (name: string, x86_64: number | undefined, arm64: number | undefined, args: string): Row => ({
  name,
  x86_64,
  arm64,
  args,
  promises: '',
  run: refuse(ENOSYS),
})

export const unanswered: readonly Row[] = [
  row('shmget', 29, 194, 'hex size hex'),
  row('shmctl', 31, 195, 'int int ptr'),
  row('shmat', 30, 196, 'int ptr hex'),
  row('shmdt', 67, 197, 'ptr'),
  row('semget', 64, 190, 'hex int hex'),
  row('semctl', 66, 191, 'int int int hex'),
  row('semtimedop', 220, 192, 'int ptr size timespec'),
  row('semop', 65, 193, 'int ptr size'),
  row('msgget', 68, 186, 'hex hex'),
  row('msgctl', 71, 187, 'int int ptr'),
  row('msgrcv', 70, 188, 'int ptr size long hex'),
  row('msgsnd', 69, 189, 'int ptr size hex'),
  row('mq_open', 240, 180, 'str openflags octal ptr'),
  row('mq_unlink', 241, 181, 'str'),
  row('mq_timedsend', 242, 182, 'fd in size uint timespec'),
  row('mq_timedreceive', 243, 183, 'fd ptr size ptr timespec'),
  row('mq_notify', 244, 184, 'fd sigevent'),
  row('mq_getsetattr', 245, 185, 'fd ptr ptr'),
  row('remap_file_pages', 216, 234, 'ptr size prot size mapflags'),
  row('pkey_mprotect', 329, 288, 'ptr size prot int'),
  row('pkey_alloc', 330, 289, 'hex hex'),
  row('pkey_free', 331, 290, 'int'),
  row('memfd_secret', 447, 447, 'hex'),
  row('process_madvise', 440, 440, 'fd ptr size advice hex'),
  row('process_mrelease', 448, 448, 'fd hex'),
  row('mbind', 237, 235, 'ptr size hex ptr size hex'),
  row('set_mempolicy', 238, 237, 'hex ptr size'),
  row('get_mempolicy', 239, 236, 'ptr ptr size ptr hex'),
  row('migrate_pages', 256, 238, 'int size ptr ptr'),
  row('move_pages', 279, 239, 'int size ptr ptr ptr hex'),
  row('set_mempolicy_home_node', 450, 450, 'ptr size size hex'),
  row('sysfs', 139, undefined, 'int hex hex'),
  row('uselib', 134, undefined, 'hex'),
  row('_sysctl', 156, undefined, 'hex'),
  row('create_module', 174, undefined, 'hex hex'),
  row('get_kernel_syms', 177, undefined, 'hex'),
  row('query_module', 178, undefined, 'hex hex hex hex hex'),
  row('nfsservctl', 180, 42, 'hex hex hex'),
  row('getpmsg', 181, undefined, 'hex hex hex hex hex'),
  row('putpmsg', 182, undefined, 'hex hex hex hex hex'),
  row('afs_syscall', 183, undefined, 'hex hex hex hex hex'),
  row('tuxcall', 184, undefined, 'hex hex hex'),
  row('security', 185, undefined, 'hex hex hex'),
  row('set_thread_area', 205, undefined, 'ptr'),
  row('get_thread_area', 211, undefined, 'ptr'),
  row('lookup_dcookie', 212, 18, 'hex ptr size'),
  row('epoll_ctl_old', 214, undefined, 'hex hex hex hex'),
  row('epoll_wait_old', 215, undefined, 'hex hex hex hex'),
  row('vserver', 236, undefined, 'hex hex hex hex hex'),
]

const byNumber = new Map(unanswered.map((each) => [each[arch.name], each]))

export function unansweredRow(number: number): Row | undefined {
  return byNumber.get(number)
}
