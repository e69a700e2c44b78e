// chooseManifest: chooses one of the images in a layout: by name, and for this architecture.

import {arch} from '../arch/index.ts'
import {badArchive, shown} from './archive-error.ts'
import {type Layout, openBlob, readJson} from './blobs.ts'
import {type Descriptor, indexSchema} from './oci-schema.ts'

/** Go's names. */
const ARCHITECTURES: Readonly<Record<string, string>> = {amd64: 'x86_64', arm64: 'arm64'}
const INDEX_TYPE = /\b(image\.index|manifest\.list)\b/
const NAMES = ['org.opencontainers.image.ref.name', 'io.containerd.image.name']
/** An index may refer to other indexes. */
const MAX_DEPTH = 4

export function isForUs({architecture, os}: {architecture: string; os: string}): boolean {
  return os === 'linux' && ARCHITECTURES[architecture] === arch.name
}

/** @param manifests of the layout's index. @throws HvError BAD_ARGUMENT */
export function chooseManifest(
  layout: Layout,
  manifests: readonly Descriptor[],
  tag: string | undefined,
): Descriptor {
  return ofPlatform(layout, chooseNamed(manifests, namesOf, tag), MAX_DEPTH)
}

/** Those with the name, or if none is asked for, all: they may have one name at most. @throws HvError BAD_ARGUMENT */
export function chooseNamed<T>(
  images: readonly T[],
  namesOf: (image: T) => readonly string[],
  tag: string | undefined,
): readonly T[] {
  const names = [...new Set(images.flatMap(namesOf))]
  const list = names.map(shown).join(', ')
  if (tag === undefined) {
    if (names.length > 1)
      throw badArchive(
        `it has several images: ${list}`,
        `name one behind a colon, e.g. \`:${shown(names[0])}\``,
      )
    return images
  }
  const found = images.filter((image) => namesOf(image).some((name) => isNamed(name, tag)))
  if (found.length > 0) return found
  throw badArchive(
    `it has no image ${shown(tag)}`,
    names.length > 0 ? `it has ${list}` : 'leave the name out: its image has none',
  )
}

/** An image's name may be a full one: `docker.io/library/debian:12`. */
const isNamed = (name: string, tag: string): boolean => name === tag || name.endsWith(`:${tag}`)

function namesOf({annotations}: Descriptor): string[] {
  const name = NAMES.map((key) => annotations?.[key]).find((each) => each !== undefined)
  return name === undefined ? [] : [name]
}

function ofPlatform(layout: Layout, manifests: readonly Descriptor[], depth: number): Descriptor {
  const chosen =
    manifests.find(({platform}) => platform && isForUs(platform)) ?? manifests.find(({platform}) => !platform)
  if (chosen === undefined) {
    const others = manifests.map(({platform}) => `${platform?.os}/${platform?.architecture}`)
    const list = others.length === 0 ? 'nothing' : [...new Set(others)].map(shown).join(', ')
    throw badArchive(
      `it is for ${list}, and this host is ${arch.name}`,
      'copy the image for this architecture',
    )
  }
  if (!INDEX_TYPE.test(chosen.mediaType ?? '')) return chosen
  if (depth === 0) throw badArchive('its indexes name indexes, and so on: too many')
  const {manifests: inner} = readJson(indexSchema, layout, openBlob(layout, chosen), 'an index')
  return ofPlatform(layout, inner, depth - 1)
}
