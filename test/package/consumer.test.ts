// The library in a user's project: as an ES module and in CommonJS, in TypeScript, and through a bundler.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {rolldown} from 'rolldown'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {root} from '../../ci/paths.mjs'
import {type Installation, install, type Outcome, run} from './installation.ts'

const TSC = join(root, 'node_modules/.bin/tsc')
const TSC6 = join(root, 'node_modules/.bin/tsc6')
const NAMES = [
  'AbortError',
  'Bus',
  'HvError',
  'Machine',
  'ProgramMachine',
  'Sandbox',
  'SandboxPool',
  'VirtioMmio',
  'Vm',
  'checkExtension',
  'checkHost',
  'onConnect',
  'onOpen',
  'readMapGpaRange',
  'servePages',
  'startEl1',
  'startEl2',
  'startLongMode',
  'startProtectedMode',
  'startRealMode',
]
const REFUSED = /BAD_ARGUMENT options has no nosuch/
const REFUSE = `Sandbox.create({nosuch: 1}).catch((error) => console.log(error.code, error.message))`

let project: Installation
beforeAll(async () => {
  project = await install()
})
afterAll(() => project[Symbol.dispose]())

function put(name: string, text: string): string {
  writeFileSync(join(project.home, name), text)
  return name
}

const node = (...args: string[]): Promise<Outcome> =>
  run(join(project.bin, 'node'), args, {cwd: project.home, env: project.env})

test('import and require give the same classes', async () => {
  const file = put(
    'both.mjs',
    `import * as imported from 'hvkit'
     import {createRequire} from 'node:module'
     const required = createRequire(import.meta.url)('hvkit')
     console.log(Object.keys(imported).filter((name) => imported[name] === required[name]).sort().join())`,
  )
  expect(await node(file)).toEqual({status: 0, stdout: `${NAMES.join()}\n`, stderr: ''})
})

describe.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])('TypeScript with --module %s --moduleResolution %s', (module, resolution) => {
  const program = `
    import {AbortError, type Exit, HvError, Sandbox, type SandboxFile, SandboxPool, type SandboxResult, type TraceEvent, Vm, checkHost, onOpen} from 'hvkit'
    export const usable: boolean = (await checkHost({board: 'rpi4'})).usable
    await using sandbox = await Sandbox.create({volumes: [{host: '/', guest: '/h'}], onSyscall: {openat: () => ({errno: 5})}})
    await Sandbox.create({onSyscall: {...onOpen(({mayWrite}) => (mayWrite ? {errno: 'EACCES'} : undefined)), read: {after: (call, {result}) => void result}}})
    const result: SandboxResult = await sandbox.run('/a', ['b'], {stdin: new Uint8Array(1), timeoutMs: 5})
    export const bytes: Uint8Array = (await sandbox.run('/a', [], {encoding: 'buffer'})).stdout
    export const isFull: boolean = result.outOfMemory
    await sandbox.startTrace((event: TraceEvent) => void event.type)
    const child = sandbox.spawn('/a', [], {timeoutMs: 5})
    child.stdin.end('hello')
    for await (const line of child) child.kill(line)
    sandbox.spawn('/a', [], {pty: {columns: 80, name: 'vt100'}}).resize({columns: 100, rows: 30})
    await sandbox.run('/a', [], {stdin: child.stdout})
    export const code: number | null = (await child.wait()).exitCode
    await sandbox.files.write('/tmp/a', new Uint8Array(1), {mode: 0o600})
    export const file: SandboxFile | undefined = (await sandbox.files.list('/tmp'))[0]
    export const content: string = await sandbox.files.read('/tmp/a')
    for await (const chunk of sandbox.files.readStream('/tmp/a')) chunk
    sandbox.on('limit', ({limit, count}) => void (limit === 'tasks' && count > 1)).once('exit', ({exitCode}) => void exitCode)
    using pool = new SandboxPool({warm: 1})
    await using other = await pool.create({memoryBytes: 1 << 20})
    using vm = Vm.create({memoryBytes: 4096})
    const exit: Exit = vm.createVcpu().run()
    if (exit.kind === 'io') exit.data.length
    using bell = vm.ioeventfd({space: 'memory', address: 0x9000}, (count) => void count.toFixed())
    vm.on('exit', async (exit, {registers}) => void registers.get(bell.fd > 2 ? 'rip' : 'pc')).start()
    try { throw exit } catch (error) {
      if (error instanceof HvError && error.code === 'FILE_FAILED') error.errno?.length
      if (error instanceof AbortError) error.stdout
    }`

  test.each([
    // Only what package.json declares: no @types/node, no DOM.
    ['without other types', ['--types', ''], ''],
    [
      'with an AbortSignal of the DOM',
      ['--types', '', '--lib', 'es2023,dom'],
      "await sandbox.run('/a', [], {signal: AbortSignal.timeout(5)})",
    ],
    ['with exact optional properties', ['--types', '', '--exactOptionalPropertyTypes'], ''],
  ])('compiles %s', async (_, options, more) => {
    const file = put('consumer.mts', `${program}\n${more}`)
    const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2023']
    const {status, stdout} = await run(
      TSC,
      [...flags, '--module', module, '--moduleResolution', resolution, ...options, file],
      {cwd: project.home},
    )
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })

  test('refuses an option that there is not', async () => {
    const file = put('wrong.mts', `import {Sandbox} from 'hvkit'\nawait Sandbox.create({memory: 5})`)
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ]
    const {stdout} = await run(TSC, [...flags, '--types', '', file], {cwd: project.home})
    expect(stdout).toMatch(/wrong\.mts.*memory/)
  })
})

describe('CommonJS in TypeScript', () => {
  const program = `
    import {HvError, Sandbox} from 'hvkit'
    declare const console: {log(...words: unknown[]): void}
    const options: object = {nosuch: 1}
    Sandbox.create(options).catch(({code, message}: HvError) => console.log(code, message))`

  test.each([
    ['nodenext', TSC, ['--types', '']],
    ['node16', TSC, ['--types', '']],
    // Only TypeScript before 7 has it, and none of package.json's "exports".
    ['node10', TSC6, ['--ignoreDeprecations', '6.0']],
  ])('compiles with --moduleResolution %s, and what it becomes runs', async (resolution, compiler, more) => {
    const name = `common-${resolution}`
    const file = put(`${name}.${resolution === 'node10' ? 'ts' : 'cts'}`, program)
    const module = resolution === 'node10' ? 'commonjs' : resolution
    const flags = ['--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2023']
    const options = ['--module', module, '--moduleResolution', resolution, ...more]
    const {stdout} = await run(compiler, [...flags, ...options, file], {cwd: project.home})
    expect(stdout).toBe('')
    expect((await node(`${name}.${resolution === 'node10' ? 'js' : 'cjs'}`)).stdout).toMatch(REFUSED)
  })
})

test('the library loads no package but the one that finds its addon', async () => {
  const file = put(
    'loaded.cjs',
    `require('hvkit')
     const folders = Object.keys(require.cache).map((path) => /.*node_modules\\/([^/]+)/.exec(path)?.[1])
     console.log([...new Set(folders)].filter((name) => name !== undefined).sort().join())`,
  )
  expect((await node(file)).stdout).toBe('hvkit,node-gyp-build\n')
})

test('a bundle that leaves hvkit out runs', async () => {
  const input = join(project.home, put('app.mjs', `import {Sandbox} from 'hvkit'\n${REFUSE}`))
  for (const format of ['esm', 'cjs'] as const) {
    const bundle = await rolldown({input, platform: 'node', external: ['hvkit']})
    const file = `bundled.${format === 'esm' ? 'mjs' : 'cjs'}`
    await bundle.write({file: join(project.home, file), format})
    await bundle.close()
    expect((await node(file)).stdout).toMatch(REFUSED)
  }
})
