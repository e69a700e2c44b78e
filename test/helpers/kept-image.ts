// An image of two layers, and an empty cache, for tests of what is kept of images between starts.

import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, beforeEach} from 'vitest'
import {LayerCache} from '../../src/image/layer-cache.ts'
import {openImage} from '../../src/image/open-image.ts'
import type {UnpackCost} from '../../src/image/unread.ts'
import {sha256} from './docker.ts'
import {LayoutFolder} from './oci.ts'
import {ownCache} from './own-cache.ts'
import {tarOf} from './tar.ts'
import {TestVfs} from './vfs.ts'
import {hostDirectory} from './vfs-backends.ts'

export const low = tarOf({name: 'a', content: 'low'}, {name: 'b', content: 'b'.repeat(5000)})
export const up = tarOf({name: 'a', content: 'up'})
export const plain = [low, up]

/** Of a compressed layer and one that is not. */
export function newImage(folder: string, config = {}): LayoutFolder {
  const layout = new LayoutFolder(mkdtempSync(join(folder, 'layout-')))
  const rootfs = {type: 'layers', diff_ids: plain.map((layer) => `sha256:${sha256(layer)}`)}
  return layout.index(layout.image({layers: [gzipSync(low), up], about: {rootfs}, config}))
}

/** Starts once: what was read, and what it took. */
export async function start(
  reference: string,
  meanwhile = (): void => {},
): Promise<{text: string; unpacked: UnpackCost}> {
  const unread = await openImage(reference)
  meanwhile()
  const {fs, unpacked} = await unread.read()
  const vfs = new TestVfs(fs)
  const text = vfs.read('a') + vfs.read('b').slice(0, 1)
  vfs.dispose()
  return {text, unpacked}
}

/** Call it at the top of a file: a folder for images, and a cache of the test's own, which is empty when a test begins. */
export function emptyCache() {
  const directory = ownCache()
  let images: ReturnType<typeof hostDirectory>
  beforeAll(() => {
    images = hostDirectory()
  })
  afterAll(() => images.remove())
  beforeEach(() => rmSync(directory(), {recursive: true, force: true}))

  const files = (prefix: string): string[] =>
    readdirSync(directory()).filter((name) => name.startsWith(prefix))
  return {
    directory,
    files,
    folder: () => images.path,
    cacheOf: (): LayerCache => LayerCache.open(process.env)!,
    /** Of the layers that have been copied. */
    digests: (): string[] =>
      files('sha256-')
        .map((name) => name.split('-')[1])
        .sort(),
    unpacked: (): string => join(directory(), files('unpacked-')[0]),
  }
}
