// Help and version: of hv and of each command.

import {readdirSync, readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {flagsOf} from '../../src/launch/options/table.ts'
import {hv} from './hv.ts'

const RUN_FLAGS = flagsOf('run')
const commands = readdirSync(new URL('../../src/commands', import.meta.url)).map((file) =>
  file.replace('.ts', ''),
)

test.each([[[]], [['--help']], [['help']]])('hv %j lists every command', (args) => {
  const {status, stdout, stderr} = hv(args)
  expect([status, stderr]).toEqual([0, ''])
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +\\S`, 'm'))
})

test('hv --version names the package', () => {
  expect(hv(['--version'])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^hvkit\/\d+\.\d+\.\d+ linux/),
  })
})

test.each(commands)('hv %s --help has a usage and examples, as hv help has', (command) => {
  const {status, stdout} = hv([command, '--help'])
  expect(status).toBe(0)
  expect(stdout).toMatch(new RegExp(`USAGE\n  \\$ hv ${command}`))
  expect(stdout).toMatch(new RegExp(`EXAMPLES\n(.*\n)*  \\$ .*hv ${command}`))
  expect(hv(['help', command]).stdout).toBe(stdout)
})

test('hv run --help shows every flag, and --trace with its optional file', () => {
  const {stdout} = hv(['run', '--help'])
  for (const {name} of RUN_FLAGS) expect(stdout).toMatch(new RegExp(`^  (?:-\\w, |    )?--${name}\\b`, 'm'))
  expect(stdout).toContain('--trace[=FILE]')
})

test('docs/cli.md shows what the commands say of themselves: npm run docs', () => {
  const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  const wordsOf = (text: string): string => text.replace(/\s+/g, ' ')
  for (const command of commands) {
    const [usage] = /USAGE\n(.*\n)+?\n/.exec(hv([command, '--help']).stdout)!
    expect(wordsOf(docs)).toContain(wordsOf(usage))
  }
  for (const {name, summary} of RUN_FLAGS) {
    expect(docs).toContain(`--${name}`)
    expect(wordsOf(docs)).toContain(wordsOf(summary))
  }
})
