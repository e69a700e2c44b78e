// Writes src/sentry/syscalls/README.md from the system call table: which calls are answered in full, in part, or refused.
//
//   node ci/syscall-docs.mjs

import {writeFileSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {bundleScript} from './bundle-script.mjs'
import {root} from './paths.mjs'

export const FILE = `${root}/src/sentry/syscalls/README.md`

const NO_NUMBER = '–'

/** @param table the rows of src/sentry/syscalls/table.ts, in any order; @returns the whole file */
export function syscallDocs(table) {
  const rows = [...table].sort((a, b) => (a.name < b.name ? -1 : 1))
  const full = rows.filter(({support}) => support === undefined || support === 'full')
  const partial = rows.filter(({support}) => support?.partial !== undefined)
  const refused = rows.filter(({support}) => support?.refused !== undefined)
  return `${[
    '# sentry/syscalls: what a guest can call',
    [
      'Generated from `table.ts` by `ci/syscall-docs.mjs`: change the row, not this file. The table has one row for each call:',
      'its numbers, its handler, the kinds of its arguments for the trace, what a pledged process must have promised to make it,',
      'and how complete it is. A handler lies in the file named after its man page; `syscall.ts` says what a handler is.',
    ].join('\n'),
    [
      `Of ${rows.length} calls, ${full.length} are answered in full and ${partial.length} in part; ${refused.length} are refused on purpose. Every other number`,
      `is \`ENOSYS\`, and is counted in \`hv run --stats\`. ${NO_NUMBER} means that the architecture has no such call. The column`,
      '"promises" uses the words of `../pledge/README.md`.',
    ].join('\n'),
    '## In part',
    tableOf(
      ['call', 'x86_64', 'arm64', 'promises', 'what holds, what is missing'],
      partial,
      ({support}) => support.partial,
    ),
    '## Refused',
    tableOf(
      ['call', 'x86_64', 'arm64', 'promises', 'answer, and why'],
      refused,
      ({support}) => support.refused,
    ),
    '## In full',
    tableOf(['call', 'x86_64', 'arm64', 'promises'], full),
  ].join('\n\n')}\n`
}

function tableOf(headings, rows, noteOf) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    line(headings),
    line(headings.map(() => '---')),
    ...rows.map((row) =>
      line([
        row.name,
        row.x86_64 ?? NO_NUMBER,
        row.arm64 ?? NO_NUMBER,
        row.promises.replaceAll('|', '\\|'),
        ...(noteOf ? [noteOf(row).replaceAll('|', '\\|')] : []),
      ]),
    ),
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const {table} = await import(await bundleScript('src/sentry/syscalls/table.ts'))
  writeFileSync(FILE, syscallDocs(table))
}
