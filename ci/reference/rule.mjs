// The rule of examples: each exported symbol has one, or names the symbol whose example shows it.
//
// A function and a class have an `@example` of their own. A type has one, or `@see {@link OTHER}`: then an `@example` of OTHER
// names the type, one of its fields or one of its words.

import {ReflectionKind} from 'typedoc'

/** @returns {string[]} a line for each symbol that breaks the rule: its name, and what it lacks */
export function withoutExample({children: pages}) {
  return pages.flatMap(({children}) => children.map(whatLacks).filter((lack) => lack !== undefined))
}

function whatLacks(symbol) {
  if (examplesOf(symbol).length > 0) return undefined
  if (symbol.kindOf(ReflectionKind.Class | ReflectionKind.Function)) return `${symbol.name} has no @example`
  const others = linksOf(symbol)
  if (others.length === 0)
    return `${symbol.name} has no @example, and no @see {@link …} to somebody's that shows it`
  const words = wordsOf(symbol)
  const shows = ({text}) => words.length === 0 || words.some((word) => RegExp(`\\b${word}\\b`).test(text))
  if (others.flatMap(examplesOf).some(shows)) return undefined
  const names = others.map(({name}) => name).join(', ')
  return `${symbol.name}: no @example of ${names} has any of ${words.slice(0, 5).join(', ')}`
}

/** @returns {string[]} the code of each, once: overloads repeat each other's */
export function allExamples({reflections}) {
  const found = Object.values(reflections).flatMap(examplesOf)
  return [...new Set(found.map(({text}) => /^```ts\n(.*)\n```$/s.exec(text.trim())?.[1] ?? text))]
}

const commentsOf = ({comment, signatures = []}) =>
  [comment, ...signatures.map((signature) => signature.comment)].filter((each) => each !== undefined)

const examplesOf = (symbol) =>
  commentsOf(symbol).flatMap((comment) =>
    comment.getTags('@example').map(({content}) => ({text: content.map(({text}) => text).join('')})),
  )

const linksOf = (symbol) =>
  commentsOf(symbol)
    .flatMap((comment) => comment.getTags('@see').flatMap(({content}) => content))
    .map(({target}) => target)
    .filter((target) => typeof target === 'object')

/** The words by which an example can show a type: name, fields, literals. Empty: a type made of other types, which any use shows. */
function wordsOf({name, children = [], type}) {
  const fields = (type?.declaration?.children ?? children).map((field) => field.name)
  const literals = (type?.types ?? []).map(({value}) => value).filter((value) => typeof value === 'string')
  const words = [...fields, ...literals]
  return words.length === 0 ? [] : [name, ...words]
}
