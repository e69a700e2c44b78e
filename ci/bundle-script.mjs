// Bundles a script of ci/ that imports from src/ into a file that every Node runs: Node 20 strips no types.

import {basename} from 'node:path'
import {cache, root} from './paths.mjs'

/** Where the bundle goes: one folder below the root, as src/package-file.ts expects. */
export const bundledPath = (source) => `${cache}/${basename(source).replace(/\.[a-z]+$/, '.mjs')}`

/** @param {string} source from the repository's root; @returns {Promise<string>} the file's path */
export async function bundleScript(source) {
  const {rolldown} = await import('rolldown')
  const bundle = await rolldown({
    input: `${root}/${source}`,
    platform: 'node',
    transform: {target: 'es2022'},
    external: [/^rolldown/],
  })
  await bundle.write({file: bundledPath(source), format: 'esm', codeSplitting: false})
  await bundle.close()
  return bundledPath(source)
}
