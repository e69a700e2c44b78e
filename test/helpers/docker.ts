// What `docker save` writes, made by hand: correct archives, and ones with any part replaced.

import {createHash} from 'node:crypto'
import {GO_ARCH} from './oci.ts'
import {type TarFile, tarOf} from './tar.ts'

export interface SavedImage {
  layers: readonly Uint8Array[]
  tags?: readonly string[]
  /** The container's: Env, User … */
  config?: object
  /** The config's other fields. */
  about?: object
  /** Other files, which come last, and so replace those of their names. */
  files?: readonly TarFile[]
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** Equal layers are there once, as in Docker's own: the others are links. */
export function dockerArchive(...images: readonly SavedImage[]): Buffer {
  const files: TarFile[] = []
  const firsts = new Map<string, string>()
  const manifest = images.map(({layers, tags = [], config = {}, about = {}, files: others = []}, image) => {
    const rootfs = {type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`)}
    const text = JSON.stringify({architecture: GO_ARCH, os: 'linux', config, rootfs, ...about})
    files.push({name: `${sha256(text)}.json`, content: text})
    const names = layers.map((layer, index) => {
      const name = `${image}-${index}/layer.tar`
      const first = firsts.get(sha256(layer))
      if (first === undefined) files.push({name, content: layer})
      else files.push({name, type: '2', link: `../${first}`})
      firsts.set(sha256(layer), first ?? name)
      return name
    })
    files.push(...others)
    return {Config: `${sha256(text)}.json`, RepoTags: tags, Layers: names}
  })
  return tarOf({name: 'manifest.json', content: JSON.stringify(manifest)}, ...files)
}
