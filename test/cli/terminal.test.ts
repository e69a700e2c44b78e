// hv in a terminal, as a person uses it: prompt, keys, size, job control, and the state in which it leaves the terminal.

import {existsSync} from 'node:fs'
import {constants} from 'node:os'
import {describe, expect, test} from 'vitest'
import {Pty} from '../helpers/pty.ts'
import {BUSYBOX, guest} from '../sandbox/guests.ts'
import {HV, hv} from './hv.ts'

const {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN} = constants.signals
const POLL = {timeout: 30_000}
const PROMPT_OF_BASH = /bash-[\d.]+[#$] /
const PROMPT = /\/ [#$] /
const platforms = ['kvm', 'ptrace'].filter((name) => name !== 'kvm' || existsSync('/dev/kvm'))

const run = (platform: string, ...args: string[]): string[] => [
  process.execPath,
  HV,
  'run',
  '--platform',
  platform,
  ...args,
]
const shell = (platform: string): Pty => new Pty(run(platform, BUSYBOX, 'sh'))
/** Waits for a key, in a mode without echo and without lines: `read -n 1`. */
const keyReader = (platform: string, ...flags: string[]): Pty =>
  new Pty(run(platform, ...flags, BUSYBOX, 'sh', '-c', 'echo here; read -s -n 1 key; echo "<$key>"'))

test('-it runs in a terminal, and says what to do where there is none', async () => {
  const pty = new Pty([process.execPath, HV, 'run', '-it', '--rm', BUSYBOX, 'tty'])
  await pty.expect(/\/dev\/pts\/0/)
  expect(hv(['run', '-it', BUSYBOX, 'tty'])).toMatchObject({
    status: 125,
    stderr: 'hv: --tty: standard input is no terminal: leave --tty out, or start hv in a terminal\n',
  })
})

describe.each(platforms)('in a terminal, on %s', (platform) => {
  test('a shell shows its prompt, what is typed and what comes of it', async () => {
    const pty = shell(platform)
    await pty.expect(PROMPT)
    pty.type('echo $((6*7))x\r')
    await pty.expect(/echo \$\(\(6\*7\)\)x\r\n42x\r\n.*\/ [#$] /)
  })

  test('the line is edited, and the history is there', async () => {
    const pty = shell(platform)
    await pty.expect(PROMPT)
    pty.type('echo onf\x7fe\r')
    await pty.expect(/\none\r\n/)
    await pty.expect(PROMPT)
    pty.type('\x1b[A\r')
    await pty.expect(/\none\r\n/)
  })

  test('^C at the prompt gives a new one, ^D ends the shell', async () => {
    const pty = shell(platform)
    const before = await pty.modes()
    await pty.expect(PROMPT)
    pty.type('never run')
    await pty.expect(/never run/)
    pty.type('\x03')
    await pty.expect(PROMPT)
    pty.type('\x04')
    expect(await pty.status()).toBe(128 + SIGINT)
    expect(await pty.modes()).toBe(before)
  })

  test.each([
    ['^C', '\x03', SIGINT],
    ['^\\', '\x1c', SIGQUIT],
  ])('%s ends a guest that computes', async (_, key, signal) => {
    const pty = new Pty(run(platform, '--trace=/dev/stdout', BUSYBOX, 'md5sum', '/dev/zero'))
    await pty.expect(/"\/dev\/zero"/)
    pty.type(key)
    expect(await pty.status()).toBe(128 + signal)
  })

  test('a loop in a shell is interrupted, and the shell goes on', async () => {
    const pty = shell(platform)
    await pty.expect(PROMPT)
    pty.type('echo be""gins; while :; do :; done\r')
    await pty.expect(/begins/)
    pty.type('\x03')
    await pty.expect(PROMPT)
  })

  test('^Z stops hv, and the guest goes on when hv does', async () => {
    const pty = new Pty(run(platform, BUSYBOX, 'cat'))
    pty.type('before\r')
    await pty.expect(/before\r\nbefore\r\n/)
    pty.type('\x1a')
    expect(await pty.stopped()).toBe(SIGTSTP)
    pty.resume()
    pty.type('after\r')
    await pty.expect(/after\r\nafter\r\n/)
    pty.type('\x04')
    expect(await pty.status()).toBe(0)
  })

  test('a stop gives the terminal back as it was, and the guest finds its own modes afterwards', async () => {
    const pty = keyReader(platform)
    const before = await pty.modes()
    await pty.expect(/here/)
    await expect.poll(() => pty.modes(), POLL).not.toBe(before)
    pty.type('\x1a')
    expect(await pty.stopped()).toBe(SIGTSTP)
    expect(await pty.modes()).toBe(before)
    pty.resume()
    await expect.poll(() => pty.modes(), POLL).not.toBe(before)
    pty.type('k')
    await pty.expect(/<k>/)
    expect(await pty.status()).toBe(0)
    expect(await pty.modes()).toBe(before)
  })

  test('who reads in the background is stopped until it is in the foreground', async () => {
    const pty = new Pty(run(platform, BUSYBOX, 'cat'), {background: true})
    expect(await pty.stopped()).toBe(SIGTTIN)
    pty.resume()
    pty.type('it\r')
    await pty.expect(/it\r\nit\r\n/)
    pty.type('\x04')
    expect(await pty.status()).toBe(0)
  })

  test.each(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGABRT'] as const)(
    '%s of hv leaves the terminal as it was',
    async (signal) => {
      const pty = keyReader(platform)
      const before = await pty.modes()
      await expect.poll(() => pty.modes(), POLL).not.toBe(before)
      pty.kill(constants.signals[signal])
      await pty.status()
      // SIGKILL leaves hv no time: its keeper restores the terminal after the end.
      await expect.poll(() => pty.modes(), POLL).toBe(before)
    },
  )

  test('a time-out leaves it as it was', async () => {
    const pty = keyReader(platform, '--timeout', '2')
    const before = await pty.modes()
    await expect.poll(() => pty.modes(), POLL).not.toBe(before)
    expect(await pty.status()).toBe(124)
    expect(await pty.modes()).toBe(before)
  })

  test('a time-out ends a guest whose output nobody reads', async () => {
    // hv's own message goes elsewhere: nobody would read that either.
    const command = run(platform, '--timeout', '2', BUSYBOX, 'yes')
    const pty = new Pty(['sh', '-c', 'exec "$@" 2> /dev/null', 'sh', ...command])
    await pty.expect(/y\r\n/)
    pty.hold()
    expect(await pty.status()).toBe(124)
  })

  test.skipIf(!existsSync('/bin/bash'))(
    'bash of the host has a prompt, and job control of its own',
    async () => {
      const pty = new Pty(run(platform, '--root', '/', 'bash', '--norc'))
      await pty.expect(PROMPT_OF_BASH)
      pty.type('never run')
      await pty.expect(/never run/)
      // Natively too, readline runs the line if ^C comes before it waits, or Enter before it has seen ^C.
      await pty.idle()
      pty.type('\x03')
      await pty.expect(/\^C/)
      await pty.idle()
      pty.type('\r')
      await pty.expect(PROMPT_OF_BASH)
      pty.type('printf "%s\\n" "$((6*7))x $COLUMNS"\r')
      await pty.expect(/42x 80\r\n/)
      await pty.expect(PROMPT_OF_BASH)
      expect(pty.output).not.toMatch(/no job control|process group|not found/)
      pty.type('\x04')
      expect(await pty.status()).toBe(0)
    },
  )

  test.skipIf(!existsSync('/bin/bash'))(
    'a shell in the guest stops, interrupts and continues its jobs, and hv runs on',
    async () => {
      const pty = new Pty(run(platform, '--root', '/', 'bash', '--norc'))
      await pty.expect(PROMPT_OF_BASH)
      pty.type('echo go; cat\r')
      await pty.expect(/[\r\n]go\r\n/)
      pty.type('one\r')
      await pty.expect(/one\r\none\r\n/)
      pty.type('\x1a')
      await pty.expect(/Stopped /)
      await pty.expect(PROMPT_OF_BASH)
      pty.type('fg\r')
      await pty.expect(/cat\r\n/)
      pty.type('two\r')
      await pty.expect(/two\r\ntwo\r\n/)
      pty.type('\x03')
      await pty.expect(PROMPT_OF_BASH)
      pty.type('echo $? done\r')
      await pty.expect(/130 done\r\n/)
      await pty.expect(PROMPT_OF_BASH)
      pty.type('exit\r')
      expect(await pty.status()).toBe(0)
    },
  )

  test('a guest finds its terminal as it would on Linux', () => useTerminal(run(platform, guest('terminal'))))
})

test('the guest that looks at its terminal passes natively', () => useTerminal([guest('terminal')]))

/** Does what the guest `terminal` asks for. */
async function useTerminal(command: string[]): Promise<void> {
  const pty = new Pty(command)
  await pty.expect(/type\r\n/)
  pty.type('hello\r')
  await pty.expect(/end\r\n/)
  pty.type('\x04')
  await pty.expect(/resize\r\n/)
  pty.resize(50, 132)
  expect(await pty.status(), pty.output).toBe(0)
}
