// Writes docs/reference, the pages of the library's API, from the docstrings of what src/index.ts exports.
//
//   node ci/reference.mjs

import {mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {root} from './paths.mjs'
import {readReference} from './reference/pages.mjs'

const folder = `${root}/docs/reference`

const {pages} = await readReference()
rmSync(folder, {recursive: true, force: true})
mkdirSync(folder)
for (const [name, text] of pages) writeFileSync(`${folder}/${name}`, text)
