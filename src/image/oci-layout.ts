// One of the images of an OCI image layout (OCI image-spec 1.1, image-layout.md), or of what `docker save` wrote.

import {badArchive, shown} from './archive-error.ts'
import {hashOf, type Layout, openBlob, readJson} from './blobs.ts'
import {chooseManifest, chooseNamed} from './choose-manifest.ts'
import type {FileBytes} from './file-bytes.ts'
import {
  type ConfigFile,
  configSchema,
  type Descriptor,
  dockerManifestSchema,
  type FoundImage,
  type FoundLayer,
  indexSchema,
  type Manifest,
  manifestSchema,
} from './oci-schema.ts'

/** A config is named by its digest. */
const DIGEST = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/

/** Of an archive that is no OCI layout: manifest.json names its files. undefined: it is none. @throws HvError BAD_ARGUMENT */
export function readDockerArchive(layout: Layout, tag: string | undefined): FoundImage | undefined {
  const file = layout.open(['manifest.json'])
  if (file === undefined) return undefined
  const images = readJson(dockerManifestSchema, layout, file, 'manifest.json')
  const [image] = chooseNamed(images, ({RepoTags}) => RepoTags ?? [], tag)
  if (image === undefined) throw badArchive('it has no image', AGAIN)
  const config = readConfig(layout, image.Config)
  const layers = image.Layers.map((path) => ({digest: undefined, open: () => openNamed(layout, path)}))
  return imageOf(config, config.rootfs?.diff_ids ?? [], layers, AGAIN)
}

/** @param diffIds undefined: the image does not say. @throws HvError BAD_ARGUMENT, with this next step */
function imageOf(
  config: ConfigFile,
  diffIds: readonly string[] | undefined,
  layers: readonly Omit<FoundLayer, 'diffId'>[],
  nextStep: string,
): FoundImage {
  if (diffIds !== undefined && diffIds.length !== layers.length)
    throw badArchive('its config has digests for more or fewer layers than it has', nextStep)
  return {config, layers: layers.map((layer, index) => ({...layer, diffId: diffIds?.[index]}))}
}

function readConfig(layout: Layout, path: string): ConfigFile {
  const file = openNamed(layout, path)
  const hex = DIGEST.exec(path)?.[1]
  if (hex !== undefined && hashOf(file, 'sha256') !== hex)
    throw badArchive(`${shown(path)} is damaged: its content has another digest`, AGAIN)
  return readJson(configSchema, layout, file, 'its config')
}

function openNamed(layout: Layout, path: string): FileBytes {
  const names = path.split('/')
  const isPlain = names.every((name) => name !== '' && name !== '.' && name !== '..')
  const file = isPlain ? layout.open(names) : undefined
  if (file === undefined) throw badArchive(`it lacks ${shown(path)}`, AGAIN)
  return file
}

const AGAIN = 'save the whole image anew: `docker save NAME`'

/** undefined: it is none. @throws HvError BAD_ARGUMENT */
export function readOciLayout(layout: Layout, tag: string | undefined): FoundImage | undefined {
  const file = layout.open(['index.json'])
  if (file === undefined) return undefined
  const {manifests} = readJson(indexSchema, layout, file, 'index.json')
  const {config: descriptor, layers} = readManifest(layout, chooseManifest(layout, manifests, tag))
  const config = readJson(configSchema, layout, openBlob(layout, descriptor), 'its config')
  const found = layers.map((layer) => ({digest: layer.digest, open: () => openBlob(layout, layer)}))
  const image = imageOf(config, config.rootfs?.diff_ids, found, 'copy the image anew')
  for (const {mediaType} of layers) requireTar(mediaType ?? '')
  return image
}

function readManifest(layout: Layout, chosen: Descriptor): Manifest {
  const manifest = readJson(manifestSchema, layout, openBlob(layout, chosen), 'its manifest')
  if (!/\b(oci\.image\.config|docker\.container\.image)\b/.test(manifest.config.mediaType ?? ''))
    throw badArchive(
      `it is no image of files: ${shown(manifest.config.mediaType ?? 'of no type')}`,
      'name an image',
    )
  return manifest
}

function requireTar(type: string): void {
  if (!/\btar\b/.test(type) || type.includes('encrypted'))
    throw badArchive(
      `a layer is ${shown(type === '' ? 'of no type' : type)}, which hv does not read`,
      'make it a tar archive',
    )
}
