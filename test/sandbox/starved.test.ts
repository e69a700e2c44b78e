// A host that is too busy: a run ends as its owner wants, however long that takes, and the others go on.
//
// HV_LONG=1 (`npm run test:long`): by abort(), too. It takes a processor from all other tests.

import {type ChildProcess, execFile, spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {BUSYBOX, isLong} from './guests.ts'

const TIMEOUT_MS = 120_000
const library = new URL('../../dist/index.js', import.meta.url).href
/** Has made its child before it says so: the bomb leaves no task to fork with. */
const OTHER = 'sleep 4 & echo ready; wait; echo still here'
/** One processor for all: a sandbox, its owner, and others. */
const [, FIRST] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))!
const CPU = ['taskset', '-c', FIRST]
const OTHERS = 10
const MAX_TASKS = 50
const BOMB = '(f() { f | f & }; f); while :; do :; done'

const OWNER = `
  import {Sandbox} from '${library}'
  const sandbox = await Sandbox.create({platform: 'ptrace', maxTasks: ${MAX_TASKS}})
  const other = sandbox.spawn('${BUSYBOX}', ['sh', '-c', '${OTHER}'])
  const lines = other.lines()
  const said = [(await lines.next()).value]
  const how = process.argv[1] === 'timeoutMs' ? {timeoutMs: 2000} : {signal: AbortSignal.timeout(2000)}
  const ended = await sandbox.run('${BUSYBOX}', ['sh', '-c', '${BOMB}'], how).then(
    ({timedOut}) => 'timed out: ' + timedOut,
    ({name, message}) => name + ': ' + message,
  )
  for await (const line of lines) said.push(line)
  const {exitCode} = await other.wait()
  await sandbox.dispose()
  console.log(JSON.stringify({ended, said, exitCode}))`

const others: ChildProcess[] = []
beforeAll(() => {
  const [command, ...args] = [...CPU, 'sh', '-c', 'while :; do :; done']
  for (let count = 0; count < OTHERS; count++) others.push(spawn(command, args))
})
afterAll(() => {
  for (const other of others) other.kill('SIGKILL')
})

const WAYS = [
  ['timeoutMs', 'timed out: true'],
  ['abort()', 'AbortError: the run was aborted'],
]

test.each(isLong ? WAYS : WAYS.slice(0, 1))(
  '%s of a fork bomb ends it as such',
  {timeout: TIMEOUT_MS},
  async (how, ended) => {
    const [command, ...args] = [...CPU, process.execPath, '--input-type=module', '-e', OWNER, how]
    const {stdout} = await promisify(execFile)(command, args, {timeout: TIMEOUT_MS, killSignal: 'SIGKILL'})
    expect(JSON.parse(stdout)).toEqual({ended, said: ['ready', 'still here'], exitCode: 0})
  },
)
