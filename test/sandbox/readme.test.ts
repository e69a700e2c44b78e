// The README's sandbox with promises runs what it is there for.

import {readFileSync} from 'node:fs'
import {expect, onTestFinished, test} from 'vitest'
import {Sandbox, type SandboxOptions} from '../../src/index.ts'
import {BUSYBOX} from './guests.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

test('busybox runs with the promises of the second example, and its handlers are asked', async () => {
  const [, options] = /const sandbox = await Sandbox\.create\((\{\n.*?\n\})\)/s.exec(readme)!
  const sandbox = await Sandbox.create(new Function(`return (${options})`)() as SandboxOptions)
  onTestFinished(() => sandbox.dispose())
  expect(await sandbox.run(BUSYBOX, ['touch', '/tmp/a.log'])).toMatchObject({exitCode: 0})
  expect(await sandbox.run(BUSYBOX, ['id', '-u'])).toMatchObject({exitCode: 0, stdout: '1000\n'})
})
