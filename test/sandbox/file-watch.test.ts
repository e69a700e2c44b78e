// Sandbox.files.watch: it tells what happens in the guest's tree, in order, and never too much of it.

import {execFileSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxFileChange} from '../../dist/index.js'
import {places, sh} from './guests.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  let host: string
  beforeAll(async () => {
    host = mkdtempSync(join(tmpdir(), 'hv-watch-'))
    const volumes = [{host, guest: '/work', writable: true}]
    sandbox = await Sandbox.create({platform, isolation, volumes})
    await sandbox.files.makeDirectory('/tmp/w')
  })
  afterAll(async () => {
    await sandbox.dispose()
    rmSync(host, {recursive: true})
  })

  /** What the watch tells of what `does` did, up to `last`, and a moment longer. */
  async function told(path: string, does: () => Promise<unknown>, last: string): Promise<string[]> {
    const changes: string[] = []
    const hear = ({kind, name}: SandboxFileChange) => changes.push(`${kind} ${name}`)
    const watch = await sandbox.files.watch(path, hear)
    await does()
    await expect.poll(() => changes.at(-1), {timeout: 30_000}).toBe(last)
    await sleep(100)
    watch.close()
    return changes
  }

  test.each(['/tmp/w', '/work'])('of what a program does in %s', async (where) => {
    const script = 'echo a > a; chmod 600 a; mv a b; mkdir d; rm b; rmdir d; : > ü'
    const last = 'create ü'
    expect(await told(where, () => sandbox.run(...sh(`cd ${where}; ${script}`)), last)).toEqual([
      ...['create a', 'write a', 'attributes a', 'remove a', 'create b', 'create d', 'remove b', 'remove d'],
      last,
    ])
  })

  test('of what the owner does, and to a file itself until it is gone', async () => {
    const {files} = sandbox
    await files.write('/tmp/f', 'one')
    const does = async () => {
      await files.write('/tmp/f', 'two')
      await files.remove('/tmp/f')
      await files.write('/tmp/f', 'another')
    }
    const changes = await told('/tmp/f', does, 'remove undefined')
    expect([...new Set(changes)]).toEqual(['write undefined', 'attributes undefined', 'remove undefined'])
  })

  test('while a program runs, at once', async () => {
    const child = sandbox.spawn(...sh('read line; echo > /tmp/w/now; sleep 1000'))
    const change = new Promise(
      (resolve) => void sandbox.files.watch('/tmp/w', resolve).then(() => child.stdin.write('\n')),
    )
    expect(await change).toEqual({kind: 'create', name: 'now'})
    child.kill('SIGKILL')
    await child.wait()
  })

  test('not of what comes after its end, and not for ever', async () => {
    const {files} = sandbox
    const changes: SandboxFileChange[] = []
    for (let i = 0; i < 600; i++) (await files.watch('/tmp/w', (change) => changes.push(change))).close()
    await files.write('/tmp/w/late', '')
    expect(changes).toEqual([])
    await expect(files.watch('/tmp/none', () => {})).rejects.toMatchObject({errno: 'ENOENT'})
    await expect(files.watch('/tmp/w', 5 as never)).rejects.toMatchObject({code: 'BAD_ARGUMENT'})
  })
})

test('a watch does not keep the process alive', () => {
  const script = `
    import {Sandbox} from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
    const sandbox = await Sandbox.create()
    await sandbox.files.watch('/tmp', () => {})
    console.log('watched')`
  const argv = ['--input-type=module', '-e', script]
  expect(execFileSync(process.execPath, argv, {encoding: 'utf8', timeout: 30_000})).toBe('watched\n')
})
