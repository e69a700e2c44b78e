// Builds dist/: the command, the library and its worker from src/, in CommonJS, with each module in one chunk; and the types.
//
// A hundred modules take 35 ms more to load than one file, and Node's loader for ES modules takes 7 ms more than the one for
// CommonJS. tsc has already run: it checked the sources and wrote their declarations to .cache/types.

import {chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {rolldown} from 'rolldown'
import {noteBuilt, sourcesOf} from './built.mjs'
import {cache, root} from './paths.mjs'

const EXECUTABLE = 0o755
/** An import from Node in a declaration. */
const OF_NODE = /^import .* from 'node:.*'/gm
const SPECIFIER = /((?:from |import\()['"])(\.[^'"]+)\.ts(?=['"])/g
const dist = `${root}/dist`
const types = `${cache}/types`
const sources = sourcesOf('dist')
// A build that fails leaves files of two builds, and no claim.
rmSync(`${dist}/.built-from`, {force: true})
const commands = readdirSync(`${root}/src/commands`, {recursive: true}).filter((name) => name.endsWith('.ts'))
const entries = [
  'bin/hv.ts',
  'index.ts',
  'sandbox/sentry/worker.ts',
  'sandbox/sentry/process.ts',
  'broker/process.ts',
  'jail/probe.ts',
  ...commands.map((name) => `commands/${name}`),
]

const entryFiles = entries.map((path) => `${root}/src/${path}`)
const users = {
  ...{bin: 'bin/hv', run: 'cli/run', linux: 'launch/sentry-program', kernel: 'launch/kernel-machine'},
  ...{library: 'index', worker: 'sandbox/sentry/worker'},
}
let reached

/**
 * The chunks that `hv run`, a sandbox's worker and the library's own thread load. A module goes into the first that fits. A bundler's
 * own split, by which entries need a module, would make twenty.
 */
const chunks = [
  ['common', ({bin, library}) => bin && library],
  ['start', ({bin}) => bin],
  ['plain', ({isShared, library, native}) => isShared && library && !native],
  // With what `hv run` needs for any guest: a file more would take longer to open than these few lines to read.
  ['base', ({isShared, library, run, linux, kernel}) => run || (isShared && library) || (linux && kernel)],
  ['sentry', ({isShared}) => isShared],
  ['linux', ({linux}) => linux],
  // A sandbox's two ends.
  ['ends', ({library, worker}) => library && worker],
  // What only a sandbox's worker loads at its start.
  ['serve', ({worker}) => worker],
]

const bundle = await rolldown({
  // The keys are paths below dist/. The worker lies beside the chunks.
  input: Object.fromEntries(
    entries.map((path) => [path.replace(/^sandbox\/sentry\/|\.ts$/g, ''), `${root}/src/${path}`]),
  ),
  platform: 'node',
  // The oldest Node that runs hv has no `using`.
  transform: {target: 'es2022'},
  external: [/^@oclif\//],
  onLog: (level, log) => {
    // A warning here is an import that would fail at run time.
    if (level === 'warn') throw new Error(log.message)
  },
})
const {output} = await bundle.write({
  dir: dist,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  // In dist itself, as src/package-file.ts counts the folders. src/code-cache.ts names what it keeps by the hash.
  chunkFileNames: 'hv-[name]-[hash].cjs',
  codeSplitting: {groups: chunks.map(groupOf)},
  // Comments are a sixth of the text, which is read at each start. Names and lines stay, for stack traces.
  comments: false,
})
await bundle.close()
putShellInFront(`${dist}/bin/hv.cjs`)

const written = output.map(({fileName}) => fileName)
writeFacade()
writeLicenses()
copyDeclarations()
removeOthers()
noteBuilt('dist', sources)

function groupOf([name, isOf], index) {
  return {
    name: (id, graph) => (!entryFiles.includes(id) && isOf(usersOf(id, graph)) ? name : null),
    debugName: name,
    // A chunk also takes what its modules import, unless a chunk of a higher priority has it.
    priority: chunks.length - index,
  }
}

function usersOf(id, graph) {
  reached ??= Object.fromEntries(
    Object.entries(users).map(([user, path]) => [user, reachedFrom(`${root}/src/${path}.ts`, graph)]),
  )
  const has = (user) => reached[user].has(id)
  return {
    ...Object.fromEntries(Object.keys(users).map((user) => [user, has(user)])),
    isShared: (has('run') || has('linux')) && has('worker'),
    native: reachedFrom(id, graph).has(`${root}/src/addon.ts`),
  }
}

/** All modules that the entry reaches through imports that are not lazy. */
function reachedFrom(entry, graph, found = new Set()) {
  if (found.has(entry)) return found
  found.add(entry)
  for (const id of graph.getModuleInfo(entry).importedIds) reachedFrom(id, graph, found)
  return found
}

/** Makes the command a shell script, too: src/bin/hv.sh, whose comments are for readers of the sources. */
function putShellInFront(path) {
  const shell = readFileSync(`${root}/src/bin/hv.sh`, 'utf8').replace(/^# .*\n|^#\n/gm, '')
  writeFileSync(path, shell + readFileSync(path, 'utf8'))
  chmodSync(path, EXECUTABLE)
}

/** Lets `import` and `require` give the same classes and types. Node and bundlers find an ES module's names at once. */
function writeFacade() {
  const {exports} = output.find(({fileName}) => fileName === 'index.cjs')
  write('index.js', `export {${exports.join(', ')}} from './index.cjs'\n`)
  write('index.d.ts', `export * from './index.cjs'\n`)
}

/** The licenses of the bundled packages, and of the bundler, whose helpers are in the bundle: the licenses require it. */
function writeLicenses() {
  const modules = output.flatMap((chunk) => Object.keys(chunk.modules ?? {}))
  const folders = modules.map((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
  const packages = [...new Set([...folders, `${root}/node_modules/rolldown`])]
  const texts = packages.sort().flatMap((folder) => {
    if (folder === undefined) return []
    const {name, version} = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    const license = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))
    return `${name} ${version}\n\n${readFileSync(`${folder}/${license}`, 'utf8')}`
  })
  write('third-party-licenses.txt', texts.join('\n\n'))
}

/**
 * The declarations that the library's import, directly or not: of CommonJS modules, as the code is. tsc leaves `.ts` in their imports,
 * which not every compiler follows.
 */
function copyDeclarations() {
  const pending = ['index']
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (written.includes(`${name}.d.cts`)) continue
    const text = readFileSync(`${types}/${name}.d.ts`, 'utf8').replace(SPECIFIER, (_, before, specifier) => {
      pending.push(join(dirname(name), specifier))
      return `${before}${specifier}.cjs`
    })
    // Without @types/node, its streams become `any`.
    write(`${name}.d.cts`, text.replace(OF_NODE, '// @ts-ignore\n$&'))
  }
}

/** Removes the last build's files, which have other names. */
function removeOthers() {
  for (const entry of readdirSync(dist, {recursive: true, withFileTypes: true})) {
    const path = relative(dist, join(entry.parentPath, entry.name))
    if (!written.some((kept) => kept === path || kept.startsWith(`${path}/`)))
      rmSync(`${dist}/${path}`, {recursive: true, force: true})
  }
}

function write(path, text) {
  mkdirSync(dirname(`${dist}/${path}`), {recursive: true})
  writeFileSync(`${dist}/${path}`, text)
  written.push(path)
}
