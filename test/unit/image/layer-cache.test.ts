// What hv keeps of images: a second start reads no layer, and nobody can put anything under a digest that is not its own.

import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {describe, expect, test} from 'vitest'
import {KEPT_BYTES, LayerCache} from '../../../src/image/layer-cache.ts'
import {trailerOf} from '../../../src/image/unpacked-file.ts'
import {dockerArchive, sha256} from '../../helpers/docker.ts'
import {emptyCache, low, newImage, plain, start, up} from '../../helpers/kept-image.ts'
import {LayoutFolder} from '../../helpers/oci.ts'
import {tarOf} from '../../helpers/tar.ts'

const KEY = 'a'.repeat(64)
const {cacheOf, digests, directory, files, folder, unpacked} = emptyCache()
const keptAs = (layer: Uint8Array | string): string => join(directory(), files(`sha256-${sha256(layer)}`)[0])

/** What a jailed process leaves behind. */
function leave(content: Uint8Array | string, trailer: string): string {
  const {fd, writer} = cacheOf().createUnpacked(KEY, 'left')
  writeSync(writer, content as string)
  writeSync(writer, trailer)
  for (const each of [fd, writer]) closeSync(each)
  return unpacked()
}

/** Only a hash tells that it is not what was unpacked. */
function damage(path: string): void {
  writeFileSync(path, readFileSync(path, 'latin1').replace('bbb', 'ccc'), 'latin1')
}

describe('a second start', () => {
  test('reads and unpacks no layer: their files may be gone', async () => {
    const layout = newImage(folder())
    const first = await start(layout.path)
    expect(first).toMatchObject({text: 'upb', unpacked: {layers: 2, keptLayers: 0}})
    expect(first.unpacked.bytes).toBe(low.length + up.length)

    for (const layer of [gzipSync(low), up]) rmSync(join(layout.path, 'blobs/sha256', sha256(layer)))
    const second = await start(layout.path)
    expect(second).toMatchObject({text: 'upb', unpacked: {layers: 2, keptLayers: 2, bytes: 0}})
    cacheOf().adopt()
    expect(digests()).toEqual(plain.map(sha256).sort())
    expect(files('unpacked-')).toEqual([])
    expect(await start(layout.path)).toMatchObject({unpacked: {keptLayers: 2, bytes: 0}})
  })

  test('of another image with the same layers unpacks only its own', async () => {
    await start(newImage(folder()).path)
    const path = join(folder(), 'saved.tar')
    const other = tarOf({name: 'a', content: 'other'})
    writeFileSync(path, dockerArchive({layers: [low, other]}))
    // It is not known before its config has been read, which a jail does.
    expect(await start(path)).toMatchObject({text: 'otherb', unpacked: {keptLayers: 0}})
    expect(await start(path)).toMatchObject({text: 'otherb', unpacked: {keptLayers: 2, bytes: 0}})
    cacheOf().adopt()
    expect(files('sha256-')).toHaveLength(3)
  })

  test('after one layer was removed unpacks that one', async () => {
    const {path} = newImage(folder())
    await start(path)
    cacheOf().adopt()
    rmSync(keptAs(low))
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 1, bytes: low.length}})
    expect(await start(path)).toMatchObject({unpacked: {keptLayers: 2}})
  })

  test('of an image that has changed sees the new one', async () => {
    const layout = newImage(folder())
    await start(layout.path)
    layout.index(layout.image({layers: [low]}))
    expect(await start(layout.path)).toMatchObject({text: 'lowb'})
  })
})

describe('what a jailed process has left', () => {
  test('is not kept if it was changed', async () => {
    const {path} = newImage(folder())
    await start(path)
    damage(unpacked())
    cacheOf().adopt()
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 1}})
    expect(digests()).toEqual([sha256(up)])
  })

  test('is no layer of another image, whatever it says', async () => {
    const lie = Buffer.from(low.toString('latin1').replaceAll('b', 'c'), 'latin1')
    leave(lie, trailerOf([{digest: sha256(low), start: 0, size: low.length}]))
    const {path} = newImage(folder())
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 0}})
    leave(lie, trailerOf([{digest: sha256(low), start: 0, size: low.length}]))
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2}})
    cacheOf().adopt()
    expect(readFileSync(keptAs(low))).toEqual(low)
  })

  test('is copied: who still has it open changes nothing that is kept', async () => {
    const {path} = newImage(folder())
    await start(path)
    const fd = openSync(unpacked(), 'r+')
    cacheOf().adopt()
    writeSync(fd, Buffer.alloc(low.length + up.length), 0)
    closeSync(fd)
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2}})
  })

  test('is copied without what is no layer, and keeps its time of use', () => {
    const kept = 'kept'
    const start = 70_000
    const left = leave(
      ' '.repeat(start) + kept,
      trailerOf([{digest: sha256(kept), start, size: kept.length}]),
    )
    utimesSync(left, 100, 100)
    cacheOf().adopt()
    expect(statSync(keptAs(kept))).toMatchObject({size: kept.length, mode: 0o100400, mtimeMs: 100_000})
  })

  test('of which another has a part already gives only the rest', async () => {
    leave(low.toString('latin1'), trailerOf([{digest: sha256(low), start: 0, size: low.length}]))
    cacheOf().adopt()
    const {path} = newImage(folder())
    await start(path)
    const before = statSync(keptAs(low)).ino
    cacheOf().adopt()
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2}})
    expect([digests(), statSync(keptAs(low)).ino]).toEqual([plain.map(sha256).sort(), before])
  })

  test.each<[string, (digest: string) => string]>([
    ['with a digest of other content', () => trailerOf([{digest: sha256('other'), start: 0, size: 4}])],
    ['beyond its end', (digest) => trailerOf([{digest, start: 0, size: 10_000}])],
    [
      'of layers that overlap',
      (digest) =>
        trailerOf([
          {digest, start: 0, size: 4},
          {digest, start: 2, size: 4},
        ]),
    ],
    ['with a name that leads away', () => '\nhv unpacked these:\n../../x 0 4\n'],
    ['with text behind', (digest) => `${trailerOf([{digest, start: 0, size: 4}])}more`],
    ['with a layer too many', (digest) => trailerOf(Array(257).fill({digest, size: 0}))],
  ])('is not believed %s', (_, trailer) => {
    const left = leave('text', trailer(sha256('text')))
    utimesSync(left, 0, 0)
    cacheOf().adopt()
    expect([files('sha256-'), files('unpacked-')]).toEqual([[], []])
  })

  test('stays while it is being written, and goes when its writer is dead', () => {
    const left = leave('half of', '')
    cacheOf().adopt()
    expect(files('unpacked-')).toHaveLength(1)
    utimesSync(left, new Date(), new Date(Date.now() - 3_600_000))
    cacheOf().adopt()
    expect(files('unpacked-')).toEqual([])
  })

  test('is of no use after an error: nothing of it stays', async () => {
    const layout = new LayoutFolder(mkdtempSync(join(folder(), 'bad-')))
    layout.index(layout.image({layers: [gzipSync(low), Buffer.alloc(999, 'x')]}))
    await expect(start(layout.path)).rejects.toThrow('no tar archive')
    expect(files('unpacked-').map((name) => readFileSync(join(directory(), name)).length)).toEqual([0])
  })
})

describe('the cache', () => {
  const keep = (content: string, usedAt: number): void => {
    leave(content, trailerOf([{digest: sha256(content), start: 0, size: content.length}]))
    cacheOf().adopt()
    utimesSync(keptAs(content), usedAt, usedAt)
  }

  test('removes first what was not used for longest', () => {
    for (const [index, content] of ['old', 'new', 'older'].entries()) keep(content, [200, 300, 100][index])
    expect(cacheOf().prune(6)).toBe(5)
    expect(digests()).toEqual(['old', 'new'].map(sha256).sort())
    expect(cacheOf().prune(0)).toBe(6)
    expect(files('')).toEqual([])
  })

  test('is no larger after a start that unpacks nothing', async () => {
    const {path} = newImage(folder())
    await start(path)
    const large = join(directory(), `sha256-${KEY}`)
    writeFileSync(large, '')
    truncateSync(large, KEPT_BYTES)
    utimesSync(large, 100, 100)
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2, bytes: 0}})
    expect(digests()).toEqual(plain.map(sha256).sort())
  })

  test('of an image goes with it, but not what others have', async () => {
    await start(newImage(folder()).path)
    const path = join(folder(), 'other.tar')
    writeFileSync(path, dockerArchive({layers: [low]}))
    await start(path).catch(() => {})
    const cache = cacheOf()
    cache.adopt()
    cache.remove(cache.images().find(({layers}) => layers.length === 2)!)
    expect(digests()).toEqual([sha256(low)])
  })

  test('is not used where others can look into it, nor a file in it that is a link', async () => {
    const {path} = newImage(folder())
    await start(path)
    cacheOf().adopt()
    const kept = keptAs(up)
    writeFileSync(join(folder(), 'elsewhere'), up)
    rmSync(kept)
    symlinkSync(join(folder(), 'elsewhere'), kept)
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 1}})
    chmodSync(directory(), 0o755)
    expect(LayerCache.open(process.env)).toBeUndefined()
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 0}})
  })
})
