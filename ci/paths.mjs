// Where things lie in the repository.

import {fileURLToPath} from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
export const cache = `${root}/.cache`
/** Node calls the architectures x64 and arm64. */
export const arch = process.arch === 'x64' ? 'x86_64' : process.arch
export const guests = `${cache}/guests/${arch}`
export const hv = `${root}/dist/bin/hv.cjs`
