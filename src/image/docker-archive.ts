// readDockerArchive: one of the images of an archive that `docker save` wrote, and that is no OCI layout: manifest.json names its files.

import {badArchive, shown} from './archive-error.ts'
import {hashOf, type Layout, readJson} from './blobs.ts'
import {chooseNamed} from './choose-manifest.ts'
import type {FileBytes} from './file-bytes.ts'
import type {FoundImage} from './found-image.ts'
import {type ConfigFile, configSchema, dockerManifestSchema, parseJson} from './oci-schema.ts'

/** A config is named by its digest. */
const DIGEST = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/

/** undefined: it is none. @throws HvError BAD_ARGUMENT */
export function readDockerArchive(layout: Layout, tag: string | undefined): FoundImage | undefined {
  const file = layout.open(['manifest.json'])
  if (file === undefined) return undefined
  const images = parseJson(dockerManifestSchema, readJson(layout, file, 'manifest.json'), 'manifest.json')
  const [image] = chooseNamed(images, ({RepoTags}) => RepoTags ?? [], tag)
  if (image === undefined) throw badArchive('it has no image', AGAIN)
  const config = readConfig(layout, image.Config)
  const diffIds = config.rootfs?.diff_ids ?? []
  if (diffIds.length !== image.Layers.length)
    throw badArchive('its config has digests for more or fewer layers than it has', AGAIN)
  return {
    config,
    layers: image.Layers.map((path, index) => ({
      ...{diffId: diffIds[index], digest: undefined},
      open: () => openNamed(layout, path),
    })),
  }
}

function readConfig(layout: Layout, path: string): ConfigFile {
  const file = openNamed(layout, path)
  const hex = DIGEST.exec(path)?.[1]
  if (hex !== undefined && hashOf(file, 'sha256') !== hex)
    throw badArchive(`${shown(path)} is damaged: its content has another digest`, AGAIN)
  return parseJson(configSchema, readJson(layout, file, 'its config'), 'its config')
}

function openNamed(layout: Layout, path: string): FileBytes {
  const names = path.split('/')
  const isPlain = names.every((name) => name !== '' && name !== '.' && name !== '..')
  const file = isPlain ? layout.open(names) : undefined
  if (file === undefined) throw badArchive(`it lacks ${shown(path)}`, AGAIN)
  return file
}

const AGAIN = 'save the whole image anew: `docker save NAME`'
