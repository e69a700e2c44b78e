// Two kernels in one process share the addon and nothing else: no module of the sentry or the vfs has a state.

import {dirname} from 'node:path'
import ts from 'typescript'
import {expect, test} from 'vitest'
import {type Source, src} from './sources.ts'

/** What a module may keep all the same, and why no kernel learns from it of another one. */
const ALLOWED: Readonly<Record<string, string>> = {
  'sentry/debug ZEROS': 'never written',
  'sentry/fd spare': 'a buffer: what is in it does not outlive a call',
  'sentry/fd buffer': 'a buffer: what is in it does not outlive a call',
  'sentry/call data': 'a buffer: what is in it does not outlive a call',
  'sentry/core registry': 'the continuations of all modules, by name',
  'sentry/net/unix NAMELESS': 'never written',
  'sentry/outside/files scratch': 'a buffer: what is in it does not outlive a call',
  'sentry/pledge parsed': "the table's own texts, parsed",
  'sentry/seccomp scratch': 'a buffer: what is in it does not outlive a call',
  'sentry/syscalls buffer': 'a buffer: what is in it does not outlive a call',
  'sentry/syscalls view': 'of that buffer',
  'sentry/trace comparedNs': "when the host's clocks were compared",
  'sentry/trace offsetUs': "what the host's clocks differ by",
  'vfs/fs oneByte': 'a buffer: what is in it does not outlive a call',
  'vfs/fs linkBuffer': 'a buffer: what is in it does not outlive a call',
  'vfs/fs times': 'a buffer: what is in it does not outlive a call',
  'vfs stat': 'a buffer: what is in it does not outlive a call',
  'vfs spare': 'a buffer: what is in it does not outlive a call',
  'vfs NO_CLOCK': 'a clock that stands still',
  'vfs clocksource': "the host's",
  'vfs cpuinfo': "the host's processors, which do not change",
  'vfs fill': "the host's source of random bytes",
  'vfs UNFINISHED': 'an error that is the same for all, and says nothing',
}

/** The methods that change a collection. */
const CHANGES = ['set', 'add', 'delete', 'clear', 'push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'fill']

function statesOf({path, text}: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const names = file.statements.flatMap((statement) => {
    if (ts.isClassDeclaration(statement)) return staticFieldsOf(statement)
    if (!ts.isVariableStatement(statement)) return []
    const {declarations, flags} = statement.declarationList
    const isConst = (flags & ts.NodeFlags.Const) !== 0
    const states = declarations.filter((each) => !isConst || isState(each, file))
    return states.map(({name}) => name.getText())
  })
  return names.map((name) => `${dirname(path).slice('src/'.length)} ${name}`)
}

/** A static field that may be assigned, or of an object. */
function staticFieldsOf({name, members}: ts.ClassDeclaration): string[] {
  return members
    .filter((member) => ts.isPropertyDeclaration(member))
    .filter(({modifiers = [], initializer}) => {
      const has = (kind: ts.SyntaxKind) => modifiers.some((modifier) => modifier.kind === kind)
      if (!has(ts.SyntaxKind.StaticKeyword)) return false
      return (
        !has(ts.SyntaxKind.ReadonlyKeyword) || (initializer !== undefined && ts.isNewExpression(initializer))
      )
    })
    .map((member) => `${name?.text}.${member.name.getText()}`)
}

/** A constant that holds what changes. Lists, maps and sets count only if their module changes them, or gives them away to be changed. */
function isState(declaration: ts.VariableDeclaration, file: ts.SourceFile): boolean {
  const {initializer, type, name} = declaration
  if (initializer === undefined) return false
  const text = initializer.getText()
  if (/^Buffer\.alloc/.test(text)) return true
  const made = ts.isNewExpression(initializer) ? initializer.expression.getText() : undefined
  const isLiteral = ts.isObjectLiteralExpression(initializer) || ts.isArrayLiteralExpression(initializer)
  if (isLiteral || made === 'Map' || made === 'Set') {
    if (isChanged(name.getText(), file)) return true
    const isExported = (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) !== 0
    return isExported && !isLiteral && !/^Readonly/.test(type?.getText() ?? '')
  }
  // Of nothing, there is nothing to change.
  return made !== undefined && !/Array\(0?\)$/.test(text)
}

function isChanged(name: string, file: ts.SourceFile): boolean {
  let found = false
  const isOfIt = (node: ts.Expression): boolean =>
    (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) &&
    (node.expression.getText() === name || isOfIt(node.expression))
  const look = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && isAssignment(node) && isOfIt(node.left)) found = true
    if (ts.isDeleteExpression(node) && isOfIt(node.expression)) found = true
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const {expression: object, name: method} = node.expression
      if (object.getText() === name && CHANGES.includes(method.text)) found = true
      if (object.getText() === 'Object' && node.arguments[0]?.getText() === name && method.text === 'assign')
        found = true
    }
    ts.forEachChild(node, look)
  }
  look(file)
  return found
}

function isAssignment({operatorToken: {kind}}: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
}

const read = (text: string) => statesOf({path: 'src/room/x.ts', text, lines: []})

test.each([
  ['let a = 1', ['room a']],
  ['export let a: Map<number, number> | undefined', ['room a']],
  ['const a = new WeakMap<object, number>()', ['room a']],
  ['const a = new Map([[1, 2]])', []],
  ['const a = new Map()\nfunction f() { a.set(1, 2) }', ['room a']],
  ['export const a = new Set([1])', ['room a']],
  ['export const a: ReadonlySet<number> = new Set([1])', []],
  ['const a = {b: {c: 1}}\nconst f = () => { a.b.c += 1 }', ['room a']],
  ['const a = {b: 1}\nconst f = () => a.b === 1', []],
  ['const a = new Counter()', ['room a']],
  ['const a = new Uint8Array(0), b = new Uint8Array(1)', ['room b']],
  ['class A { static #last = 0; static readonly MOST = 7 }', ['room A.#last']],
])('%j has states: %j', (text, states) => {
  expect(read(text)).toEqual(states)
})

test('modules of the sentry and the vfs have no states but the allowed ones', () => {
  const inside = src.filter(({path}) => /^src\/(sentry|vfs)\//.test(path))
  expect(inside.flatMap(statesOf).sort()).toEqual(Object.keys(ALLOWED).sort())
})
