// How packets name threads. Processes are not named: gdb would take one for a process of its own host, and read that one's /proc.

/** A thread's number, `all`, or any one. */
export type ThreadId = number | 'all' | 'any'

/** @returns undefined when it names none */
export function parseThreadId(text: string): ThreadId | undefined {
  if (text === '-1') return 'all'
  return /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) || 'any' : undefined
}
