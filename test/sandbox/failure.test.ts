// A sandbox whose thread fails, by a bug of ours: a copy of the library, with the bugs built in.

import {execFile} from 'node:child_process'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {copyWithBug} from '../helpers/copy-with-bug.ts'
import {BUSYBOX} from './guests.ts'

let copy: string
const ENTRY = 'async function run(sentry, request, hooks) {'
const BUGS = `
  switch (request.args[0]) {
    case 'throws': throw new TypeError('a bug')
    case 'exits': process.exit(3)
    case 'runs out of heap': { const hoard = []; for (;;) hoard.push(new Array(1e5).fill({})) }
  }`

beforeAll(() => {
  copy = copyWithBug(ENTRY, BUGS)
})
afterAll(() => rmSync(copy, {recursive: true}))

test.each(['throws', 'exits', 'runs out of heap'])(
  'a thread that %s rejects its runs, and the process goes on with a new sandbox',
  async (bug) => {
    const script = `
      import {Sandbox} from ${JSON.stringify(join(copy, 'dist/index.js'))}
      const failing = await Sandbox.create()
      const runs = [failing.run('${BUSYBOX}', ['${bug}']), failing.run('${BUSYBOX}', ['true'])]
      const codes = (await Promise.allSettled(runs)).map(({reason}) => reason.code)
      await failing.dispose()
      const sandbox = await Sandbox.create()
      const {stdout} = await sandbox.run('${BUSYBOX}', ['echo', 'alive'])
      console.log(codes.join(' '), stdout.trim())`
    const node = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(node.stdout).toBe('SANDBOX_FAILED SANDBOX_FAILED alive\n')
  },
)
