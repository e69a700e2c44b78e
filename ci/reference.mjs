// Writes docs/reference, the pages of the library's API, from the docstrings of what src/index.ts exports.
//
//   node ci/reference.mjs

import {readdirSync, rmSync, writeFileSync} from 'node:fs'
import {root} from './paths.mjs'
import {readReference} from './reference/pages.mjs'

const folder = `${root}/docs/reference`

const {pages} = await readReference()
for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`)
for (const [name, text] of pages) writeFileSync(`${folder}/${name}`, text)
