// A sentry that is stuck through a bug of ours: the run ends in time, and nothing of it is left.

import {execFile} from 'node:child_process'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {copyWithBug, STUCK} from '../helpers/copy-with-bug.ts'
import {BUSYBOX, places, SPIN} from './guests.ts'

let copy: string
beforeAll(() => {
  copy = copyWithBug(...STUCK)
})
afterAll(() => rmSync(copy, {recursive: true}))

const REPORT = `
  const codeOf = (run) => run.then((result) => 'no error', ({code}) => code)
  const children = () => readdirSync('/proc/self/task')
    .map((id) => readFileSync('/proc/self/task/' + id + '/children', 'utf8')).join('')`

async function inProcess(platform: string, isolation: string, script: string): Promise<string> {
  const text = `
    import {readdirSync, readFileSync} from 'node:fs'
    import {Sandbox} from ${JSON.stringify(join(copy, 'dist/index.js'))}
    ${REPORT}
    const sandbox = await Sandbox.create({platform: '${platform}', isolation: '${isolation}'})
    const spin = (options) => codeOf(sandbox.run('${BUSYBOX}', ${JSON.stringify(SPIN)}, options))
    ${script}`
  const argv = ['--input-type=module', '-e', text]
  return (
    await promisify(execFile)(process.execPath, argv, {timeout: stepMs('command'), killSignal: 'SIGKILL'})
  ).stdout
}

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  test.each([
    ['a time-out', 'await spin({timeoutMs: 100})', 'SANDBOX_FAILED'],
    ['abort()', 'await spin({signal: AbortSignal.timeout(100)})', 'SANDBOX_FAILED'],
    [
      'the end of its program',
      `await codeOf(sandbox.run('${BUSYBOX}', ['true'], {timeoutMs: 500}))`,
      'SANDBOX_FAILED',
    ],
    ['dispose()', '(setTimeout(() => sandbox.dispose(), 100), await spin())', 'DISPOSED'],
  ])('a sentry that is stuck after %s is ended', async (_, run, code) => {
    const script = `
      const code = ${run}
      await sandbox.dispose()
      console.log(code, await spin(), children())`
    expect(await inProcess(platform, isolation, script)).toBe(`${code} ${code} \n`)
  })

  test('the process of a sentry that is stuck can exit', async () => {
    const script = `
      spin({timeoutMs: 10})
      setTimeout(() => { console.log('leaving'); process.exit(0) }, 300)`
    expect(await inProcess(platform, isolation, script)).toBe('leaving\n')
  })
})
