// Messages: the library names its options, the command its flags.

import {readdirSync, readFileSync} from 'node:fs'
import {afterEach, expect, test, vi} from 'vitest'
import {reportError} from '../../../src/cli/report-error.ts'
import {HvError} from '../../../src/errors.ts'

afterEach(() => vi.restoreAllMocks())

function said(error: Error): string {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  reportError(error)
  return String(write.mock.calls[0][0])
}

test.each([
  [new HvError('OUT_OF_MEMORY', 'it is full', 'raise `memoryBytes`'), 'hv: it is full: raise --memory\n'],
  [new HvError('BAD_ARGUMENT', '`cwd` /a is not there'), 'hv: --cwd /a is not there\n'],
  [new HvError('KVM_DENIED', 'no', 'run `hv check` or `ls`'), 'hv: no: run `hv check` or `ls`\n'],
  [Object.assign(new Error('eventfd: too many'), {errno: 24}), 'hv: eventfd: too many: raise `ulimit -n`\n'],
  [Object.assign(new Error('EMFILE: open'), {errno: -24}), 'hv: EMFILE: open: raise `ulimit -n`\n'],
])('%s', (error, line) => expect(said(error)).toBe(line))

test('no message of the library names a flag', () => {
  const src = new URL('../../../src/', import.meta.url)
  const files = readdirSync(src, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('.ts'))
  // A finding or an inspection gives a whole command line; the table of options has the command's flags.
  const library = files.filter((name) => !/^(bin|cli|commands|check|inspect|launch\/options)\//.test(name))
  const lines = library.flatMap((name) =>
    readFileSync(new URL(name, src), 'utf8')
      .split('\n')
      // Node's own flags.
      .map((line) => line.replaceAll(/--(allow-\S+|permission)/g, ''))
      .filter((line) => /['"`][^'"`]*(^|[\s'"`])--[a-z]{3,}/.test(line) && !/^\s*(\/\/|\*|\/\*\*)/.test(line))
      .map((line) => `${name}: ${line.trim()}`),
  )
  expect(lines).toEqual([])
})
