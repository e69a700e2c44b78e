// What the pages lead to: a link's file exists, and so does the heading in it; so does a file of the sources that is named.

import {execFileSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'

const LISTING = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate']
const files = execFileSync('git', LISTING, {cwd: root, encoding: 'utf8'})
  .trim()
  .split('\n')
  .filter((path) => existsSync(join(root, path)))
const pages = files.filter((path) => path.endsWith('.md'))
const names = new Set(files.map((path) => basename(path)))

/** The page's text without code blocks, where things only look like links or headings. */
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8').replace(/^```.*?^```$/gms, '')

function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading, id] of textOf(page).matchAll(/^#+ (.*)$|<a id="([^"]+)"/gm)) {
    const anchor = id ?? anchorOf(heading)
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')

test.each(pages)('%s links to what is there', (page) => {
  const links = Array.from(textOf(page).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link)
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path, anchor] = link.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, file))) return true
    return anchor !== undefined && !anchorsOf(file).has(anchor)
  })
  expect(broken).toEqual([])
})

test.each(pages.filter((page) => page.endsWith('/README.md')))('%s names files that exist', (page) => {
  const named = Array.from(textOf(page).matchAll(/`[\w./-]*?([\w.-]+\.(?:ts|mjs|cc))`/g), ([, name]) => name)
  expect(named.filter((name) => !names.has(name))).toEqual([])
})
