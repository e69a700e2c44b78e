// Scripts: the first line of a file that names who runs it. man 2 execve; fs/binfmt_script.c.

/** What Linux looks at: the line ends here at the latest. */
export const SCRIPT_LINE_BYTES = 255

export interface ScriptLine {
  readonly interpreter: string
  /** All of the rest, as one. */
  readonly argument: string | undefined
}

/**
 * @param head the file's first SCRIPT_LINE_BYTES bytes, or all there are, as a byte string
 * @returns undefined for what is no script
 */
export function readScriptLine(head: string): ScriptLine | undefined {
  if (!head.startsWith('#!')) return undefined
  const end = head.indexOf('\n')
  const line = end < 0 ? head.slice(2) : head.slice(2, end)
  const [, interpreter, gap, rest] = /^[ \t]*([^ \t\0]*)([ \t]*)(.*)$/s.exec(line)!
  // Too long a path may be cut anywhere: then it is another.
  if (interpreter === '' || (end < 0 && gap === '' && rest === '' && head.length === SCRIPT_LINE_BYTES))
    return undefined
  const argument = rest.split('\0', 1)[0].replace(/[ \t]+$/, '')
  return {interpreter, argument: argument === '' ? undefined : argument}
}
