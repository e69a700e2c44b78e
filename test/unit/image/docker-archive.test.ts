// What `docker save` writes, taken as it is: which image is meant, its layers, and what does not fit together.

import {execFileSync} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {openImage} from '../../../src/image/open-image.ts'
import {dockerArchive, sha256} from '../../helpers/docker.ts'
import {ownCache} from '../../helpers/own-cache.ts'
import {tarOf} from '../../helpers/tar.ts'
import {TestVfs} from '../../helpers/vfs.ts'
import {hostDirectory} from '../../helpers/vfs-backends.ts'

ownCache()
let folder: string
let remove: () => void
beforeAll(() => {
  ;({path: folder, remove} = hostDirectory())
})
afterAll(() => remove())

const low = tarOf({name: 'a', content: 'low'}, {name: 'b', content: 'b'})
const up = tarOf({name: 'a', content: 'up'}, {name: '.wh.b'})

async function open(archive: Uint8Array, name = ''): Promise<TestVfs> {
  writeFileSync(join(folder, 'saved.tar'), archive)
  const {fs} = await (await openImage(join(folder, 'saved.tar') + name)).read()
  const vfs = new TestVfs(fs)
  onTestFinished(() => vfs.dispose())
  return vfs
}

test('layers are stacked, those that are links too, and the config counts', async () => {
  const vfs = await open(dockerArchive({layers: [low, up, low], config: {WorkingDir: '/work'}}))
  expect([vfs.read('a'), vfs.list('.')]).toEqual(['low', ['a', 'b', 'work']])
})

test('compressed as a whole, and in a folder', async () => {
  const archive = dockerArchive({layers: [low]})
  expect((await open(gzipSync(archive))).read('a')).toBe('low')
  const path = join(folder, 'unpacked')
  mkdirSync(path)
  execFileSync('tar', ['-xf', '-', '-C', path], {input: archive})
  const {fs} = await (await openImage(path)).read()
  const vfs = new TestVfs(fs)
  onTestFinished(() => vfs.dispose())
  expect(vfs.read('a')).toBe('low')
})

test('with a compressed layer, whose digest is that of what is in it', async () => {
  const files = [{name: '0-0/layer.tar', content: gzipSync(low)}]
  expect((await open(dockerArchive({layers: [low], files}))).read('a')).toBe('low')
})

test('the image that is named, by its whole name or its tag', async () => {
  const archive = dockerArchive(
    {layers: [low], tags: ['alpine:3', 'example.org:5000/alpine:three']},
    {layers: [up], tags: ['debian:12']},
  )
  expect((await open(archive, ':alpine:3')).read('a')).toBe('low')
  expect((await open(archive, ':three')).read('a')).toBe('low')
  expect((await open(archive, ':example.org:5000/alpine:three')).read('a')).toBe('low')
  expect((await open(archive, ':12')).read('a')).toBe('up')
  await expect(open(archive)).rejects.toThrow(
    'several images: alpine:3, example.org:5000/alpine:three, debian',
  )
})

describe('is refused', () => {
  const config = {name: `${sha256('x')}.json`, content: '{}'}
  test.each<[string, Uint8Array, RegExp]>([
    ['without an image', tarOf({name: 'manifest.json', content: '[]'}), /it has no image/],
    ['without a list', tarOf({name: 'manifest.json', content: '{}'}), /not a list of images/],
    [
      'with a layer of other content',
      dockerArchive({layers: [low], files: [{name: '0-0/layer.tar', content: up}]}),
      /its layer sha256:[0-9a-f]{64} is damaged/,
    ],
    [
      'with a compressed layer of other content',
      dockerArchive({layers: [low], files: [{name: '0-0/layer.tar', content: gzipSync(up)}]}),
      /its layer sha256:[0-9a-f]{64} is damaged/,
    ],
    [
      'with a layer that is a link to itself',
      dockerArchive({layers: [low], files: [{name: '0-0/layer.tar', type: '2', link: 'layer.tar'}]}),
      /layer\.tar is no file/,
    ],
    [
      'with a layer that is a link above',
      dockerArchive({
        layers: [low],
        files: [{name: '0-0/layer.tar', type: '2', link: '../../../etc/passwd'}],
      }),
      /it lacks 0-0\/layer\.tar/,
    ],
    [
      'with more layers than digests',
      dockerArchive({layers: [low], about: {rootfs: {diff_ids: []}}}),
      /more or fewer layers/,
    ],
    [
      'of another architecture',
      dockerArchive({layers: [], about: {architecture: 's390x'}}),
      /for linux\/s390x/,
    ],
    [
      'whose config has another digest',
      tarOf(config, {name: 'manifest.json', content: JSON.stringify([{Config: config.name, Layers: []}])}),
      /is damaged/,
    ],
    [
      'whose config leads away',
      tarOf({name: 'manifest.json', content: JSON.stringify([{Config: '../etc/passwd', Layers: []}])}),
      /it lacks \.\.\/etc\/passwd/,
    ],
  ])('an archive %s', async (_, archive, message) => {
    await expect(open(archive)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })
})
