// Scripts: the first line of a file that names its interpreter. man 2 execve; fs/binfmt_script.c.

/** How much Linux looks at: the line ends here at the latest. */
export const SCRIPT_LINE_BYTES = 255

export interface ScriptLine {
  readonly interpreter: string
  /** The whole rest, as one argument. */
  readonly argument: string | undefined
}

/**
 * @param head the file's first SCRIPT_LINE_BYTES bytes, or all there are, as a byte string
 * @returns undefined if it is no script
 */
export function readScriptLine(head: string): ScriptLine | undefined {
  if (!head.startsWith('#!')) return undefined
  const end = head.indexOf('\n')
  const line = end < 0 ? head.slice(2) : head.slice(2, end)
  const [, interpreter, gap, rest] = /^[ \t]*([^ \t\0]*)([ \t]*)(.*)$/s.exec(line)!
  // A path that is too long may be cut anywhere, which makes it another path.
  if (interpreter === '' || (end < 0 && gap === '' && rest === '' && head.length === SCRIPT_LINE_BYTES))
    return undefined
  const argument = rest.split('\0', 1)[0].replace(/[ \t]+$/, '')
  return {interpreter, argument: argument === '' ? undefined : argument}
}
