// /proc/vmstat: the fields that vmstat, free and top read (man 5 proc_vmstat).

import {PAGE_SIZE} from '../../platform/platform.ts'
import type {ByteString} from '../file.ts'
import type {ProcSource} from './proc-source.ts'

/** Nothing is cached, written back or swapped: files lie in the guest's memory or on the host. */
const NONE =
  'nr_inactive_anon nr_inactive_file nr_active_file nr_unevictable nr_mlock nr_slab_reclaimable nr_slab_unreclaimable ' +
  'nr_isolated_anon nr_isolated_file nr_mapped nr_file_pages nr_dirty nr_writeback nr_shmem nr_dirtied nr_written ' +
  'nr_kernel_stack nr_page_table_pages nr_bounce pgpgin pgpgout pswpin pswpout pgactivate pgdeactivate pgmajfault ' +
  'pgrefill pgscan_kswapd pgscan_direct pgsteal_kswapd pgsteal_direct oom_kill'

export function vmstatText(source: ProcSource): ByteString {
  const {totalBytes, freeBytes} = source.memory()
  const free = Math.floor(freeBytes / PAGE_SIZE)
  const used = Math.floor((totalBytes - freeBytes) / PAGE_SIZE)
  const {faults} = source
  let lines = `nr_free_pages ${free}\nnr_active_anon ${used}\nnr_anon_pages ${used}\n`
  for (const name of NONE.split(' ')) lines += `${name} 0\n`
  return `${lines}pgalloc_normal ${used}\npgfree 0\npgfault ${faults}\n`
}
