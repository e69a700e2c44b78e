// Sandbox's image: an OCI image's programs, with the user, environment and directory that it names.

import {copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {LayoutFolder, named} from '../helpers/oci.ts'
import {ownCache} from '../helpers/own-cache.ts'
import {tarOf} from '../helpers/tar.ts'
import {BUSYBOX, places} from './guests.ts'

const APPLETS = ['sh', 'echo', 'id', 'env', 'pwd', 'cat', 'ls', 'touch', 'stat']
const PASSWD = 'root:x:0:0::/root:\nme:x:7:8::/home/me:\n'
const config = {
  ...{User: 'me', Env: ['PATH=/bin', 'COLOR=red', 'SIZE=1'], WorkingDir: '/work'},
  ...{Entrypoint: ['echo', 'entry'], Cmd: ['command']},
}

ownCache()
let folder: string
let image: string
/** Makes a layer with busybox, and one on top. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-image-'))
  const low = tarOf(
    {name: 'bin/busybox', content: readFileSync(BUSYBOX), mode: 0o755},
    ...APPLETS.map((name) => ({name: `bin/${name}`, type: '2', link: 'busybox'})),
    {name: 'etc/passwd', content: PASSWD},
    {name: 'etc/gone', content: ''},
    {name: 'home/me', type: '5', mode: 0o700, uid: 7, gid: 8},
  )
  const up = tarOf({name: 'etc/.wh.gone'}, {name: 'etc/motd', content: 'up\n'})
  const layout = new LayoutFolder(join(folder, 'layout'))
  const bare = layout.image({layers: [low]})
  layout.index(named(layout.image({layers: [gzipSync(low), up], config}), 'full'), named(bare, 'bare'))
  image = layout.path
})
afterAll(() => rmSync(folder, {recursive: true}))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation, image: `${image}:full`})
  })
  afterAll(() => sandbox.dispose())

  test('without a program its entry point runs, with its arguments or those given', async () => {
    expect((await sandbox.run()).stdout).toBe('entry command\n')
    expect((await sandbox.run(undefined, ['given'])).stdout).toBe('entry given\n')
    const child = sandbox.spawn()
    expect(await child.wait()).toMatchObject({exitCode: 0})
  })

  test('programs have its user, environment and directory, and what they are given on top', async () => {
    const script = 'id; pwd; echo $HOME $COLOR $SIZE $PATH; touch $HOME/x /etc/x; ls /etc'
    const {stdout, stderr} = await sandbox.run('sh', ['-c', script], {env: {SIZE: '2'}})
    const id = 'uid=7(me) gid=8 groups=8'
    expect(stdout).toBe(`${id}\n/work\n/home/me red 2 /bin\nmotd\npasswd\n`)
    expect(stderr).toBe('touch: /etc/x: Permission denied\n')
    expect((await sandbox.run('pwd', [], {cwd: '/home'})).stdout).toBe('/home\n')
  })

  test('what is written is kept, and the image stays as it is', async () => {
    await sandbox.run('sh', ['-c', 'echo mine > $HOME/kept'])
    expect((await sandbox.run('cat', ['/home/me/kept'])).stdout).toBe('mine\n')
    await using other = await Sandbox.create({platform, isolation, image: `${image}:full`})
    expect((await other.run('ls', ['/home/me'])).stdout).toBe('')
  })
})

test('an image that names no program has none to run, and runs as root', async () => {
  await using sandbox = await Sandbox.create({image: `${image}:bare`})
  await expect(sandbox.run()).rejects.toMatchObject({code: 'BAD_ARGUMENT', nextStep: 'name a program of it'})
  expect((await sandbox.run('id', ['-u'])).stdout).toBe('0\n')
})

test('without an image there is no program without a name', async () => {
  await using sandbox = await Sandbox.create()
  await expect(sandbox.run()).rejects.toThrow('program takes a path, not undefined')
})

test.each([
  [{image: '/no/such'}, 'no such image'],
  [{image: '/etc'}, 'neither the index.json'],
  [{image: '/', root: '/'}, '`root` and `image`: each says what the guest sees'],
])('%j is refused', async (options, message) => {
  await expect(Sandbox.create(options)).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    message: expect.stringContaining(message),
  })
})

test('a volume may lie over it, and an image need not be a folder', async () => {
  mkdirSync(join(folder, 'volume'))
  copyFileSync(BUSYBOX, join(folder, 'volume/tool'))
  const volumes = [{host: join(folder, 'volume'), guest: '/work/sub', writable: true}]
  await using sandbox = await Sandbox.create({image: `${image}:bare`, volumes})
  await sandbox.run('sh', ['-c', 'echo out > /work/sub/out'])
  expect(readFileSync(join(folder, 'volume/out'), 'utf8')).toBe('out\n')
})
