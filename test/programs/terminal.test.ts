// Programs that need a terminal, on a real one: vim, less, and a shell with job control.

import {describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {hv} from '../../ci/paths.mjs'
import {platforms} from '../guests/run.ts'
import {Pty} from '../helpers/pty.ts'

/** The core leaves out what CI's machines may lack. */
const all = process.env.HV_PROGRAMS === 'all' ? platforms : []
const timeout = stepMs('program') * 2
const CTRL_C = '\x03'
const CTRL_D = '\x04'
const CTRL_Z = '\x1a'

const start = (platform: string, command: readonly string[]): Pty =>
  new Pty([process.execPath, hv, 'run', '--platform', platform, '--root', '/', '--cwd', '/usr', ...command])

describe.each(platforms)('bash in a terminal on %s', (platform) => {
  test('gives a prompt, interrupts, stops and goes on', {timeout}, async () => {
    const pty = start(platform, ['--env', 'PS1=ready> ', '/bin/bash', '--norc', '--noprofile'])
    await pty.expect(/ready> /)
    pty.type('echo $((6 * 7))\r')
    await pty.expect(/42\r\n/)
    // The shell gets keys that come before a program has the terminal.
    pty.type(`sh -c 'echo now $((1 + 1)); exec sleep 1000'\r`)
    await pty.expect(/now 2\r\n/)
    pty.type(CTRL_C)
    await pty.expect(/\^C[\s\S]*ready> /)
    pty.type(`echo "status $?"; sh -c 'echo now $((1 + 2)); exec cat'\r`)
    await pty.expect(/status 130\r\nnow 3\r\n/)
    pty.type(CTRL_Z)
    await pty.expect(/Stopped[\s\S]*ready> /)
    pty.type('fg\r')
    await pty.expect(/exec cat'\r\n/)
    pty.type('through cat\r')
    await pty.expect(/through cat\r\nthrough cat\r\n/)
    pty.type(CTRL_D)
    await pty.expect(/ready> /)
    pty.type('exit 7\r')
    expect(await pty.status()).toBe(7)
  })
})

describe.each(all)('less in a terminal on %s', (platform) => {
  test('pages and searches', {timeout}, async () => {
    const pty = start(platform, ['/bin/sh', '-c', 'seq 1000 | less'])
    await pty.expect(/\n2\r/)
    pty.type('G')
    await pty.expect(/\n1000\r/)
    pty.type('g/^777$\r')
    await pty.expect(/777/)
    pty.type('q')
    expect(await pty.status()).toBe(0)
  })
})

describe.each(all)('vim in a terminal on %s', (platform) => {
  test('edits and writes a file', {timeout}, async () => {
    const pty = start(platform, ['/bin/sh', '-c', 'vim -u NONE -n /tmp/file && cat /tmp/file'])
    await pty.expect(/~/)
    pty.type('ihello from vim\x1b:wq\r')
    await pty.expect(/written[\s\S]*hello from vim\r\n/)
    expect(await pty.status()).toBe(0)
  })
})
