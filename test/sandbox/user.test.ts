// Sandbox's user: whom programs run as, by number or by the tree's own /etc/passwd and /etc/group.

import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox, type SandboxOptions} from '../../dist/index.js'
import {tarOf} from '../helpers/tar.ts'
import {BUSYBOX, guest, places} from './guests.ts'

const PASSWD = 'root:x:0:0::/root:/bin/sh\nme:x:1234:8::/home/me:/bin/sh\n'
const GROUP = 'root:x:0:\nours:x:9:you,me\ntheirs:x:10:you\n'

let folder: string
let root: string
let archive: string
/** The same tree in a directory, where its files are behind links, and in an archive. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-user-'))
  root = join(folder, 'root')
  mkdirSync(join(root, 'etc'), {recursive: true})
  mkdirSync(join(root, 'usr'))
  writeFileSync(join(root, 'usr/passwd'), PASSWD)
  symlinkSync('/usr/passwd', join(root, 'etc/passwd'))
  writeFileSync(join(root, 'etc/group'), GROUP)
  archive = join(folder, 'root.tar')
  writeFileSync(archive, tarOf({name: 'etc/passwd', content: PASSWD}, {name: 'etc/group', content: GROUP}))
})
afterAll(() => rmSync(folder, {recursive: true}))

const volumes = [{host: BUSYBOX, guest: '/bin/busybox'}]
const script = 'id -u; id -g; id -G; echo $HOME; touch /etc/x'
const idOf = async (options: SandboxOptions): Promise<string> => {
  await using sandbox = await Sandbox.create({volumes, ...options})
  return (await sandbox.run('/bin/busybox', ['sh', '-c', script])).stdout
}

test.each(places)('has the ids, groups and home of its row, on $platform, in a $isolation', async (place) => {
  for (const tree of [root, archive])
    expect(await idOf({...place, root: tree, user: 'me'})).toBe('1234\n8\n8 9\n/home/me\n')
})

test('may be given with a group, and by numbers that no file has', async () => {
  expect(await idOf({root, user: 'me:theirs'})).toBe('1234\n10\n10\n/home/me\n')
  expect(await idOf({root, user: '1234'})).toBe('1234\n8\n8 9\n/home/me\n')
  expect(await idOf({root, user: '77:78'})).toBe('77\n78\n78\n/\n')
  expect(await idOf({user: '0'})).toBe('0\n0\n0\n/\n')
})

test('that nobody knows is refused by name', async () => {
  for (const options of [
    {root, user: 'you'},
    {root, user: 'me:none'},
    {user: 'root'},
    {root, user: '4294967296'},
  ])
    await expect(Sandbox.create(options)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining(options.user),
      nextStep: expect.stringContaining('UID[:GID]'),
    })
})

describe('a program with a set-user-ID bit', () => {
  // guests/linux/set-id-exec.c: its user and its owner; `up` ends with 0 if it has the owner's rights.
  const user = '20001:20002'
  const owner = {uid: 20003, gid: 20004, mode: 0o4755}
  const statusOf = async (options: SandboxOptions): Promise<number | null> => {
    const packed = join(folder, 'set-id.tar')
    writeFileSync(packed, tarOf({name: 'bin/set-id', content: readFileSync(guest('set-id-exec')), ...owner}))
    await using sandbox = await Sandbox.create({root: packed, user, ...options})
    return (await sandbox.run('/bin/set-id', ['up'])).exitCode
  }

  test.each(places)('has the rights of its owner, on $platform, in a $isolation', async (place) => {
    expect(await statusOf(place)).toBe(0)
  })

  test.each<[string, SandboxOptions]>([
    ['without new privileges', {noNewPrivileges: true}],
    ['with promises', {pledge: 'stdio rpath id'}],
    ['with unveiled paths', {unveil: {'/': 'rx'}}],
  ])('has none %s', async (_, options) => {
    expect(await statusOf(options)).toBe(1)
  })

  test.skipIf(process.getuid!() !== 0)('has none on a volume or a tmpfs', async () => {
    const host = join(folder, 'set-id')
    copyFileSync(guest('set-id-exec'), host)
    chownSync(host, owner.uid, owner.gid)
    chmodSync(host, owner.mode)
    expect(await statusOf({volumes: [{host, guest: '/bin/set-id'}]})).toBe(1)
    await using sandbox = await Sandbox.create({volumes, tmpfs: [{guest: '/mem'}]})
    const {stdout} = await sandbox.run('/bin/busybox', ['grep', '-c', ' /mem .*nosuid', '/proc/mounts'])
    expect(stdout).toBe('1\n')
  })
})
