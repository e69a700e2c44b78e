// Sandbox.spawn with a terminal: the same keys show the same on the guest's terminal and on a real one.

import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxProcess} from '../../dist/index.js'
import {Pty} from '../helpers/pty.ts'
import {BUSYBOX, places} from './guests.ts'

/** Far longer than anything takes. */
const TIMEOUT_MS = 30_000

/** What to wait for, and what to type then; a list: the rows and columns of a new size. */
type Step = [shown: RegExp, typed: string | [rows: number, columns: number]]
type Conversation = [name: string, ...steps: Step[]]

/** busybox asks where the cursor is, and then waits for keys. */
const prompt = (before = ''): RegExp => new RegExp(`${before}\\$ \x1b\\[6n`, 's')

const EDITED = `/tmp/hv-pty-${process.pid}`
const RESUMED = 'trap "echo back" CONT; echo go; while :; do busybox sleep 0.01; done'
const CAT = "busybox sh -c 'echo go; exec busybox cat'\n"
/** cat itself answers, not the shell that becomes cat, which would lose a SIGQUIT. */
const HERE = /here\r\nhere\r\n/
const RESIZED = 'trap "busybox stty size" WINCH; echo go; while ! read -t 0.05 line; do :; done'
const UNTIL_STOPPED = 'until busybox grep -q "State:.T" /proc/$!/status; do :; done'

/** All begin at a shell's prompt, and end with `exit 7`. `go` says that the job is in the foreground. */
const conversations: readonly Conversation[] = [
  [
    'a shell shows keys and output',
    [prompt(), 'echo one\r'],
    [prompt('one\r\n'), 'exho two\x01\x06\x06\x7fc\x05 three\r'],
  ],
  [
    'lines are edited, interrupted and ended',
    [prompt(), CAT],
    [/go\r\n/, 'wrong\x15the line\x17en\x7fnd\x16\x03\n'],
    [/the end.\r\n/, 'an unfinished one\x04'],
    [/onean unfinished one/, '\x04'],
    [prompt(), CAT],
    [/go\r\n/, 'here\n'],
    [HERE, 'not this\x03'],
    [prompt('\\^C\r\n'), CAT],
    [/go\r\n/, 'here\n'],
    [HERE, '\x1c'],
  ],
  [
    'jobs are stopped, continued and interrupted',
    [prompt(), `busybox sh -c '${RESUMED}'\n`],
    [/go\r\n/, '\x1a'],
    [prompt('Stopped.*'), 'jobs; fg\n'],
    [/back\r\n/, '\x03'],
    [prompt(), 'echo "status $?"\n'],
    [prompt('status 130\r\n'), `busybox cat & ${UNTIL_STOPPED}\n`],
    [prompt('Stopped .tty input.*'), 'fg\n'],
    [/fg\r\nbusybox cat\r\n/, 'read\n'],
    [/read\r\nread\r\n/, '\x04'],
  ],
  [
    'a new size is a signal',
    [prompt(), `busybox sh -c '${RESIZED}'\n`],
    [/go\r\n/, [40, 132]],
    [/40 132\r\n/, [50, 200]],
    [/50 200\r\n/, 'x\n'],
  ],
  [
    'raw mode gives each key at once, and shows none',
    [prompt(), 'busybox stty raw -echo; echo go; busybox dd bs=1 count=4 2>/dev/null | busybox od -c\n'],
    [/go\n/, '\x03\x04\r\x1a'],
    [prompt('0000004\n'), 'busybox stty -a\n'],
  ],
  [
    'an editor draws its screen',
    [prompt(), `busybox vi ${EDITED}\n`],
    [/1\/1 100%.\[1;1H/, 'ihello'],
    [/hello.\[1;6H/, '\x1b'],
    [/Modified.*H/, 'Yp'],
    [/Put.*H/, 'Gdd'],
    [/Delete.*H/, ':wq\r'],
    [prompt(), `busybox wc ${EDITED}; rm ${EDITED}\n`],
  ],
  [
    'a pager takes keys from the terminal though its input is a pipe',
    [prompt(), 'busybox seq 1 100 | busybox less\n'],
    [/standard input.\[m/, ' '],
    [/46\r\n.*:/s, 'G'],
    [/END.*m/, 'q'],
  ],
  [
    'keys of flow control hold the output',
    [prompt(), CAT],
    [/go\r\n/, '\x13held\n\x11shown\n'],
    [/(held\r\n.*shown\r\n|shown\r\n.*held\r\n){2}/s, '\x04'],
  ],
]

interface Terminal {
  type(keys: string): void
  resize(rows: number, columns: number): void
  expect(wanted: RegExp): Promise<unknown>
}

/** A sandbox's terminal, with the methods of `Pty`, the real one. */
class Screen implements Terminal {
  output = ''
  #passed = 0
  readonly child: SandboxProcess

  constructor(child: SandboxProcess) {
    this.child = child
    child.stdout.setEncoding('latin1').on('data', (shown) => {
      this.output += shown
    })
  }

  type(keys: string): void {
    this.child.stdin.write(keys, 'latin1')
  }

  resize(rows: number, columns: number): void {
    this.child.resize({rows, columns})
  }

  async expect(wanted: RegExp): Promise<void> {
    for (;;) {
      const match = wanted.exec(this.output.slice(this.#passed))
      if (match !== null) {
        this.#passed += match.index + match[0].length
        return
      }
      await this.#more(`${wanted}`)
    }
  }

  #more(wanted: string): Promise<void> {
    const {stdout} = this.child
    return new Promise((resolve, reject) => {
      const settle = (settle: () => void): void => {
        clearTimeout(timer)
        stdout.off('data', more).off('end', fail)
        settle()
      }
      const more = (): void => settle(resolve)
      const fail = (): void =>
        settle(() => reject(new Error(`no ${wanted} in ${JSON.stringify(this.output.slice(this.#passed))}`)))
      const timer = setTimeout(fail, TIMEOUT_MS)
      stdout.on('data', more).on('end', fail)
    })
  }
}

async function converse(terminal: Terminal, steps: readonly Step[]): Promise<void> {
  for (const [shown, typed] of [...steps, [prompt(), 'exit 7\n'] as Step]) {
    await terminal.expect(shown)
    if (typeof typed === 'string') terminal.type(typed)
    else terminal.resize(...typed)
  }
}

const natively = new Map<string, Promise<string>>()

/** What a real terminal on this host shows. */
function shownNatively([name, ...steps]: Conversation): Promise<string> {
  const known = natively.get(name)
  if (known !== undefined) return known
  const shown = (async () => {
    const pty = new Pty(['env', 'PS1=$ ', BUSYBOX, 'sh'])
    await converse(pty, steps)
    expect(await pty.status()).toBe(7)
    return pty.output
  })()
  natively.set(name, shown)
  return shown
}

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation})
  })
  afterAll(() => sandbox.dispose())

  test.each(conversations)('%s, as natively', async (...conversation) => {
    const [, ...steps] = conversation
    const screen = new Screen(sandbox.spawn(BUSYBOX, ['sh'], {pty: true, env: {PS1: '$ '}}))
    try {
      await converse(screen, steps)
      expect(await screen.child.wait()).toMatchObject({exitCode: 7, signal: null})
    } finally {
      screen.child.kill('SIGKILL')
    }
    expect(screen.output).toBe(await shownNatively(conversation))
  })
})
