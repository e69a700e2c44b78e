// Calls that Linux has and this sentry's table lacks: ENOSYS. A trace names them. A table, so it may be long.

import {ENOSYS} from '../../abi/errno.ts'
import {arch} from '../../arch/index.ts'
import {refuse} from '../call/refuse.ts'
import type {Row} from '../core/syscall.ts'

const row = (name: string, x86_64: number | undefined, arm64: number | undefined, args: string): Row => ({
  name,
  x86_64,
  arm64,
  args,
  promises: '',
  run: refuse(ENOSYS),
})

export const unanswered: readonly Row[] = [
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
