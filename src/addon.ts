// The native addon, loaded once; the only file that knows where the binary lies.

import {createRequire} from 'node:module'
import {fileURLToPath} from 'node:url'
import {HvError} from './errors.ts'

/** Everything that native/addon.cc exports. A failed host call throws an Error with `errno`, a positive number. */
// biome-ignore lint/suspicious/noEmptyInterface: each room adds its part below
export interface Addon {}

const require = createRequire(import.meta.url)

function load(): Addon {
  try {
    return require('node-gyp-build')(fileURLToPath(new URL('../native', import.meta.url))) as Addon
  } catch (error) {
    throw new HvError(
      'ADDON_MISSING',
      `the native addon does not load: ${(error as Error).message.split('\n')[0]}`,
      'reinstall hvkit, or build it with `npm run build:native`',
      {cause: error},
    )
  }
}

export const addon: Addon = load()
