// docs/reference: it says what the sources say, each symbol has an example, and the examples fit the library's types.

import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {beforeAll, expect, test} from 'vitest'
import {buildWhatIsOld} from '../../../ci/built.mjs'
import {cache, root} from '../../../ci/paths.mjs'
import {run} from '../../../ci/process.mjs'
import {readReference} from '../../../ci/reference/pages.mjs'
import {examplesOf, namesOf, pages, wholeOf} from '../../helpers/examples.ts'

const DOCS = `${root}/docs/reference`

let reference: Awaited<ReturnType<typeof readReference>>
beforeAll(async () => {
  await buildWhatIsOld(['dist'], console.log)
  reference = await readReference()
})

test('the pages are what the docstrings say: npm run docs', () => {
  expect(readdirSync(DOCS).sort()).toEqual([...reference.pages.keys()].sort())
  for (const [name, text] of reference.pages) expect(readFileSync(`${DOCS}/${name}`, 'utf8'), name).toBe(text)
})

test('each exported symbol has an example, or says whose shows it', () => {
  expect(reference.lacks).toEqual([])
})

test('all examples are found in the pages, from where they are run', () => {
  const found = pages.flatMap(examplesOf).map(({code}) => code.trimEnd())
  expect(found.sort()).toEqual(reference.examples.sort())
})

test('the examples have the types of the library', async () => {
  const folder = `${cache}/examples`
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  const names = pages.flatMap(namesOf).join(', ')
  for (const example of pages.flatMap(examplesOf)) {
    const text = `import {${names}} from 'hvkit'\n${wholeOf(example)}`
    writeFileSync(`${folder}/${example.title.replace(' ', '-')}.ts`, text)
  }
  const compilerOptions = {
    noEmit: true,
    verbatimModuleSyntax: false,
    rootDir: '/',
    paths: {hvkit: [`${root}/dist/index.d.cts`]},
    noUnusedLocals: false,
  }
  const config = {extends: `${root}/src/tsconfig.json`, compilerOptions, include: ['.']}
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config))
  const {status, output} = await run('npx', ['tsc', '-p', folder], {cwd: root})
  expect([status, output]).toEqual([0, ''])
})
