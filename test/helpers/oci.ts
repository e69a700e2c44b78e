// OCI image layouts made by hand: correct ones, and ones with any part replaced.

import {createHash} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {arch} from '../../src/arch/index.ts'

const MEDIA = 'application/vnd.oci.image'
/** Go's name of this architecture. */
export const GO_ARCH = {x86_64: 'amd64', arm64: 'arm64'}[arch.name]

export interface Blob {
  mediaType: string
  digest: string
  size: number
}

export interface ImageParts {
  layers: readonly Uint8Array[]
  /** The container's: Env, User … */
  config?: object
  /** The config's other fields. */
  about?: object
  layerType?: string
}

/** A layout in a folder; its blobs, and finally its index, are written there. */
export class LayoutFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
    mkdirSync(join(path, 'blobs/sha256'), {recursive: true})
    writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  }

  blob(content: Uint8Array | object, mediaType: string): Blob {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content))
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(this.path, 'blobs/sha256', hex), bytes)
    return {mediaType, digest: `sha256:${hex}`, size: bytes.length}
  }

  image({layers, config = {}, about = {}, layerType = `${MEDIA}.layer.v1.tar`}: ImageParts): Blob {
    const file = {architecture: GO_ARCH, os: 'linux', config, ...about}
    const manifest = {
      schemaVersion: 2,
      config: this.blob(file, `${MEDIA}.config.v1+json`),
      layers: layers.map((layer) => this.blob(layer, layerType)),
    }
    return this.blob(manifest, `${MEDIA}.manifest.v1+json`)
  }

  index(...manifests: readonly object[]): this {
    writeFileSync(join(this.path, 'index.json'), JSON.stringify({schemaVersion: 2, manifests}))
    return this
  }
}

export const INDEX_TYPE = `${MEDIA}.index.v1+json`

/** A blob with a name, for an index. */
export function named(blob: Blob, name: string): object {
  return {...blob, annotations: {'org.opencontainers.image.ref.name': name}}
}

export function forPlatform(blob: Blob, architecture: string, os = 'linux'): object {
  return {...blob, platform: {architecture, os}}
}
