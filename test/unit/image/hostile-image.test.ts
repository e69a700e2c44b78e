// OCI image layouts that lie: each is refused in one line, and leaves nothing open.

import {mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {HvError} from '../../../src/errors.ts'
import {type Image, openImage} from '../../../src/image/open-image.ts'
import {forPlatform, type ImageParts, INDEX_TYPE, LayoutFolder} from '../../helpers/oci.ts'
import {ownCache} from '../../helpers/own-cache.ts'
import {tarOf} from '../../helpers/tar.ts'
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

/** The error's text, without the path. */
async function refusal(path: string): Promise<string> {
  const error = await read(path).then(
    ({fs}) => fs.dispose(),
    (thrown) => thrown,
  )
  if (!(error instanceof HvError)) throw error ?? new Error('it was taken')
  expect([error.code, error.nextStep]).toEqual(['BAD_ARGUMENT', expect.stringMatching(/./)])
  expect(error.message).not.toContain('\n')
  return error.message.replace(`${path}: `, '')
}

/** A digest that nothing has. */
const OTHER = `sha256:${'0'.repeat(64)}`

describe.each<[string, (layout: LayoutFolder) => unknown, RegExp]>([
  ['without an index', () => undefined, /neither the index.json/],
  [
    'whose index is a link',
    ({path}) => symlinkSync('/etc/passwd', join(path, 'index.json')),
    /index.json cannot be opened/,
  ],
  [
    'whose index is no JSON',
    ({path}) => writeFileSync(join(path, 'index.json'), '{'),
    /index.json is no JSON/,
  ],
  [
    'whose index is a list',
    ({path}) => writeFileSync(join(path, 'index.json'), '[]'),
    /index.json: .* is not/,
  ],
  [
    'whose index is a number',
    ({path}) => writeFileSync(join(path, 'index.json'), '5'),
    /index.json: it is not an object/,
  ],
  [
    'whose index is long',
    ({path}) => writeFileSync(join(path, 'index.json'), ' '.repeat(2 ** 22 + 1)),
    /larger than/,
  ],
  ['of no image', (layout) => layout.index(), /it is for nothing/],
  [
    'of too many',
    (layout) => layout.index(...Array(1001).fill(layout.image({layers: []}))),
    /at most 1000 descriptors/,
  ],
  [
    'of another architecture',
    (layout) => layout.index(forPlatform(layout.image({layers: []}), 's390x')),
    /it is for linux\/s390x/,
  ],
  [
    'of another system',
    (layout) => layout.index(layout.image({layers: [], about: {os: 'windows'}})),
    /it is for windows/,
  ],
  [
    'with a digest that leads away',
    (layout) => layout.index({...layout.image({layers: []}), digest: 'sha256:../../etc/passwd'}),
    /is not a digest/,
  ],
  [
    'without its manifest',
    (layout) => layout.index({...layout.image({layers: []}), digest: `sha256:${'0'.repeat(64)}`}),
    /lacks sha256:0000/,
  ],
  ['of another size', (layout) => layout.index({...layout.image({layers: []}), size: 5}), /is damaged/],
  [
    'of a negative size',
    (layout) => layout.index({...layout.image({layers: []}), size: -5}),
    /is not a size/,
  ],
  ['with a layer that is cut', (layout) => cutLayer(layout), /is damaged: its content has another digest/],
  ['with a layer that is a folder of the host', (layout) => linkLayer(layout), /cannot be opened|is no file/],
  [
    'with a layer whose content has another digest',
    (layout) => ofParts(layout, {layers: [tarOf({name: 'a'})], about: {rootfs: {diff_ids: [OTHER]}}}),
    /its layer sha256:0{64} is damaged/,
  ],
  [
    'with a compressed layer whose content has another digest',
    (layout) =>
      ofParts(layout, {layers: [gzipSync(tarOf({name: 'a'}))], about: {rootfs: {diff_ids: [OTHER]}}}),
    /its layer sha256:0{64} is damaged/,
  ],
  [
    'with digests for other layers',
    (layout) => ofParts(layout, {layers: [], about: {rootfs: {diff_ids: [OTHER]}}}),
    /more or fewer layers/,
  ],
  [
    'with too many layers',
    (layout) => ofParts(layout, {layers: Array(257).fill(Buffer.alloc(0))}),
    /at most 256/,
  ],
  [
    'with an encrypted layer',
    (layout) => ofParts(layout, {layers: [Buffer.alloc(0)], layerType: 'x.tar+encrypted'}),
    /which hv does not read/,
  ],
  [
    'with a layer that is no archive',
    (layout) => ofParts(layout, {layers: [Buffer.alloc(999, 'x')]}),
    /it is no tar archive/,
  ],
  [
    'whose environment is no list',
    (layout) => ofParts(layout, {layers: [], config: {Env: 'A=b'}}),
    /config\.Env is not a list of texts/,
  ],
  [
    'whose directory leads away',
    (layout) => ofParts(layout, {layers: [], config: {WorkingDir: '/a/../../b'}}),
    /no name of a file/,
  ],
  ['with NUL in its command', (layout) => ofParts(layout, {layers: [], config: {Cmd: ['a\0b']}}), /NUL/],
  [
    'of a config that is none',
    (layout) => layout.index(layout.blob({config: layout.blob({}, 'x'), layers: []}, 'm')),
    /no image of files: x/,
  ],
  ['of indexes without end', (layout) => deepIndex(layout), /indexes name indexes/],
])('a layout %s', (_, make, message) => {
  test('is refused in one line', async () => {
    const layout = newLayout()
    make(layout)
    expect(await refusal(layout.path)).toMatch(message)
  })
})

function ofParts(layout: LayoutFolder, parts: ImageParts): void {
  layout.index(layout.image(parts))
}

function cutLayer(layout: LayoutFolder): void {
  const layer = tarOf({name: 'a', content: 'x'.repeat(5000)})
  ofParts(layout, {layers: [layer]})
  truncateSync(join(layout.path, 'blobs/sha256', layout.blob(layer, '').digest.slice(7)), 1024)
}

function linkLayer(layout: LayoutFolder): void {
  const layer = tarOf({name: 'a'})
  ofParts(layout, {layers: [layer]})
  const path = join(layout.path, 'blobs/sha256', layout.blob(layer, '').digest.slice(7))
  rmSync(path)
  symlinkSync('/etc', path)
}

function deepIndex(layout: LayoutFolder): void {
  let blob = layout.image({layers: []})
  for (let depth = 0; depth < 6; depth++) blob = layout.blob({manifests: [blob]}, INDEX_TYPE)
  layout.index(blob)
}

test('what is open when an image is refused is closed', async () => {
  const layout = newLayout()
  ofParts(layout, {layers: [tarOf({name: 'a'}), gzipSync(tarOf({name: 'b'})), Buffer.alloc(999, 'x')]})
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  await refusal(layout.path)
  expect(open()).toBe(before)
  ofParts(layout, {layers: [tarOf({name: 'a'}), gzipSync(tarOf({name: 'b'})).fill(7, 20)]})
  await refusal(layout.path)
  expect(open()).toBe(before)
  ofParts(layout, {layers: [tarOf({name: 'a'}), gzipSync(tarOf({name: 'b'}))]})
  const {fs} = await read(layout.path)
  expect(open()).toBe(before + 2)
  fs.dispose()
  expect(open()).toBe(before)
})
