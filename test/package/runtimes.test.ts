// hvkit under each runtime that it supports, loaded in every possible way, on each platform.

import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {build} from 'esbuild'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {guests, root} from '../../ci/paths.mjs'
import {fetchRuntime, runtimes} from '../../ci/runtimes.mjs'
import {platforms} from '../guests/run.ts'
import {copyWithBug, PROGRAM_STARTS} from '../helpers/copy-with-bug.ts'
import {OptionsOfNode} from '../helpers/options-of-node.ts'
import {type Installation, install, type Outcome, run} from './installation.ts'

const WAYS = [
  'import',
  'require',
  'a bundle of ES modules',
  'a bundle of CommonJS',
  'a worker',
  'two versions at once',
]
/** Bun cannot limit a thread's memory, so hv makes no threads there. */
const WAYS_OF_NODE = [...WAYS, 'a thread', 'threads of two versions at once']

let project: Installation

beforeAll(async () => {
  project = await install()
  cpSync(join(root, 'test/package/ways'), project.home, {recursive: true})
  await copyAsOther(join(project.home, 'node_modules'))
  for (const [format, file] of [
    ['esm', 'bundled.mjs'],
    ['cjs', 'bundled.cjs'],
  ] as const)
    await bundle('app.mjs', file, {format, external: ['hvkit']})
})
afterAll(() => project[Symbol.dispose]())

/** Makes another version, as npm installs it beside this one under an alias. */
async function copyAsOther(modules: string): Promise<void> {
  const other = join(modules, 'hvkit-other')
  cpSync(join(modules, 'hvkit'), other, {recursive: true})
  const file = join(other, 'package.json')
  const described = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({...described, name: 'hvkit-other', version: '9.9.9'}))
}

async function bundle(entry: string, file: string, options: object): Promise<void> {
  const [entryPoints, outfile] = [[join(project.home, entry)], join(project.home, file)]
  await build({entryPoints, outfile, bundle: true, platform: 'node', logLevel: 'silent', ...options})
}

function put(name: string, text: string): string {
  writeFileSync(join(project.home, name), text)
  return name
}

const start = (path: string, ...args: string[]): Promise<Outcome> => startWith({}, path, ...args)
const startWith = (env: NodeJS.ProcessEnv, path: string, ...args: string[]): Promise<Outcome> =>
  run(path, args, {cwd: project.home, env: {...project.env, ...env}})

describe.concurrent.each(runtimes)('under $name', (runtime) => {
  let path: string
  beforeAll(async () => {
    path = await fetchRuntime(runtime)
  })

  test('every way to load it gives sandboxes on each platform', async () => {
    const ways = runtime.name === 'bun' ? WAYS : WAYS_OF_NODE
    const {stdout, stderr} = await start(path, 'all.mjs', ...platforms)
    expect(stderr).toBe('')
    expect(stdout).toBe(ways.map((way) => `${way}: ok\n`).join(''))
  })

  test('the command runs guests', async () => {
    const hv = 'node_modules/hvkit/dist/bin/hv.cjs'
    const native = await run(join(guests, 'hello'), [], {})
    for (const platform of platforms)
      expect(await start(path, hv, 'run', '--platform', platform, join(guests, 'hello'))).toEqual(native)
  })
})

// It starts programs without returning to the event loop, which those beside it would wait for.
describe.each(runtimes)('under $name', (runtime) => {
  test('words of the guest are no options of the runtime that starts the command', async () => {
    const path = await fetchRuntime(runtime)
    using options = new OptionsOfNode(path)
    const hv = join(project.home, 'node_modules/.bin/hv')
    // test/cli/words-of-node.test.ts: one at a time.
    for (const words of [OptionsOfNode.ofFiles().flat(), options.all()]) {
      const stdout = `first ${words.join(' ')}\n`
      const echo = options.start(hv, 'run', '/bin/busybox', 'echo', 'first', ...words)
      expect(echo).toEqual({status: 0, stdout, stderr: '', ranOnHost: false})
    }
  })
})

describe.concurrent.each(runtimes.filter(({name}) => /^node 2[246]/.test(name)))('under $name', (runtime) => {
  const PROCESSES = ['--permission', '--allow-addons', '--allow-child-process']
  const PERMITTED = [...PROCESSES, '--allow-fs-read=*']
  // Beside it another runtime would read what this one is about to write.
  const own = (name: string): string => `${runtime.name.replace(' ', '-')}-${name}`

  test('the permissions that docs/library.md lists are enough', async () => {
    const shown = join(project.folder, own('shown'))
    mkdirSync(shown, {recursive: true})
    writeFileSync(join(shown, 'word'), 'shown')
    const script = put(
      own('permitted.mjs'),
      `import {Sandbox} from 'hvkit'
       const sandbox = await Sandbox.create({volumes: [{host: ${JSON.stringify(shown)}, guest: '/data'}]})
       console.log((await sandbox.run('/bin/busybox', ['cat', '/data/word'])).stdout)
       await sandbox.dispose()`,
    )
    const readable = [
      join(project.home, script),
      join(project.home, 'node_modules/*'),
      '/etc/alpine-release',
      '/bin/busybox',
      '/usr/bin/busybox',
    ]
    const path = await fetchRuntime(runtime)
    const args = [...PROCESSES, ...readable.map((name) => `--allow-fs-read=${name}`)]
    const outcome = await start(path, '--no-warnings', ...args, join(project.home, script))
    expect(outcome).toEqual({status: 0, stdout: 'shown\n', stderr: ''})
  })

  test('TypeScript that Node strips runs, with permissions for the addon and the process alone', async () => {
    const program = `
      import {Sandbox, type SandboxResult} from 'hvkit'
      const sandbox: Sandbox = await Sandbox.create()
      const result: SandboxResult = await sandbox.run('/bin/busybox', ['echo', 'typed'])
      console.log(result.stdout)
      await sandbox.dispose()`
    const path = await fetchRuntime(runtime)
    // The folder exists, but nothing can be kept there.
    const cold = join(project.folder, 'cold')
    mkdirSync(join(cold, 'hvkit'), {recursive: true, mode: 0o700})
    const args = ['--no-warnings', ...PERMITTED, put(own('typed.mts'), program)]
    const outcome = await startWith({XDG_CACHE_HOME: cold}, path, ...args)
    expect(outcome).toEqual({status: 0, stdout: 'typed\n\n', stderr: ''})
  })

  test('what is not permitted is an error that names the permission', async () => {
    const script = put(
      own('refused.mjs'),
      `await import('hvkit').catch(({nextStep}) => console.log(nextStep))`,
    )
    const path = await fetchRuntime(runtime)
    const {stdout} = await start(path, '--no-warnings', '--permission', '--allow-fs-read=*', script)
    expect(stdout).toContain('--allow-addons and --allow-child-process')
  })
})

describe('under bun alone', () => {
  let bun: string
  beforeAll(async () => {
    bun = await fetchRuntime(runtimes.find(({name}) => name === 'bun')!)
  })

  test('a thread is refused, because it has no bound', async () => {
    const script = `import {Sandbox} from 'hvkit'
      await Sandbox.create({isolation: 'thread'}).catch(({code, nextStep}) => console.log(code, nextStep))`
    const {stdout} = await start(bun, put('thread.mjs', script))
    expect(stdout).toBe("BAD_ARGUMENT leave out isolation: 'thread', or use Node.js\n")
  })

  test("the sentry does not load what the owner's project preloads", async () => {
    put('bunfig.toml', 'preload = ["./preload.mjs"]')
    put('preload.mjs', `import {appendFileSync} from 'node:fs'; appendFileSync('preloaded', 'once ')`)
    const script = `import {Sandbox} from 'hvkit'; await (await Sandbox.create()).dispose()`
    expect((await start(bun, put('plain.mjs', script))).stderr).toBe('')
    rmSync(join(project.home, 'bunfig.toml'))
    expect(readFileSync(join(project.home, 'preloaded'), 'utf8')).toBe('once ')
  })

  test('a sentry that takes memory without end fails, and its owner goes on', async () => {
    const hoard = 'const hoard = []; for (;;) hoard.push(new Array(1e5).fill({}))'
    const copy = copyWithBug(PROGRAM_STARTS, hoard)
    try {
      const script = `
        import {Sandbox} from ${JSON.stringify(join(copy, 'dist/index.js'))}
        const sandbox = await Sandbox.create()
        console.log(await sandbox.run('/bin/busybox', ['true']).catch(({code}) => code))
        await (await Sandbox.create()).dispose()`
      expect((await start(bun, put('hoard.mjs', script))).stdout).toMatch(/^SANDBOX_(FAILED|DIED)\n$/)
    } finally {
      rmSync(copy, {recursive: true})
    }
  })
})

test('a bundle that takes hvkit in says how to leave it out', async () => {
  await bundle('app.mjs', 'whole.cjs', {format: 'cjs'})
  const {status, stderr} = await start(process.execPath, 'whole.cjs')
  expect([status, stderr]).toEqual([1, expect.stringMatching(/ADDON_MISSING[\s\S]*external hvkit/)])
})
