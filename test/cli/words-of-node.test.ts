// A guest's words are the guest's alone: Node, which runs hv, looks for options among them.

import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, describe, expect, onTestFinished, test} from 'vitest'
import {OptionsOfNode} from '../helpers/options-of-node.ts'
import {BUSYBOX} from '../sandbox/guests.ts'
import {HV} from './hv.ts'

const COMMANDS = [['run'], ['trace', '-o', '/dev/null'], ['pledge', '--suggest']]
const EACH = OptionsOfNode.ofFiles().map((words) => [words.join(' '), words] as const)
/** More than a shell adds to its words one at a time. */
const MANY = 20_000

describe.skipIf(!existsSync(BUSYBOX))('words of the guest that are options of Node', () => {
  const options = new OptionsOfNode(process.execPath)
  afterAll(() => options[Symbol.dispose]())

  test.each(EACH)('reach the guest, and no file that they name is read: %s', (_, words) => {
    const echo = options.start(HV, 'run', BUSYBOX, 'echo', ...words)
    expect(echo).toEqual({status: 0, stdout: `${words.join(' ')}\n`, stderr: '', ranOnHost: false})
  })

  test.each(COMMANDS)('are the guest’s behind hv %s', (...command) => {
    for (const words of [['--env-file=evil.env'], ['--experimental-config-file', 'evil.json']]) {
      const {status, stdout, ranOnHost} = options.start(HV, ...command, BUSYBOX, 'echo', ...words)
      expect([status, ranOnHost]).toEqual([0, false])
      expect(stdout).toContain(command[0] === 'pledge' ? 'stdio' : words.join(' '))
    }
  })

  test('do nothing, whichever of all its options they are', () => {
    const words = options.all()
    const echo = options.start(HV, 'run', BUSYBOX, 'echo', '', ...words)
    expect(echo).toEqual({status: 0, stdout: ` ${words.join(' ')}\n`, stderr: '', ranOnHost: false})
  })

  test('keep every byte of theirs, however many they are', () => {
    const words = ['--env-file=x', ...Array.from({length: MANY}, (_, n) => (n % 2 ? "'" : ` $${n} "`))]
    const {stdout, stderr} = options.start(HV, 'run', BUSYBOX, 'printf', '%s\\n', ...words)
    expect(stderr).toBe('')
    expect(stdout.split('\n').slice(0, -1)).toEqual(words)
  })

  test('before the guest are hv’s: --env-file is docker’s', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'hv-env-file-')), 'variables')
    onTestFinished(() => rmSync(dirname(file), {recursive: true}))
    writeFileSync(file, '# none\nNODE_OPTIONS=--import=x\nA=from a file\n')
    for (const words of [['--env-file', file], [`--env-file=${file}`]]) {
      const env = options.start(
        HV,
        'run',
        ...words,
        '-e',
        'B=2',
        BUSYBOX,
        'sh',
        '-c',
        'echo $NODE_OPTIONS $A $B',
      )
      expect(env).toMatchObject({status: 0, stdout: '--import=x from a file 2\n', stderr: ''})
    }
  })

  test('are refused when Node was started directly, and has read the file', () => {
    for (const word of [
      '--env-file=nosuch.env',
      '--env-file-if-exists=nosuch',
      '--experimental-config-file=x',
    ]) {
      const {status, stdout} = options.start(process.execPath, HV, 'run', BUSYBOX, 'echo', word)
      expect([status === 0, stdout]).toEqual([false, ''])
    }
    const {status, stderr} = options.start(
      process.execPath,
      HV,
      'run',
      BUSYBOX,
      'echo',
      '--env-file=evil.env',
    )
    expect(status).toBe(125)
    expect(stderr).toMatch(
      /^hv: --env-file=evil\.env is among the words, and Node takes it.*start the command hv itself.*\n$/,
    )
  })
})
