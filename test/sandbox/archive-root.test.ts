// Sandbox's root as a tar archive: programs run in it as in the directory that tar extracts from it.

import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, places} from './guests.ts'

/** Prints files, links and directories as busybox sees them: names, modes, owners, times, contents. */
const DESCRIBE =
  'cd $1; find . -path ./dev -prune -o -path ./proc -prune -o -path ./sys -prune -o -path ./tmp -prune -o -print' +
  ' | grep -vx . | sort | while read -r f; do stat -c "%n %f %u %g %Y %N" "$f"; [ -d "$f" ] || sha256sum "$f"; done'

let folder: string
const paths = () => ['root.tar', 'root.tar.gz'].map((name) => join(folder, name))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-archive-'))
  const tree = join(folder, 'tree')
  for (const name of ['bin', 'etc', 'usr/share/doc']) mkdirSync(join(tree, name), {recursive: true})
  copyFileSync(BUSYBOX, join(tree, 'bin/busybox'))
  for (const name of ['sh', 'find', 'grep', 'sort', 'stat', 'sha256sum', 'cat', 'touch', 'rm']) {
    symlinkSync('busybox', join(tree, 'bin', name))
  }
  for (let at = 0; at < 40; at++) writeFileSync(join(tree, 'usr/share/doc', `f${at}`), 'x'.repeat(at * 997))
  writeFileSync(join(tree, 'etc/motd'), 'hello\n')
  const [plain, packed] = paths()
  execFileSync('tar', ['-C', tree, '-cf', plain, '.'])
  execFileSync('tar', ['-C', tree, '-czf', packed, '.'])
})
afterAll(() => rmSync(folder, {recursive: true}))

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  test.each([0, 1])('archive %i has all that tar unpacks', async (index) => {
    const [unpacked, archive] = [mkdtempSync(join(folder, 'unpacked-')), paths()[index]]
    execFileSync('tar', ['-C', unpacked, '-xpf', archive])
    await using sandbox = await Sandbox.create({platform, isolation, root: archive})
    const {stdout, stderr} = await sandbox.run('sh', ['-c', DESCRIBE, 'sh', '/'])
    const native = execFileSync(BUSYBOX, ['sh', '-c', DESCRIBE, 'sh', unpacked], {encoding: 'utf8'})
    expect([stdout, stderr]).toEqual([native, ''])
  })

  test('what programs write is kept, and the archive stays as it is', async () => {
    const [archive] = paths()
    const before = hash(archive)
    await using sandbox = await Sandbox.create({platform, isolation, root: archive})
    await sandbox.run('sh', ['-c', 'echo more >> /etc/motd; rm /bin/touch; echo new > /etc/new'])
    const {stdout} = await sandbox.run('sh', ['-c', 'cat /etc/motd /etc/new; ls /bin/touch || echo gone'])
    expect([stdout, hash(archive)]).toEqual(['hello\nmore\nnew\ngone\n', before])
  })
})

test('an archive that takes more than its limit is refused, whatever files in memory may hold', async () => {
  const [plain, packed] = paths()
  await expect(
    Sandbox.create({root: packed, unpackBytes: 1 << 20, diskBytes: 1 << 30}),
  ).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: `${packed}: unpacked, it takes more than 1 MiB of ${tmpdir()}`,
    nextStep: 'give more as `unpackBytes`, or unpack it and name the directory',
  })
  await using enough = await Sandbox.create({root: packed, unpackBytes: 64 << 20})
  await using unneeded = await Sandbox.create({root: plain, unpackBytes: 1})
  for (const sandbox of [enough, unneeded])
    expect((await sandbox.run('sh', ['-c', 'cat /etc/motd'])).stdout).toBe('hello\n')
})

test.each([
  ['no archive', () => import.meta.filename, /: it is no tar archive$/],
  ['nothing', () => join(folder, 'nothing'), /: no such file or directory$/],
])('%s is refused in one line', async (_, root, message) => {
  await expect(Sandbox.create({root: root()})).rejects.toThrow(message)
})
