// ownCache: a cache directory of the test's own, in place of the user's.

import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, vi} from 'vitest'

/** Call it at the top of a file, or in a `describe`. @returns the directory that hv keeps layers in */
export function ownCache(): () => string {
  let home = ''
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'hv-own-cache-'))
    vi.stubEnv('XDG_CACHE_HOME', home)
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    rmSync(home, {recursive: true})
  })
  return () => join(home, 'hvkit-images')
}
