// How packets name threads. Processes have no names: gdb then takes none of its own host's for this one, whose /proc it would read.

/** `all`, or any one. */
export type ThreadId = number | 'all' | 'any'

/** @returns undefined: it names none */
export function parseThreadId(text: string): ThreadId | undefined {
  if (text === '-1') return 'all'
  return /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) || 'any' : undefined
}
