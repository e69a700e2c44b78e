// The directories of hv's own that a process in a jail loads code from later.

import {packageFile} from '../package-file.ts'
import {cacheDirectory} from '../user-cache.ts'

export function ownDirectories(env: NodeJS.ProcessEnv): string[] {
  const cache = cacheDirectory(env)
  return [packageFile('dist'), ...(cache === undefined ? [] : [cache])]
}
