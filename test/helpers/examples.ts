// The examples of docs/reference, as written: found in the pages, made to run, and compared with the output that they claim.

import {readdirSync, readFileSync} from 'node:fs'
import {formatWithOptions} from 'node:util'
import {expect} from 'vitest'
import {root} from '../../ci/paths.mjs'
import {arch} from '../../src/arch/index.ts'

const folder = `${root}/docs/reference`

export interface Example {
  /** A file of docs/reference, without `.md`. */
  page: string
  /** Such as `Sandbox.run`; the second example of that is `Sandbox.run 2`. */
  title: string
  code: string
}

const textOf = (page: string): string => readFileSync(`${folder}/${page}.md`, 'utf8')

export const pages: readonly string[] = readdirSync(folder).map((name) => name.replace(/\.md$/, ''))

const OF_NO_SYMBOL = ['README', 'kvm']

/** The names that a page documents. */
export const namesOf = (page: string): string[] =>
  OF_NO_SYMBOL.includes(page) ? [] : Array.from(textOf(page).matchAll(/^## (\w+)/gm), ([, name]) => name)

export function examplesOf(page: string): Example[] {
  const found: Example[] = []
  let [symbol, member, heading] = ['', '', '']
  for (const [, level, name, code] of textOf(page).matchAll(/^(#+) (\S+)[^\n]*$|^```ts\n(.*?)^```$/gms)) {
    if (level === '##') [symbol, member] = [name.replace('()', ''), '']
    // Members of a class. Deeper headings name none: signatures have examples too.
    else if (level === '####' && name !== 'Example') member = `.${name.replace('()', '')}`
    if (level !== undefined) heading = name
    else if (heading.startsWith('Example') && !found.some((other) => other.code === code)) {
      const before = found.filter(({title}) => title.split(' ')[0] === symbol + member).length
      found.push({page, title: symbol + member + (before === 0 ? '' : ` ${before + 1}`), code})
    }
  }
  return found
}

/** The example with the names that it takes for granted: docs/reference/README.md. */
export function wholeOf({code}: Example): string {
  const needs = (name: string): boolean =>
    RegExp(`\\b${name}\\b`).test(code) && !RegExp(`(const|using) ${name}\\b`).test(code)
  const sandbox = needs('sandbox') ? ['await using sandbox = await Sandbox.create()'] : []
  if (!needs('vm') && !needs('vcpu')) return [...sandbox, code].join('\n')
  const standing = examplesOf('vm').find(({title}) => title === 'Vm')!.code
  return [...sandbox, standing.replace(/^console\.log.*$/gm, ''), code].join('\n')
}

/** An example of one architecture says so in its first line. */
export const isForHere = ({code}: Example): boolean =>
  (/^\/\/ (x86_64|arm64) only/.exec(code)?.[1] ?? arch.name) === arch.name

/**
 * Runs an example, and checks the output against the comments after its `console.log`s.
 * @param library what `hvkit` exports
 */
export async function play(example: Example, library: object): Promise<void> {
  const given: {line: number; text: string}[] = []
  const printed: Record<number, string[]> = {}
  const say = (line: number, ...values: unknown[]): void => {
    printed[line] = [
      ...(printed[line] ?? []),
      formatWithOptions({breakLength: Number.POSITIVE_INFINITY}, ...values),
    ]
  }
  const lines = wholeOf(example).split('\n')
  for (const [line, text] of lines.entries()) {
    const says = /console\.log\(.* \/\/ (?!e\.g\. )(.*)$/.exec(text)?.[1]
    if (says !== undefined) given.push({line, text: says})
  }
  const held: Record<string, Partial<AsyncDisposable & Disposable>> = {}
  const source = lines.map((text, line) =>
    text
      .replace(/console\.log\(/g, `say(${line}, `)
      // Not every Node that runs hv knows `using`.
      .replace(/^(?:await )?using (\w+) =/, 'const $1 = held.$1 =')
      .replace(/^import (\{.*\}) from ('.*')$/, 'const $1 = process.getBuiltinModule($2)'),
  )
  try {
    const run = await compile(['say', 'held', ...Object.keys(library)], source.join('\n'))
    await run(say, held, ...Object.values(library))
  } finally {
    for (const each of Object.values(held).reverse())
      await (each[Symbol.asyncDispose] ?? each[Symbol.dispose])?.call(each)
  }
  const expected = Object.fromEntries(given.map(({line, text}) => [lines[line], text]))
  const got = Object.fromEntries(
    given.map(({line}) => [lines[line], printed[line]?.join(', ').replace(/\s+/g, ' ').trim()]),
  )
  expect(got).toEqual(expected)
}

/** Strips types only where there are some: an emulated machine takes seconds to load what strips them. */
async function compile(names: string[], source: string): Promise<(...values: unknown[]) => Promise<void>> {
  try {
    return new AsyncFunction(...names, source)
  } catch {
    const {transformWithOxc} = await import('vite')
    return new AsyncFunction(
      ...names,
      (await transformWithOxc(source, 'example.ts', {target: 'es2022'})).code,
    )
  }
}

const AsyncFunction = (async () => {}).constructor as new (
  ...code: string[]
) => (...args: unknown[]) => Promise<void>
