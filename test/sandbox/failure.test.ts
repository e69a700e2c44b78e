// A sandbox whose thread fails, by a bug of ours: a copy of the library, with the bugs built in.

import {execFile} from 'node:child_process'
import {cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {BUSYBOX} from './guests.ts'

const root = new URL('../..', import.meta.url).pathname
const copy = mkdtempSync(join(tmpdir(), 'hv-failing-'))
const ENTRY = 'async function run(sentry, request, hooks) {'
const BUGS = `
  switch (request.args[0]) {
    case 'throws': throw new TypeError('a bug')
    case 'exits': process.exit(3)
    case 'runs out of heap': { const hoard = []; for (;;) hoard.push(new Array(1e5).fill({})) }
  }`

beforeAll(() => {
  cpSync(join(root, 'dist'), join(copy, 'dist'), {recursive: true})
  for (const name of ['native', 'node_modules', 'package.json'])
    symlinkSync(join(root, name), join(copy, name))
  const worker = join(copy, 'dist/worker.cjs')
  const text = readFileSync(worker, 'utf8')
  expect(text).toContain(ENTRY)
  writeFileSync(worker, text.replace(ENTRY, ENTRY + BUGS))
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
