// The public API as typedoc sees it in dist/index.d.cts, which takes half the time that the sources take: its symbols sorted into the pages of docs/reference.

import {
  Application,
  Converter,
  DeclarationReflection,
  LiteralType,
  ReferenceType,
  ReflectionKind,
  UnionType,
} from 'typedoc'
import {root} from '../paths.mjs'

/** A symbol goes to the first page that fits the file that declares it. */
export const PAGES = [
  {name: 'errors', of: /^errors\.ts$|^sandbox\/owner\/abort-error\.ts$/},
  {name: 'files', of: /^sandbox\/owner\/files\/|^sentry\/outside\/files\//},
  {name: 'calls', of: /^sandbox\/owner\/(on-syscall|policies)\.ts$|^sentry\/trace\//},
  {
    name: 'sandbox',
    of: /^(broker|launch|sandbox(?!\/owner\/machine\/(?!program-host))|sentry)\/|^stop-signal\.ts$/,
  },
  {name: 'host', of: /^(check|jail|platform)\//},
  {name: 'vm', of: /^vm\//},
  {name: 'machine', of: /^machine\/|^sandbox\/owner\/machine\//},
]

/** Parts of the names of registers and features, which src/vm lists, and of `onOpen`'s result. */
const UNNAMED = [
  ...['General', 'System', 'Segment', 'SegmentField', 'Table', 'GeneralX', 'WithoutLevel', 'El0', 'El1'],
  ...['Feature', 'El2', 'UpTo15', 'UpTo31', 'places', 'OpenCall'],
]

/**
 * @param {string} out the folder that {@link render} of pages.mjs writes to
 * @returns {Promise<{app: Application, project: import('typedoc').ProjectReflection}>} the project's children are the pages
 * @throws Error for a symbol without a page, and with typedoc's warnings: dangling links, types without a name
 */
export async function readApi(out) {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [`${root}/dist/index.d.cts`],
    tsconfig: `${root}/ci/reference/tsconfig.json`,
    // An earlier stage has checked the types.
    skipErrorChecking: true,
    disableGit: true,
    sourceLinkTemplate: '{path}',
    readme: 'none',
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases'],
    // There are no documents, so everything keeps its order.
    sort: ['documents-first'],
    validation: {notExported: true, invalidLink: true},
    intentionallyNotExported: UNNAMED,
    logLevel: 'Warn',
    ...markdown(out),
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    nameLiterals(context)
    listKinds(context.project)
    orderFields(context)
    sortIntoPages(context.project)
  })
  // For names of other files, which a docstring may use without an import.
  app.converter.addUnknownSymbolResolver(({moduleSource, symbolReference}, {project}) => {
    const target = moduleSource === undefined && symbolOf(project, symbolReference?.path ?? [])
    return target?.name ? {target} : undefined
  })
  const warnings = []
  app.logger.warn = (text) => warnings.push(text)
  const project = await app.convert()
  app.validate(project)
  if (warnings.length > 0) throw new Error(`typedoc warns:\n${warnings.join('\n')}`)
  return {app, project}
}

const markdown = (path) => ({
  plugin: ['typedoc-plugin-markdown'],
  outputs: [{name: 'markdown', path}],
  router: 'module',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hideGroupHeadings: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  propertyMembersFormat: 'table',
  tableColumnSettings: {
    hideDefaults: true,
    hideInherited: true,
    hideModifiers: true,
    hideOverrides: true,
    hideSources: true,
    hideValues: true,
  },
})

/** @returns {import('typedoc').DeclarationReflection | undefined} what a link's path, such as `Sandbox.run`, names */
function symbolOf(project, path) {
  const symbols = project.children.flatMap((each) =>
    each.kindOf(ReflectionKind.Module) ? each.children : each,
  )
  const among = (children, name) => children?.find((each) => each.name === name)
  return path.reduce((of, {path: name}) => among(of.children, name) ?? {}, {children: symbols})
}

/** `(typeof NAMES)[number]` is for the compiler, which forgets the type's name where it is used: readers want both. */
function nameLiterals(context) {
  const {project, programs} = context
  const checker = programs[0].getTypeChecker()
  const aliases = new Map()
  for (const alias of project.getReflectionsByKind(ReflectionKind.TypeAlias)) {
    if (alias.type.type !== 'indexedAccess') continue
    const type = checker.getDeclaredTypeOfSymbol(context.getSymbolFromReflection(alias))
    alias.type = new UnionType(type.types.map(({value}) => new LiteralType(value)))
    aliases.set(String(alias.type), alias)
  }
  for (const reflection of Object.values(project.reflections)) {
    const alias = aliases.get(String(reflection.type))
    if (alias !== undefined && alias !== reflection)
      reflection.type = ReferenceType.createResolvedReference(alias.name, alias, project)
  }
}

/** Puts the comments on each kind of a union into a list, after the comment on the whole. */
function listKinds(project) {
  for (const {type, comment} of project.getReflectionsByKind(ReflectionKind.TypeAlias)) {
    for (const [index, summary] of type.elementSummaries?.entries() ?? []) {
      const {children} = type.types[index].declaration
      const kind = String(children.find(({name}) => name === 'kind').type)
      if (summary.length > 0) comment.summary.push({kind: 'text', text: `\n- \`${kind}\`: `}, ...summary)
    }
    delete type.elementSummaries
  }
}

/** What an interface extends comes first, all as written: the compiler has it in another order. */
function orderFields(context) {
  const checker = context.programs[0].getTypeChecker()
  const namesOf = (symbol) =>
    symbol.declarations.flatMap(({heritageClauses = [], members = []}) => [
      ...heritageClauses.flatMap(({types}) =>
        types.flatMap((each) => namesOf(checker.getTypeAtLocation(each).symbol)),
      ),
      ...members.map(({name}) => name?.text),
    ])
  for (const reflection of context.project.getReflectionsByKind(ReflectionKind.Interface)) {
    if (reflection.extendedTypes === undefined) continue
    const names = namesOf(context.getSymbolFromReflection(reflection))
    for (const list of [reflection.children, reflection.childrenIncludingDocuments])
      list?.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
  }
}

function sortIntoPages(project) {
  const pages = new Map(
    PAGES.map(({name}) => [name, new DeclarationReflection(name, ReflectionKind.Module, project)]),
  )
  const symbols = project.children.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  for (const symbol of symbols) {
    const page = pages.get(pageOf(symbol))
    project.removeChild(symbol)
    symbol.parent = page
    page.addChild(symbol)
  }
  for (const page of pages.values()) {
    project.registerReflection(page, undefined, undefined)
    project.addChild(page)
  }
  // Lines change with every commit, and readers need not know what implements or overrides what.
  for (const reflection of Object.values(project.reflections))
    for (const field of ['sources', 'implementedTypes', 'implementationOf', 'overwrites', 'inheritedFrom'])
      delete reflection[field]
  for (const symbol of symbols)
    symbol.extendedTypes = symbol.extendedTypes?.filter(
      ({reflection, name}) => reflection || name === 'Error',
    )
}

function pageOf({name, sources}) {
  const file = sources[0].fullFileName.slice(`${root}/dist/`.length).replace('.d.cts', '.ts')
  const page = PAGES.find(({of}) => of.test(file))
  if (page === undefined) throw new Error(`${name} of src/${file} has no page in ci/reference/model.mjs`)
  return page.name
}
