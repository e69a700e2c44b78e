// A sandbox whose sentry fails through a bug of ours: a copy of the library, with the bugs built in.

import {execFile} from 'node:child_process'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {copyWithBug, PROGRAM_STARTS} from '../helpers/copy-with-bug.ts'
import {BUSYBOX} from './guests.ts'

let copy: string
const BUGS = `
  const run = this.id
  switch (this.#request.args[0]) {
    case 'throws': throw new TypeError('a bug')
    case 'exits': process.exit(3)
    case 'is killed': process.kill(process.pid, 'SIGKILL')
    case 'talks nonsense': require('node:fs').writeSync(3, Buffer.alloc(64, 0xff)); for (;;);
    case 'talks too much': port.post({kind: 'finished', run, finished: {stdout: new Uint8Array(65 << 20), stderr: new Uint8Array(0)}})
    case 'says other things': port.post({kind: 'finished', run, finished: {stdout: [], stderr: [], result: {exitCode: {}}}})
    case 'runs out of heap': { const hoard = []; for (;;) hoard.push(new Array(4e6).fill(0.5)) }
  }`

beforeAll(() => {
  copy = copyWithBug(PROGRAM_STARTS, BUGS)
})
afterAll(() => rmSync(copy, {recursive: true}))

test.each([
  ['thread', 'throws', 'SANDBOX_FAILED'],
  ['thread', 'exits', 'SANDBOX_FAILED'],
  ['thread', 'runs out of heap', 'SANDBOX_FAILED'],
  ['process', 'throws', 'SANDBOX_FAILED'],
  ['process', 'exits', 'SANDBOX_DIED'],
  ['process', 'runs out of heap', 'SANDBOX_DIED'],
  ['process', 'is killed', 'SANDBOX_DIED'],
  ['process', 'talks nonsense', 'SANDBOX_FAILED'],
  ['process', 'talks too much', 'SANDBOX_FAILED'],
  ['process', 'says other things', 'SANDBOX_FAILED'],
])(
  'a %s that %s rejects its runs, and its owner goes on with a new sandbox',
  async (isolation, bug, code) => {
    const script = `
      import {Sandbox} from ${JSON.stringify(join(copy, 'dist/index.js'))}
      const failing = await Sandbox.create({isolation: '${isolation}'})
      const runs = [failing.run('${BUSYBOX}', ['${bug}']), failing.run('${BUSYBOX}', ['true'])]
      const codes = (await Promise.allSettled(runs)).map(({reason}) => reason.code)
      await failing.dispose()
      const sandbox = await Sandbox.create()
      const {stdout} = await sandbox.run('${BUSYBOX}', ['echo', 'alive'])
      console.log(codes.join(' '), stdout.trim())`
    const node = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(node.stdout).toBe(`${code} ${code} alive\n`)
  },
)

test.each(['thread', 'process'])('a %s that has failed does not keep its owner alive', async (isolation) => {
  const script = `
    import {Sandbox} from ${JSON.stringify(join(copy, 'dist/index.js'))}
    const failing = await Sandbox.create({isolation: '${isolation}'})
    console.log(await failing.run('${BUSYBOX}', ['throws']).catch(({code}) => code))`
  const argv = ['--input-type=module', '-e', script]
  const node = await promisify(execFile)(process.execPath, argv, {timeout: 30_000, killSignal: 'SIGKILL'})
  expect(node.stdout).toBe('SANDBOX_FAILED\n')
})
