// OCI image layouts: which image is meant, its stacked layers, and what its config says.

import {execFileSync} from 'node:child_process'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type Image, type ImageConfig, openImage} from '../../../src/image/open-image.ts'
import {forPlatform, GO_ARCH, INDEX_TYPE, LayoutFolder, named} from '../../helpers/oci.ts'
import {ownCache} from '../../helpers/own-cache.ts'
import {type TarFile, tarOf} from '../../helpers/tar.ts'
import {TestVfs} from '../../helpers/vfs.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

ownCache()
let folder: string
let remove: () => void
beforeAll(() => {
  ;({path: folder, remove} = hostDirectory())
})
afterAll(() => remove())

const read = async (reference: string): Promise<Image> => (await openImage(reference)).read()
const newLayout = (): LayoutFolder => new LayoutFolder(mkdtempSync(join(folder, 'layout-')))

async function open(reference: string): Promise<{vfs: TestVfs; config: ImageConfig}> {
  const {fs, config} = await read(reference)
  const vfs = new TestVfs(fs)
  onTestFinished(() => vfs.dispose())
  return {vfs, config}
}

async function ofLayers(...layers: TarFile[][]): Promise<TestVfs> {
  const layout = newLayout()
  layout.index(layout.image({layers: layers.map((files) => tarOf(...files))}))
  return (await open(layout.path)).vfs
}

async function configOf(config: object, files: TarFile[] = []): Promise<ImageConfig> {
  const layout = newLayout()
  layout.index(layout.image({layers: [tarOf(...files)], config}))
  return (await open(layout.path)).config
}

describe('layers', () => {
  test('the upper one counts, and directories are merged', async () => {
    const lower = [
      {name: 'd/a', content: 'low'},
      {name: 'd/b', content: 'b'},
    ]
    const vfs = await ofLayers(lower, [
      {name: 'd/', type: '5', mode: 0o700},
      {name: 'd/a', content: 'up'},
    ])
    expect([vfs.list('d'), vfs.read('d/a'), vfs.stat('d').mode & 0o777]).toEqual([['a', 'b'], 'up', 0o700])
  })

  test('a whiteout takes away what is below, and not what is beside it', async () => {
    const lower = [{name: 'd/a', content: 'low'}, {name: 'd/e/f'}, {name: 'd/stays'}]
    const upper = [{name: 'd/a', content: 'new'}, {name: 'd/.wh.a'}, {name: 'd/.wh.e'}, {name: '.wh.none'}]
    const vfs = await ofLayers(lower, upper)
    expect([vfs.list('d'), vfs.read('d/a'), vfs.list('.')]).toEqual([['a', 'stays'], 'new', ['d']])
  })

  test('an opaque directory hides all that is below, wherever its mark stands', async () => {
    const lower = [{name: 'd/a'}, {name: 'd/sub/b'}]
    const vfs = await ofLayers(lower, [
      {name: 'd/sub/', type: '5'},
      {name: 'd/new'},
      {name: 'd/.wh..wh..opq'},
    ])
    expect([vfs.list('d'), vfs.list('d/sub')]).toEqual([['new', 'sub'], []])
  })

  test('a file in place of a directory, and a directory in place of a link', async () => {
    const lower = [{name: 'd/a'}, {name: 'l', type: '2', link: 'd'}]
    const vfs = await ofLayers(lower, [
      {name: 'l/', type: '5'},
      {name: 'd', content: 'file'},
    ])
    expect([vfs.read('d'), vfs.list('l')]).toEqual(['file', []])
  })

  test('an upper one writes through links of a lower one, also away', async () => {
    const lower = [{name: 'usr/lib/old'}, {name: 'lib', type: '2', link: 'usr/lib'}]
    const vfs = await ofLayers(lower, [{name: 'lib/new'}, {name: 'lib/.wh.old'}])
    expect([vfs.list('usr/lib'), vfs.readlink('lib')]).toEqual([['new'], 'usr/lib'])
  })

  test('a hard link to a file of a lower one', async () => {
    const vfs = await ofLayers([{name: 'a', content: 'one'}], [{name: 'b', type: '1', link: 'a'}])
    expect([vfs.stat('b').ino, vfs.stat('b').nlink]).toEqual([vfs.stat('a').ino, 2])
  })

  test('by gzip, and in a tar archive of the layout', async () => {
    const layout = newLayout()
    const layers = [gzipSync(tarOf({name: 'a', content: 'low'})), tarOf({name: 'b', content: 'up'})]
    layout.index(layout.image({layers}))
    const archive = join(folder, 'layout.tar')
    execFileSync('tar', ['-C', layout.path, '-cf', archive, '.'])
    for (const path of [layout.path, archive]) {
      const {vfs} = await open(path)
      expect([vfs.read('a'), vfs.read('b')]).toEqual(['low', 'up'])
    }
  })
})

describe('which image', () => {
  const image = (layout: LayoutFolder, content: string) =>
    layout.image({layers: [tarOf({name: 'a', content})]})

  test('the one that is named', async () => {
    const layout = newLayout()
    layout.index(named(image(layout, '1'), 'one'), named(image(layout, '2'), 'docker.io/library/x:two'))
    expect((await open(`${layout.path}:one`)).vfs.read('a')).toBe('1')
    expect((await open(`${layout.path}:two`)).vfs.read('a')).toBe('2')
    await expect(read(layout.path)).rejects.toThrow('several images: one, docker.io/library/x:two')
    await expect(read(`${layout.path}:no`)).rejects.toMatchObject({
      nextStep: expect.stringContaining('one'),
    })
  })

  test('the one for this architecture, also in an index of an index', async () => {
    const layout = newLayout()
    const [own, other] = [image(layout, 'own'), image(layout, 'other')]
    const manifests = [
      forPlatform(other, 's390x'),
      forPlatform(other, 'unknown', 'unknown'),
      forPlatform(own, GO_ARCH),
    ]
    layout.index(layout.blob({manifests}, INDEX_TYPE))
    expect((await open(layout.path)).vfs.read('a')).toBe('own')
  })

  test('a path with a colon is one', async () => {
    const layout = new LayoutFolder(join(folder, 'with:colon'))
    layout.index(image(layout, 'x'))
    expect((await open(layout.path)).vfs.read('a')).toBe('x')
  })
})

describe('its config', () => {
  const passwd = {name: 'etc/passwd', content: 'root:x:0:0::/root:\nme:x:7:8:I:/home/me:/bin/sh\n'}
  const group = {name: 'etc/group', content: 'root:x:0:\nown:x:8:\nmore:x:9:you,me\n'}

  test.each([
    ['', {uid: 0, gid: 0, groups: [0], home: '/root'}],
    ['me', {uid: 7, gid: 8, groups: [8, 9], home: '/home/me'}],
    ['7', {uid: 7, gid: 8, groups: [8, 9], home: '/home/me'}],
    ['me:more', {uid: 7, gid: 9, groups: [9], home: '/home/me'}],
    ['100:200', {uid: 100, gid: 200, groups: [200], home: '/'}],
    ['100', {uid: 100, gid: 0, groups: [0], home: '/'}],
  ])('the user %j', async (User, user) => {
    expect((await configOf({User}, [passwd, group])).user).toEqual(user)
  })

  test.each(['you', 'me:none', '-1', '4294967295', 'me:99999999999'])('there is no user %j', async (User) => {
    await expect(configOf({User}, [passwd, group])).rejects.toThrow(
      'whom its /etc/passwd and /etc/group do not know',
    )
  })

  test('a passwd that is a link, to nowhere or to itself, has nobody', async () => {
    const link = {name: 'etc/passwd', type: '2', link: '/etc/passwd'}
    expect((await configOf({User: '5'}, [link])).user).toMatchObject({uid: 5, gid: 0})
  })

  test('environment, directory, entry point and command; nothing said is nothing', async () => {
    const said = {Env: ['A=b=c', 'HOME=/h', 'odd'], WorkingDir: '/w/d', Entrypoint: ['e'], Cmd: ['c', 'd']}
    const {user: _, ...config} = await configOf(said)
    expect(config).toEqual({env: {A: 'b=c', HOME: '/h'}, cwd: '/w/d', entrypoint: ['e'], command: ['c', 'd']})
    const nothing = {Env: null, WorkingDir: '', Entrypoint: null, Cmd: null}
    expect(await configOf(nothing)).toMatchObject({env: {HOME: '/'}, cwd: '/', entrypoint: [], command: []})
  })

  test('its directory is made if it is missing', async () => {
    const layout = newLayout()
    layout.index(
      layout.image({layers: [tarOf({name: 'w', type: '5', mode: 0o700})], config: {WorkingDir: '/w/ä'}}),
    )
    const {vfs} = await open(layout.path)
    expect([vfs.list('w'), vfs.stat('w').mode & 0o777]).toEqual([
      [Buffer.from('ä').toString('latin1')],
      0o700,
    ])
  })
})
