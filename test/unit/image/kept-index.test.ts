// What hv keeps of an image's tree: later starts read no header, and a process can lie about its own image only.

import {randomUUID} from 'node:crypto'
import {chmodSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {EIO} from '../../../src/abi/errno.ts'
import {MARK} from '../../../src/image/unpacked-file.ts'
import {sha256} from '../../helpers/docker.ts'
import {emptyCache, low, newImage, start, up} from '../../helpers/kept-image.ts'

const {cacheOf, directory, files, folder} = emptyCache()

/** Of a file, or zero. */
function isContent(layer: Buffer, at: number): boolean {
  if (layer[at] === 0) return true
  const from = layer.subarray(at - (at % 512), at + 1).toString()
  return at >= 512 && /^(l|lo|low|u|up|b+)$/.test(from)
}

function destroyHeaders(path: string): void {
  const bytes = readFileSync(path)
  const trailer = bytes.indexOf(MARK)
  const layers = trailer < 0 ? bytes : bytes.subarray(0, trailer)
  for (const at of layers.keys()) if (!isContent(layers, at)) layers[at] = 0xff
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
}

describe('an index of a tree', () => {
  test('is read in place of headers: they may be gone', async () => {
    const {path} = newImage(folder())
    await start(path)
    destroyHeaders(join(directory(), files('unpacked-')[0]))
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {layers: 2, keptLayers: 2, bytes: 0}})
    rmSync(join(directory(), files('index-')[0]))
    await expect(start(path)).rejects.toThrow('no tar archive')
  })

  test('is read in place of headers of layers that were copied, too', async () => {
    const {path} = newImage(folder())
    await start(path)
    cacheOf().adopt()
    for (const name of files('sha256-')) destroyHeaders(join(directory(), name))
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {layers: 2, keptLayers: 2, bytes: 0}})
    rmSync(join(directory(), files('index-')[0]))
    await expect(start(path)).rejects.toThrow('no tar archive')
  })

  test('is used by the next start, and written anew when it was removed', async () => {
    const {path} = newImage(folder())
    await start(path)
    expect([files('indexed-').length, files('index-').length]).toEqual([1, 0])
    await start(path)
    expect([files('indexed-').length, files('index-').length]).toEqual([0, 1])
    rmSync(join(directory(), files('index-')[0]))
    await start(path)
    expect(files('indexed-')).toHaveLength(1)
  })

  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['was cut', (bytes) => bytes.subarray(0, -1)],
    ['is empty', () => Buffer.alloc(0)],
    ['is not finished', (bytes) => bytes.subarray(0, 10)],
  ])('that %s is not used, and goes when its writer is dead', async (_, change) => {
    const {path} = newImage(folder())
    await start(path)
    const left = join(directory(), files('indexed-')[0])
    writeFileSync(left, change(readFileSync(left)))
    expect(await start(path)).toMatchObject({text: 'upb'})
    expect(files('index-')).toEqual([])
    utimesSync(left, 0, 0)
    cacheOf().adopt()
    expect(files('indexed-')).toEqual([])
  })

  test('of before a crash of the host, which may have torn it, is not used', async () => {
    const {path} = newImage(folder())
    await start(path)
    const index = join(directory(), files('indexed-')[0])
    renameSync(index, index.replace(/(indexed-\w+)-.{36}/, `$1-${randomUUID()}`))
    await start(path)
    expect(files('index-')).toEqual([])
  })

  test.each<[string, object, object]>([
    ['to who reads it', {}, {code: EIO}],
    [
      'to hv, if it has to look',
      {WorkingDir: '/work'},
      {code: 'BAD_ARGUMENT', nextStep: 'remove it by `hv image prune`'},
    ],
  ])('that lies is an error of its image only: %s', async (_, config, error) => {
    const {path} = newImage(folder(), config)
    await start(path)
    await start(path)
    const index = join(directory(), files('index-')[0])
    chmodSync(index, 0o600)
    writeFileSync(index, readFileSync(index, 'latin1').replace('"a"', '"/"'), 'latin1')
    await expect(start(path)).rejects.toMatchObject(error)
    expect(await start(newImage(folder(), config).path)).toMatchObject({text: 'upb'})
  })

  test('of other layers than the image has is not used', async () => {
    const {path} = newImage(folder())
    await start(path)
    await start(path)
    const index = join(directory(), files('index-')[0])
    chmodSync(index, 0o600)
    writeFileSync(index, readFileSync(index, 'latin1').replace(sha256(up), sha256(low)), 'latin1')
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2}})
  })

  test('goes with its image', async () => {
    const {path} = newImage(folder())
    await start(path)
    await start(path)
    const cache = cacheOf()
    cache.adopt()
    cache.remove(cache.images()[0])
    expect(files('')).toEqual([])
  })
})
