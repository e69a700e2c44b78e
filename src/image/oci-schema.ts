// The JSON of an OCI image: the parts that hv reads, as schemas. Other fields may be present (OCI image-spec 1.1).

import * as v from 'valibot'
import {badArchive} from './archive-error.ts'
import type {FileBytes} from './file-bytes.ts'

/** Registries need not accept more. */
export const MAX_JSON_BYTES = 1 << 22
const MAX_MANIFESTS = 1000
const MAX_LAYERS = 256

const text = v.string('a text')
const texts = v.array(text, 'a list of texts')
const digest = v.pipe(
  text,
  v.regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, 'a digest by sha256 or sha512'),
)
const descriptor = v.object(
  {
    mediaType: v.nullish(text, ''),
    digest,
    size: v.pipe(v.number('a size'), v.safeInteger('a size'), v.minValue(0, 'a size')),
    platform: v.nullish(v.object({architecture: text, os: text}, 'a platform')),
    annotations: v.nullish(v.record(text, text, 'an object of texts')),
  },
  'a descriptor',
)
const descriptors = (most: number) =>
  v.pipe(v.array(descriptor, 'a list of descriptors'), v.maxLength(most, `at most ${most} descriptors`))

export const indexSchema = v.object({manifests: descriptors(MAX_MANIFESTS)}, 'an object')
export const manifestSchema = v.object({config: descriptor, layers: descriptors(MAX_LAYERS)}, 'an object')
export const configSchema = v.object(
  {
    architecture: text,
    os: text,
    config: v.nullish(
      v.object(
        {
          User: v.nullish(text, ''),
          Env: v.nullish(texts, []),
          Entrypoint: v.nullish(texts, []),
          Cmd: v.nullish(texts, []),
          WorkingDir: v.nullish(text, ''),
        },
        'an object',
      ),
      {},
    ),
    rootfs: v.nullish(
      v.object(
        {
          diff_ids: v.pipe(
            v.array(digest, 'a list of digests'),
            v.maxLength(MAX_LAYERS, `at most ${MAX_LAYERS} digests`),
          ),
        },
        'an object',
      ),
    ),
  },
  'an object',
)
/** manifest.json, as \`docker save\` writes it: an image each. */
export const dockerManifestSchema = v.pipe(
  v.array(
    v.object(
      {
        Config: text,
        RepoTags: v.nullish(texts),
        Layers: v.pipe(texts, v.maxLength(MAX_LAYERS, `at most ${MAX_LAYERS} layers`)),
      },
      'an image',
    ),
    'a list of images',
  ),
  v.maxLength(MAX_MANIFESTS, `at most ${MAX_MANIFESTS} images`),
)

export type Descriptor = v.InferOutput<typeof descriptor>
export type Manifest = v.InferOutput<typeof manifestSchema>
export type ConfigFile = v.InferOutput<typeof configSchema>

/** @param name of the file, for messages. @throws HvError BAD_ARGUMENT */
export function parseJson<const Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Buffer,
  name: string,
): v.InferOutput<Schema> {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw badArchive(`${name} is no JSON`, REMEDY)
  }
  const result = v.safeParse(schema, value, {abortEarly: true})
  if (result.success) return result.output
  const {message, path = []} = result.issues[0]
  const field = path.map(({key}) => String(key)).join('.')
  throw badArchive(`${name}: ${field === '' ? 'it' : field} is not ${message}`, REMEDY)
}

const REMEDY = 'make the image anew, with skopeo, umoci or buildah'

/** The image that a layout or an archive holds; its layers have not been read. */
export interface FoundImage {
  config: ConfigFile
  /** The lowest first. */
  layers: readonly FoundLayer[]
}

export interface FoundLayer {
  /** The digest of the tar archive that it is, unpacked; undefined: the image does not say. */
  diffId: string | undefined
  /** What `open` checks; undefined: nothing. */
  digest: string | undefined
  /** @throws HvError BAD_ARGUMENT */
  open(): FileBytes
}
