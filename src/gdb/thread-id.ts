// How packets name threads: TID, or pPID.TID between ends that know of processes (multiprocess+).

/** `all`, or any one. */
export type ThreadId = number | 'all' | 'any'

/**
 * @param processId the only one that there is
 * @returns undefined: it names none
 */
export function parseThreadId(text: string, processId: number): ThreadId | undefined {
  const [, process, thread] = /^(?:p(-1|[0-9a-f]{1,8})\.?)?(-1|[0-9a-f]{1,8})?$/i.exec(text) ?? []
  if (process !== undefined && process !== '-1') {
    const number = Number.parseInt(process, 16)
    if (number !== 0 && number !== processId) return undefined
  }
  const isLoneProcess = process !== undefined && thread === undefined
  if (thread === '-1' || process === '-1' || isLoneProcess) return 'all'
  if (thread === undefined) return undefined
  return Number.parseInt(thread, 16) || 'any'
}

/** @param processId undefined: gdb knows of no processes */
export function threadId(thread: number, processId: number | undefined): string {
  const id = thread.toString(16)
  return processId === undefined ? id : `p${processId.toString(16)}.${id}`
}
