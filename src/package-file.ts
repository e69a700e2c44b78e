// Where the package's own files are. Both this file and the chunks of dist/ are in a folder of the package's root.

import {fileURLToPath} from 'node:url'

/** @param path from the package's root: `native`, `dist/worker.cjs` */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}
