// What a start has unpacked is used as it lies by later starts of the image, unless somebody can write it or a crash may have torn it.

import {randomUUID} from 'node:crypto'
import {closeSync, openSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {sha256} from '../../helpers/docker.ts'
import {emptyCache, low, newImage, plain, start} from '../../helpers/kept-image.ts'

const {cacheOf, digests, files, folder, unpacked} = emptyCache()

/** Only a hash tells that it is not what was unpacked. */
function damage(path: string): void {
  writeFileSync(path, readFileSync(path, 'latin1').replace('bbb', 'ccc'), 'latin1')
}

/** As if the host had started again since. */
function reboot(): void {
  const path = unpacked()
  renameSync(path, path.replace(/(unpacked-\w+)-.{36}/, `$1-${randomUUID()}`))
}

describe('a second start', () => {
  test('and those after it hash and copy nothing: what is in the file may be a lie', async () => {
    const {path} = newImage(folder())
    await start(path)
    damage(unpacked())
    for (const _ of ['second', 'third'])
      expect(await start(path)).toMatchObject({text: 'upc', unpacked: {keptLayers: 2, bytes: 0}})
    expect([files('unpacked-').length, files('sha256-')]).toEqual([1, []])
  })

  test('does not use a file that somebody has open to write it', async () => {
    const {path} = newImage(folder())
    await start(path)
    const fd = openSync(unpacked(), 'r+')
    damage(unpacked())
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 1}})
    closeSync(fd)
  })

  test('after the host has started again hashes: a crash may have torn the file', async () => {
    const {path} = newImage(folder())
    await start(path)
    reboot()
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2, bytes: 0}})
    expect([files('unpacked-'), digests()]).toEqual([[], plain.map(sha256).sort()])
  })

  test('after a crash unpacks what was torn', async () => {
    const {path} = newImage(folder())
    await start(path)
    damage(unpacked())
    reboot()
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 1, bytes: low.length}})
  })

  test('is not disturbed when its files are removed meanwhile', async () => {
    const {path} = newImage(folder())
    await start(path)
    const removeAll = (): void => {
      cacheOf().adopt()
      cacheOf().prune(0)
      expect(files('')).toEqual([])
    }
    expect(await start(path, removeAll)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2}})
  })

  test('at the same time as the first unpacks for itself, and one of both is used', async () => {
    const {path} = newImage(folder())
    for (const {text, unpacked} of await Promise.all([start(path), start(path)]))
      expect([text, unpacked.keptLayers]).toEqual(['upb', 0])
    expect(files('unpacked-')).toHaveLength(2)
    expect(await start(path)).toMatchObject({text: 'upb', unpacked: {keptLayers: 2, bytes: 0}})
    cacheOf().adopt()
    expect([files('unpacked-'), digests()]).toEqual([[], plain.map(sha256).sort()])
  })
})
