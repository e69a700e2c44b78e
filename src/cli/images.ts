// What `hv image` shows and removes.

import {resolve} from 'node:path'
import {HvError, printable} from '../errors.ts'
import {type KeptImage, LayerCache} from '../image/layer-cache.ts'
import {parseSize} from '../launch/options/parse-values.ts'

const SHOWN_DIGITS = 12
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** With what earlier runs have left in it. undefined: this user has none. */
export function openCache(): LayerCache | undefined {
  const cache = LayerCache.open(process.env)
  cache?.adopt()
  return cache
}

/** A line each, the last used first. */
export function formatImages(images: readonly KeptImage[]): string {
  return [...images]
    .sort((one, other) => other.usedAt.getTime() - one.usedAt.getTime())
    .map((image) => {
      const used = image.usedAt.toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace('T', ' ')
      const size = sizeText(image.bytes).padStart(10)
      return `${digitsOf(image).padEnd(SHOWN_DIGITS)} ${size}  ${used}  ${printable(image.reference)}\n`
    })
    .join('')
}

/** @param name its path and name, or its digits. @throws HvError NOT_FOUND */
export function removeImage(name: string): void {
  const cache = openCache()
  const found = (cache?.images() ?? []).filter(
    (image) => image.reference === resolve(name) || (name !== '' && digitsOf(image) === name),
  )
  if (found.length === 0)
    throw new HvError(
      'NOT_FOUND',
      `hv keeps no image ${printable(name)}`,
      '`hv image ls` lists those that it keeps',
    )
  for (const image of found) cache?.remove(image)
}

/** @returns what was done. @throws HvError BAD_ARGUMENT */
export function pruneImages(keep: string | undefined): string {
  const most = keep === undefined ? 0 : parseSize(keep, '--keep')
  return `${sizeText(openCache()?.prune(most) ?? 0)} removed\n`
}

/** The uppermost layer tells images apart that share the lower ones. */
const digitsOf = ({layers}: KeptImage): string => (layers.at(-1) ?? '').slice(0, SHOWN_DIGITS)

function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`
}
