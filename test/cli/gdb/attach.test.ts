// hv gdb: Debian's gdb attaches to a program that `hv run` runs, whose calls are patched, and leaves it.

import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../../ci/budgets.mjs'
import {platforms} from '../../guests/run.ts'
import {HV, hv} from '../hv.ts'

const TIMEOUT_MS = stepMs('command')
const NOBODY = 65_534
const QUIET = ['set pagination off', 'set confirm off', 'set width 0']
const directory = mkdtempSync(join(tmpdir(), 'hv-attach-'))
const program = join(directory, 'attach')

interface Running {
  readonly pid: number
  readonly said: () => string
  readonly errors: () => string
  /** Its exit status; kills it if it does not end. */
  readonly ended: Promise<number | null>
}

const hvs: ChildProcess[] = []

beforeAll(() => {
  const source = new URL('attach.c', import.meta.url).pathname
  execFileSync('gcc', ['-g', '-O0', '-pthread', '-o', program, source])
  // Another user attaches, too.
  chmodSync(directory, 0o755)
})
afterEach(() => {
  for (const each of hvs.splice(0)) each.kill('SIGKILL')
})
afterAll(() => rmSync(directory, {recursive: true}))

/** Until its calls are patched, if they are. */
async function start(flags: readonly string[], mode: string): Promise<Running> {
  const words = ['run', '--with-libs', ...flags, program, mode]
  const child = spawn(process.execPath, [HV, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  hvs.push(child)
  let [said, errors] = ['', '']
  child.stderr.on('data', (text) => {
    errors += text
  })
  const ended = once(child, 'close').then(([status]) => status as number | null)
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      said += text
      if (said.includes('began')) resolve()
    })
    void ended.then(() => reject(new Error(`hv ended: ${errors}`)))
  })
  return {pid: child.pid!, said: () => said, errors: () => errors, ended}
}

const scriptOf = (script: string, first: readonly string[] = []): string => {
  const file = join(directory, `script-${process.hrtime.bigint()}`)
  writeFileSync(file, [...QUIET, ...first, script].join('\n'))
  return file
}

/** gdb as `hv gdb` starts it. */
const attach = (pid: number, script: string): string => {
  const {stdout, stderr} = hv(['gdb', `${pid}`, '-nx', '-batch', '-x', scriptOf(script), program])
  return stdout + stderr
}

/** gdb as somebody starts it. */
function startGdb(
  pid: number,
  script: string,
): {child: ChildProcess; said: () => string; until: (text: string) => Promise<void>} {
  const first = ['set remotetimeout 30', `target remote | exec '${process.execPath}' '${HV}' gdb ${pid}`]
  const child = spawn('gdb', ['-nx', '-batch', '-x', scriptOf(script, first), program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text
    })
  const until = async (text: string): Promise<void> => {
    while (!said.includes(text) && child.exitCode === null) await setTimeout(100)
    if (!said.includes(text)) throw new Error(`gdb said no ${text}: ${said}`)
  }
  return {child, said: () => said, until}
}

const LOOP = `
backtrace
print/x code
print/x *(unsigned char (*)[12])getppid
break tick
continue
backtrace
print text
set var text[0] = 'A'
next
stepi 3
delete
print count > 0
detach
`
const END = `
set var go = 0
detach
`

describe.each(platforms)('hv gdb, of hv run on %s,', (platform) => {
  const flags = ['--platform', platform]

  test('attaches to a program whose calls are patched, and shows the code that it has in its file', async () => {
    const running = await start(flags, 'loop')
    expect(running.said()).toBe('began, patched\n')
    const said = attach(running.pid, LOOP)
    const frames = said.match(/^#\d+ .* (tick|loop|main) \(/gm)
    expect(frames!.length, said).toBeGreaterThanOrEqual(5)
    const [code, shown] = [1, 2].map((number) => new RegExp(`^\\$${number} = (.*)$`, 'm').exec(said)?.[1])
    expect(shown).toMatch(/^\{0x/)
    expect(shown).toBe(code)
    expect(said).toMatch(/^Breakpoint 1, tick \(file=3\)/m)
    expect(said).toContain('$3 = "as it was"')
    expect(said).toContain('$4 = 1')
    expect(said).toMatch(/detached\]/)
    // It runs on, with its calls patched again, and gdb comes again.
    const again = attach(running.pid, `print text\nprint count > 2000\n${END}`)
    expect(again).toMatch(/\$1 = "As it was"\n\$2 = 1/)
    expect(await running.ended).toBe(9)
    expect({said: running.said(), errors: running.errors()}).toEqual({
      said: 'began, patched\nleft As it was\n',
      errors: '',
    })
  })

  test('shows and stops all threads, and a program whose gdb is killed runs on without its breakpoints', async () => {
    const running = await start(flags, 'threads')
    const gdb = startGdb(
      running.pid,
      'info threads\nthread apply all backtrace -frame-arguments none\nbreak tick\nbreak waiter\ncontinue\necho stands\\n\npython import time; time.sleep(600)\n',
    )
    await gdb.until('stands')
    expect(gdb.said()).toMatch(/^ +3 +Thread 2\.\d+ /m)
    expect(gdb.said().match(/ waiter \(/g)?.length).toBeGreaterThanOrEqual(2)
    const second = hv(['gdb', `${running.pid}`])
    expect(second).toMatchObject({
      status: 125,
      stdout: '',
      stderr: `hv: another \`hv gdb\` debugs the program of process ${running.pid}: end that one\n`,
    })
    gdb.child.kill('SIGKILL')
    await once(gdb.child, 'exit')
    let said = ''
    // What gdb started ends soon after it.
    for (let i = 0; i < 50 && !said.includes('detached]'); i++)
      said = attach(running.pid, `print *(unsigned char *)tick\nprint waits > 0\n${END}`)
    expect(said).toMatch(/\$2 = 1\n/)
    expect(await running.ended).toBe(9)
    expect(running.errors()).toBe('')
  })

  test('wakes a program that sleeps in a patched call, and tells how it ends', async () => {
    const running = await start(flags, 'sleeper')
    const said = attach(
      running.pid,
      'backtrace\nprint wake()\nbreak printf\ncontinue\nup\nprint got\ndelete\ncontinue\n',
    )
    expect(said).toMatch(/^#\d+ .* sleeper \(/m)
    expect(said).toMatch(/\$1 = 1\n[\s\S]*Breakpoint 1[\s\S]*\$2 = 1\n/)
    expect(said).toContain('exited with code 011]')
    expect(await running.ended).toBe(9)
    expect(running.said()).toBe('began, patched\nread 1 x\n')
  })

  test('kills a program', async () => {
    const running = await start(flags, 'loop')
    expect(attach(running.pid, 'kill\n')).toContain('killed]')
    expect(await running.ended).toBe(137)
  })
})

describe('hv gdb', () => {
  const refused = (word: string, through: string[] = []) => hv(['gdb', word], {}, through)
  const NO_RUN = ' is no `hv run` of a Linux program that runs without --gdb: '

  test.each([
    ['4194304', 'there is no process 4194304: '],
    ['0', 'bad process number 0: '],
    ['-1', 'bad process number -1: '],
    ['1e3', 'bad process number 1e3: '],
    [`${process.pid}`, `process ${process.pid}${NO_RUN}`],
  ])('says in one line why it does not attach to %s', (word, line) => {
    const {status, stdout, stderr} = refused(word)
    expect({status, stdout}).toEqual({status: 125, stdout: ''})
    expect(stderr.startsWith(`hv: ${line}`), stderr).toBe(true)
    expect(stderr.split('\n')).toHaveLength(2)
  })

  test.runIf(process.getuid!() === 0)("refuses another user's", async () => {
    const running = await start(['--platform', platforms[0]], 'loop')
    const through = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    const {status, stderr} = refused(`${running.pid}`, through)
    expect({status, stderr}).toEqual({
      status: 125,
      stderr: `hv: process ${running.pid} is another user's, or gives its rights to nobody (EACCES): be the user that started it, or root\n`,
    })
  })

  test('refuses a program that has --gdb', async () => {
    const child = spawn(process.execPath, [HV, 'run', '--gdb', '0', '--with-libs', program], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    hvs.push(child)
    await once(child.stderr, 'data')
    expect(refused(`${child.pid}`).stderr).toContain(NO_RUN)
  })

  test('does no harm when what attaches is not gdb', async () => {
    const running = await start(['--platform', platforms[0]], 'loop')
    const child = spawn(process.execPath, [HV, 'gdb', `${running.pid}`], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    child.stdin.on('error', () => {})
    child.stdin.write(`$${'x'.repeat(100_000)}#00$vCont;c#a8${'$g#67'.repeat(10_000)}\0\xff`, 'latin1')
    await setTimeout(1000)
    child.stdin.end('y'.repeat(3_000_000))
    await once(child, 'close')
    expect(attach(running.pid, END)).toContain('detached]')
    expect(await running.ended).toBe(9)
    expect(running.errors()).toBe('')
  })

  test('gives up a hv that does not answer, and one that ends before', async () => {
    const running = await start(['--platform', platforms[0]], 'loop')
    process.kill(running.pid, 'SIGSTOP')
    const child = spawn(process.execPath, [HV, 'gdb', `${running.pid}`], {stdio: ['pipe', 'ignore', 'pipe']})
    let errors = ''
    child.stderr.on('data', (text) => {
      errors += text
    })
    const closed = once(child, 'close')
    await setTimeout(3000)
    process.kill(running.pid, 'SIGKILL')
    const [status] = await closed
    expect({status, errors}).toEqual({
      status: 125,
      errors: `hv: process ${running.pid} does not answer: see whether it is stopped, or has ended\n`,
    })
  })
})
