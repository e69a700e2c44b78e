// ci/process.mjs: how a stage's command ends.

import {expect, test} from 'vitest'
import {run} from '../../../ci/process.mjs'

test('status and output are the command’s', async () => {
  expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 7'])).toEqual({status: 7, output: 'out\nerr\n'})
})

test('a program that is not there is status 127', async () => {
  const {status, output} = await run('hv-no-such-program', [])
  expect(output).toContain('hv-no-such-program')
  expect(status).toBe(127)
})

test('a command that a signal ends is 128 and the signal', async () => {
  expect((await run('sh', ['-c', 'kill -SEGV $$'])).status).toBe(139)
})

test('the time limit ends the command and what it started', async () => {
  const started = performance.now()
  const {status, output} = await run('sh', ['-c', 'sleep 60 & sleep 60'], {timeoutMs: 200})
  expect(output).toContain('ended after 0.2 s')
  expect(status).toBe(124)
  expect(performance.now() - started).toBeLessThan(10_000)
})
