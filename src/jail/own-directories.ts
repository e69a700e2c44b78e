// ownDirectories: hv's own directories from which a jailed process loads code later.

import {packageFile} from '../package-file.ts'
import {cacheDirectory} from '../user-cache.ts'

export function ownDirectories(env: NodeJS.ProcessEnv): string[] {
  const cache = cacheDirectory(env)
  return [packageFile('dist'), ...(cache === undefined ? [] : [cache])]
}
