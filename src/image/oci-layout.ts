// readOciLayout: one of the images of an OCI image layout (OCI image-spec 1.1, image-layout.md).

import {badArchive, shown} from './archive-error.ts'
import {type Layout, openBlob, readJson} from './blobs.ts'
import {chooseManifest} from './choose-manifest.ts'
import type {FoundImage} from './found-image.ts'
import {
  configSchema,
  type Descriptor,
  indexSchema,
  type Manifest,
  manifestSchema,
  parseJson,
} from './oci-schema.ts'

/** undefined: it is none. @throws HvError BAD_ARGUMENT */
export function readOciLayout(layout: Layout, tag: string | undefined): FoundImage | undefined {
  const file = layout.open(['index.json'])
  if (file === undefined) return undefined
  const {manifests} = parseJson(indexSchema, readJson(layout, file, 'index.json'), 'index.json')
  const {config: descriptor, layers} = readManifest(layout, chooseManifest(layout, manifests, tag))
  const config = parseJson(
    configSchema,
    readJson(layout, openBlob(layout, descriptor), 'its config'),
    'its config',
  )
  const diffIds = config.rootfs?.diff_ids
  if (diffIds !== undefined && diffIds.length !== layers.length)
    throw badArchive('its config has digests for more or fewer layers than it has', 'copy the image anew')
  for (const {mediaType} of layers) requireTar(mediaType ?? '')
  return {
    config,
    layers: layers.map((layer, index) => ({
      ...{diffId: diffIds?.[index], digest: layer.digest},
      open: () => openBlob(layout, layer),
    })),
  }
}

function readManifest(layout: Layout, chosen: Descriptor): Manifest {
  const bytes = readJson(layout, openBlob(layout, chosen), 'its manifest')
  const manifest = parseJson(manifestSchema, bytes, 'its manifest')
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
