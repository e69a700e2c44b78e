// hv trace as a command: what it prints where, and SIGUSR2, which also switches the trace of hv run.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {HV, hv} from './hv.ts'

const BUSYBOX = '/bin/busybox'
/** Says that it runs, and makes calls until it is stopped. */
const CALLING = ['sh', '-c', 'echo go; while :; do echo x >/dev/null; done']

describe.skipIf(!existsSync(BUSYBOX) || !existsSync('/dev/kvm'))('hv trace', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hv-trace-'))
  })
  afterAll(() => rmSync(folder, {recursive: true}))
  const trace = (...args: string[]) => hv(['trace', ...args])

  test('prints lines on standard error, and ends with the status of the program', () => {
    const {status, stdout, stderr} = trace(BUSYBOX, 'sh', '-c', 'echo hi; exit 3')
    expect([status, stdout]).toEqual([3, 'hi\n'])
    expect(stderr).toMatch(/^write\(1, "hi\\n", 3\) {21}= 3$/m)
    expect(stderr).toMatch(/exit_group\(3\) {27}= \?\n\+\+\+ exited with 3 \+\+\+\n$/)
  })

  test('prints to the file of -o, only what -e chooses, with what -tt, -T, -s and -y add', () => {
    const file = join(folder, 'calls')
    const {stderr} = trace('-ttTyo', file, '-s', '4', '-e', 'write', BUSYBOX, 'echo', 'long text')
    expect(stderr).toBe('')
    expect(readFileSync(file, 'utf8')).toMatch(
      /^\d\d:\d\d:\d\d\.\d{6} write\(1<\w+:\[\d+\]>, "long"\.\.\., 10\) = 10 <\d\.\d{6}>\n.* \+\+\+ exited with 0 \+\+\+\n$/,
    )
  })

  test('-c prints a table at the end, -C behind the calls', () => {
    const table = /^% time +seconds +usecs\/call +calls +errors syscall\n-.*\n(.*\n)+100\.00 .* total\n$/
    expect(trace('-c', BUSYBOX, 'true').stderr).toMatch(table)
    const both = trace('-C', '-e', 'brk', BUSYBOX, 'true').stderr
    expect(both).toMatch(/^brk\(NULL\)/)
    expect(both.slice(both.indexOf('%'))).toMatch(table)
  })

  test('--json prints an object a line', () => {
    const lines = trace('--json', '-e', 'write', BUSYBOX, 'echo', 'hi').stderr.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {type: 'syscall', name: 'write', args: ['1', '"hi\\n"', '3'], result: 3},
      {type: 'exit', code: 0},
    ])
  })

  test('shows what kills the program', () => {
    const {status, stderr} = trace('-e', 'kill', BUSYBOX, 'sh', '-c', 'kill -TERM $$')
    expect(status).toBe(128 + 15)
    expect(stderr).toMatch(
      /^kill\(2, SIGTERM\) += 0\n--- SIGTERM \{si_signo=SIGTERM, si_code=SI_USER, si_pid=2, .*\} ---\n\+\+\+ killed by SIGTERM \+\+\+\n$/,
    )
  })

  test.each([
    [['-e', 'opne'], /^hv: no system call or class "opne": [^\n]+\n$/],
    [['-e', 'signal=NONE'], /^hv: no signal "NONE": [^\n]+\n$/],
    [['-Q'], /^hv: unknown flag -Q: see `hv trace --help`\n$/],
    [['--json', '-c'], /^hv: --json has no table of counts: [^\n]+\n$/],
  ])('%j is refused in one line, with status 125', (flags, line) => {
    const ran = trace(...flags, BUSYBOX, 'true')
    expect(ran).toMatchObject({status: 125, stdout: ''})
    expect(ran.stderr).toMatch(line)
  })

  test('says so when there is no program', () => {
    expect(trace('-f')).toMatchObject({status: 125, stderr: expect.stringContaining('no program given')})
    expect(trace('/no/such/program').status).toBe(127)
  })

  test('a guest that is bare-metal makes no system calls', () => {
    expect(trace('--machine=bare', BUSYBOX).status).toBe(125)
  })
})

describe.skipIf(!existsSync(BUSYBOX) || !existsSync('/dev/kvm'))('SIGUSR2', () => {
  /** Runs hv with CALLING, sends `signals` SIGUSR2, and then SIGTERM, which goes to the guest. @returns standard error */
  async function switched(command: string[], signals: number): Promise<string> {
    const child = spawn(process.execPath, [HV, ...command, BUSYBOX, ...CALLING], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = once(child, 'close')
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (data) => {
      text += data
    })
    await once(child.stdout, 'data')
    for (let i = 1; i <= signals; i++) {
      child.kill('SIGUSR2')
      while (text.split('hv: the trace is ').length <= i) await once(child.stderr, 'data')
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    child.kill('SIGTERM')
    const [status] = await closed
    expect(status).toBe(128 + 15)
    return text
  }

  test('switches the trace of hv run on, and off again', async () => {
    const [on, ...lines] = (await switched(['run'], 2)).trimEnd().split('\n')
    expect([on, lines.pop()]).toEqual(['hv: the trace is on', 'hv: the trace is off'])
    expect(lines.length).toBeGreaterThan(10)
    for (const line of lines) expect(line).toMatch(/^\w+\(.*\) += \S.* <\d\.\d{6}>$/)
  })

  test('switches the trace of hv trace off, which then does not see the end', async () => {
    const lines = (await switched(['trace'], 1)).trimEnd().split('\n')
    expect(lines.at(-1)).toBe('hv: the trace is off')
  })

  test('on again goes on in the same format', async () => {
    const text = await switched(['trace', '-e', 'dup2'], 2)
    const [, , after] = text.split(/hv: the trace is \w+\n/)
    expect(after).toMatch(/^(dup2\(.*\) += \d+\n)+--- SIGTERM .*\n\+\+\+ killed by SIGTERM \+\+\+\n$/)
  })
})
