// The pages of docs/reference as text: typedoc's, after an index with one line for each symbol.

import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {root} from '../paths.mjs'
import {kvmApiPage} from './kvm-api.mjs'
import {readApi} from './model.mjs'
import {allExamples, withoutExample} from './rule.mjs'

const INDEX = `${root}/docs/reference/README.md`
/** The index above this line is written by hand. */
const MARK = '<!-- names -->'

/**
 * @returns {Promise<{pages: Map<string, string>, examples: string[], lacks: string[]}>} `pages`: by file name, without the folder;
 * `examples`: their code; `lacks`: from rule.mjs
 */
export async function readReference() {
  const folder = mkdtempSync(join(tmpdir(), 'hv-reference-'))
  try {
    const {app, project} = await readApi(folder)
    await app.generateOutputs(project)
    const pages = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])
    return {
      pages: new Map([...pages, ['README.md', indexOf(project)], ['kvm.md', kvmApiPage()]]),
      examples: allExamples(project),
      lacks: withoutExample(project),
    }
  } finally {
    rmSync(folder, {recursive: true})
  }
}

function indexOf(project) {
  const sections = project.children.map(({name, children}) => {
    const rows = children.map(
      (symbol) => `| [${symbol.name}](${name}.md#${anchorOf(symbol)}) | ${firstSentence(symbol)} |`,
    )
    return [`## [${name}](${name}.md)`, ['| name | |', '| --- | --- |', ...rows].join('\n')]
  })
  const [byHand] = readFileSync(INDEX, 'utf8').split(MARK)
  return `${[`${byHand}${MARK}`, ...sections.flat()].join('\n\n')}\n`
}

/** GitHub's anchor of the symbol's heading. */
const anchorOf = ({name}) => name.toLowerCase()

function firstSentence(symbol) {
  const {comment} = symbol.signatures?.[0] ?? symbol
  const text = (comment?.summary ?? []).map(({text}) => text).join('')
  return (/^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text).replaceAll('\n', ' ').replaceAll('|', '\\|')
}
