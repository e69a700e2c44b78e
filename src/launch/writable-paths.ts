// writablePaths: the directories and files of the host that a guest may change.

import type {Volume} from '../sentry/outside/volume.ts'
import type {RunOptions} from './options.ts'

export function writablePaths({
  volumes,
  shares = [],
}: Pick<RunOptions, 'shares'> & {volumes: readonly Volume[]}): string[] {
  const ofVolumes = volumes.map(({host: path, writable}) => ({path, writable}))
  return [...ofVolumes, ...shares].flatMap(({path, writable}) => (writable ? [path] : []))
}
