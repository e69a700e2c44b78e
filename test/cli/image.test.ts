// hv run --image and --root TAR: what a user of containers types.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {O_ACCMODE, O_RDONLY} from '../../src/abi/open-flags.ts'
import {dockerArchive, sha256} from '../helpers/docker.ts'
import {LayoutFolder, named} from '../helpers/oci.ts'
import {tarOf} from '../helpers/tar.ts'
import {HV, type Ran, hv as run} from './hv.ts'

const platforms = ['kvm', 'ptrace'].filter((name) => name !== 'kvm' || existsSync('/dev/kvm'))
let folder: string
const at = (name: string): string => join(folder, name)
const hv = (args: string[], through: string[] = []): Ran => run(args, {XDG_CACHE_HOME: at('cache')}, through)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-image-cli-'))
  const layer = tarOf(
    {name: 'bin/busybox', content: readFileSync('/bin/busybox'), mode: 0o755},
    ...['sh', 'echo', 'env', 'cat'].map((name) => ({name: `bin/${name}`, type: '2', link: 'busybox'})),
    {name: 'etc/motd', content: 'hello\n'},
  )
  writeFileSync(at('tree.tar'), layer)
  const layout = new LayoutFolder(at('layout'))
  const config = {Entrypoint: ['sh'], Cmd: ['-c', 'echo $A; pwd'], Env: ['A=image'], WorkingDir: '/etc'}
  layout.index(
    named(layout.image({layers: [layer], config}), 'entry'),
    named(layout.image({layers: [layer]}), 'plain'),
  )
})
afterAll(() => rmSync(folder, {recursive: true}))

test.each<[string[], string]>([
  [['layout:entry'], 'image\n/etc\n'],
  [['layout:entry', '--', '-c', 'cat motd'], 'hello\n'],
  [['layout:entry', '--env', 'A=own', '--cwd', '/bin'], 'own\n/bin\n'],
  [['layout:entry', '--entrypoint', 'echo', 'a'], 'a\n'],
  [['layout:entry', '--entrypoint', 'echo'], '\n'],
  [['layout:plain', 'cat', '/etc/motd'], 'hello\n'],
])('--image %j', ([image, ...words], stdout) => {
  expect(hv(['run', '--image', at(image), ...words])).toMatchObject({stdout, stderr: '', status: 0})
})

test.each<[string[], RegExp]>([
  [['layout:plain'], /the image does not say what to run: name a program of it$/],
  [['layout:none'], /it has no image none: it has entry, plain$/],
  [['layout'], /it has several images: entry, plain: name one behind a colon, e\.g\. `:entry`$/],
  [['tree.tar', 'sh'], /tree\.tar: it has neither the index\.json of an OCI [^\n]*`docker save`: make one/],
  [['layout:entry', '-c', 'true'], /unknown flag -c: what is for the image goes behind --$/],
])('--image %j is refused in one line', ([image, ...words], line) => {
  const {status, stdout, stderr} = hv(['run', '--image', at(image), ...words])
  expect([status, stdout, stderr.trimEnd()]).toEqual([125, '', expect.stringMatching(line)])
  expect(stderr.trimEnd()).not.toContain('\n')
})

test('--image takes what docker save wrote, and --stats shows what was unpacked', () => {
  const config = {Cmd: ['cat', '/etc/motd']}
  const layer = readFileSync(at('tree.tar'))
  writeFileSync(at('saved.tar.gz'), gzipSync(dockerArchive({layers: [layer], tags: ['tree:1'], config})))
  const {stdout, stderr} = hv(['run', '--stats=json', '--image', at('saved.tar.gz:tree:1')])
  expect(stdout).toBe('hello\n')
  const {layers, unpackedBytes, unpackNs} = JSON.parse(stderr)
  expect([layers, unpackedBytes > layer.length, unpackNs > 0]).toEqual([1, true, true])
})

test.each(platforms)('a second start on %s unpacks nothing, and hv image says what is kept', (platform) => {
  const layer = readFileSync(at('tree.tar'))
  const path = at(`packed-${platform}`)
  const layout = new LayoutFolder(path)
  const about = {rootfs: {type: 'layers', diff_ids: [`sha256:${sha256(layer)}`]}}
  const config = {Cmd: ['cat', '/etc/motd']}
  layout.index(layout.image({layers: [gzipSync(layer)], about, config}))
  const start = () => {
    const {stdout, stderr} = hv(['run', '--platform', platform, '--stats=json', '--image', path])
    expect(stdout).toBe('hello\n')
    const {keptLayers, unpackedBytes} = JSON.parse(stderr)
    return [keptLayers, unpackedBytes]
  }
  hv(['image', 'prune'])
  expect(start()).toEqual([0, layer.length])
  rmSync(join(path, 'blobs/sha256', sha256(gzipSync(layer))))
  expect(start()).toEqual([1, 0])

  const digits = sha256(layer).slice(0, 12)
  expect(hv(['image', 'ls']).stdout).toMatch(new RegExp(`^${digits} +[\\d.]+ MiB  \\d{4}-.* ${path}\n$`))
  expect(JSON.parse(hv(['image', '--json']).stdout)).toMatchObject([{reference: path, bytes: layer.length}])
  expect(hv(['image', 'rm', digits])).toMatchObject({status: 0, stderr: ''})
  expect(hv(['image', 'ls'])).toMatchObject({status: 0, stdout: ''})
  expect(hv(['image', 'rm', path])).toMatchObject({
    status: 127,
    stderr: expect.stringMatching(/^hv: hv keeps no image [^\n]+\n$/),
  })
})

test.each(platforms)('on %s, nobody can write what is kept once the guest runs', async (platform) => {
  const path = at(`read-${platform}`)
  const layout = new LayoutFolder(path)
  const layer = readFileSync(at('tree.tar'))
  const about = {rootfs: {type: 'layers', diff_ids: [`sha256:${sha256(layer)}`]}}
  layout.index(
    layout.image({layers: [gzipSync(layer)], about, config: {Cmd: ['sh', '-c', 'echo ready; cat']}}),
  )
  for (const _ of ['first', 'second']) {
    const env = {...process.env, XDG_CACHE_HOME: at('cache')}
    const child = spawn(process.execPath, [HV, 'run', '--platform', platform, '--image', path], {env})
    const [ready] = await once(child.stdout, 'data')
    const kept = descriptorsOf(child.pid!).filter(([file]) => file.startsWith(at('cache/')))
    child.stdin.end()
    await once(child, 'close')
    expect([String(ready), kept.length > 0]).toEqual(['ready\n', true])
    expect(kept.filter(([, access]) => access !== O_RDONLY)).toEqual([])
  }
})

/** Of a process and those below it: each file, and how it is open. */
function descriptorsOf(pid: number): [file: string, access: number][] {
  const own = readdirSync(`/proc/${pid}/fd`).map((fd): [string, number] => {
    const [, flags] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))!
    return [readlinkSync(`/proc/${pid}/fd/${fd}`), Number.parseInt(flags, 8) & O_ACCMODE]
  })
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  )
  return [...own, ...children.flatMap((child) => descriptorsOf(Number(child)))]
}

test('a program that an image lacks is not found: 127', () => {
  expect(hv(['run', '--image', at('layout:plain'), 'nothing'])).toMatchObject({status: 127, stdout: ''})
})

test('--root takes a tar archive, and says what is no archive', () => {
  expect(hv(['run', '--root', at('tree.tar'), 'cat', '/etc/motd']).stdout).toBe('hello\n')
  const {status, stderr} = hv(['run', '--root', at('layout/index.json'), 'cat'])
  expect([status, stderr]).toEqual([125, expect.stringMatching(/ends in a header.*: make it anew.*\n$/)])
})

test('the trace and the promises are those of the image’s program', () => {
  const words = ['--image', at('layout:plain'), 'cat', '/etc/motd']
  expect(hv(['trace', '-e', 'openat,open', ...words]).stderr).toContain('/etc/motd')
  expect(hv(['pledge', '--suggest', ...words]).stdout).toMatch(/^stdio rpath/)
})
