// Bundles what a plain `hv run` loads into CommonJS: dist/bin/hv.cjs, the command that is shipped, and its chunks in dist/.
//
// Runs behind tsc and reads its output. A hundred modules take 35 ms more to load than one bundle, and Node's loader for
// ES modules takes 7 ms more than the one for CommonJS. oclif and what only it loads stay as tsc wrote them.

import {chmodSync, readdirSync, rmSync} from 'node:fs'
import {rolldown} from 'rolldown'
import {root} from './paths.mjs'

const EXECUTABLE = 0o755

const bundle = await rolldown({
  input: `${root}/dist/bin/hv.js`,
  platform: 'node',
  external: [/\/cli\/oclif\.js$/, /^@oclif\//],
  // Keeps `../cli/oclif.js` as it is written: the entry stays in its folder.
  makeAbsoluteExternalsRelative: false,
  onLog: (level, log) => {
    // A warning here is an import that would fail at run time.
    if (level === 'warn') throw new Error(log.message)
  },
})
// The last build's have other names.
for (const name of readdirSync(`${root}/dist`)) if (name.endsWith('.cjs')) rmSync(`${root}/dist/${name}`)
await bundle.write({
  dir: `${root}/dist`,
  format: 'cjs',
  entryFileNames: 'bin/hv.cjs',
  // In dist itself: src/addon.ts finds ../native from one folder below the root. The hash names what src/cli/code-cache.ts keeps.
  chunkFileNames: 'hv-[name]-[hash].cjs',
  // Comments are a sixth of the text, which is read at each start. Names and lines stay, for the stack of a bug.
  comments: false,
})
await bundle.close()
chmodSync(`${root}/dist/bin/hv.cjs`, EXECUTABLE)
