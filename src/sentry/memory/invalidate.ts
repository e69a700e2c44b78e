// After a file lost pages (truncate, a punched hole): takes them from every process that maps them.

import type {Mappable} from '../../vfs/file.ts'
import type {Process} from '../process.ts'

/**
 * The pages keep their contents until this is called: call it in the same system call, behind the truncation.
 * @param fromPage the first page that lies wholly behind the end of the file
 */
export function invalidateMappings(processes: Iterable<Process>, mappable: Mappable, fromPage: number): void {
  for (const process of processes) process.memoryMap.invalidate(mappable, fromPage)
}

/** Before a file is synced: what was written through mappings since the last time is marked dirty. */
export function noteMappedWrites(processes: Iterable<Process>, mappable: Mappable): void {
  for (const process of processes) process.memoryMap.noteWrites(mappable)
}
