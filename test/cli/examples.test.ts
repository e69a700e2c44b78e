// The examples of README, docs/ and help, as written: each command in a bash with hv in its PATH, each script with hvkit installed.

import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {root} from '../../ci/paths.mjs'
import {arch} from '../../src/arch/index.ts'
import {sha256} from '../helpers/docker.ts'
import {LayoutFolder, named} from '../helpers/oci.ts'
import {tarOf} from '../helpers/tar.ts'
import {HV} from './hv.ts'

const TIMEOUT_MS = stepMs('command')
const HELLO = `${root}/.cache/guests/${arch.name}/hello`
const BUSYBOX = '/bin/busybox'
const hasKvm = existsSync('/dev/kvm')

/** What these print on standard output, as the page or the program that they run says. */
const PRINTS: Record<string, string> = {
  'hv run ./hello': 'Hello from guest user mode\n',
  "hv run busybox sh -c 'echo $HOME; exit 3'": '/root\n',
  'echo hello | hv run busybox wc -c': '6\n',
  "hv run --root ./rootfs --env LANG=C.UTF-8 sh -c 'echo $LANG'": 'C.UTF-8\n',
  "hv run --root ./rootfs --env LANG=C.UTF-8 --memory 1G sh -c 'echo $LANG'": 'C.UTF-8\n',
  'hv run --trace busybox echo hi': 'hi\n',
  'hv pledge --suggest busybox ls /': 'stdio rpath\n',
  'hv run --pledge "$(hv pledge --suggest busybox ls /)" busybox ls /': 'bin\ndev\nproc\nsys\ntmp\n',
  'hv run --volume .:/data:rw --unveil /data:r --unveil /data/out:rwc busybox cat /data/notes.txt': 'notes\n',
}
/** The status of these; all others end with 0. */
const ENDS: Record<string, number> = {
  "hv run busybox sh -c 'echo $HOME; exit 3'": 3,
  'hv run --pledge stdio busybox ls /': 159,
  'hv run --pledge "stdio error" busybox ls /': 1,
  ...(hasKvm ? {} : {'hv check --platform kvm': 1}),
}
/** This one has its own test, below. The README's quick start is left out: it would install and build. */
const PLAYED = 'kill -USR2 PID'
/** sudo asks for a password, or is missing; `hv check` itself is run. */
const BY_SUDO = 'sudo hv check'
/** These attach to a process: test/cli/gdb/attach.test.ts. */
const ATTACHES = /hv gdb \d/

/** Blocks of ```sh need gdb, or the reader's own kernel: test/cli/gdb and test/bed have others. */
const PAGES = ['running', 'limits', 'tracing', 'debugging', 'promises', 'library']
const [, ofReadme] = /\n## Using it\n(.*?)\n## /s.exec(readFileSync(`${root}/README.md`, 'utf8'))!
const examples = [ofReadme, ...PAGES.map((name) => readFileSync(`${root}/docs/${name}.md`, 'utf8'))].join(
  '\n',
)
const scripts = [...examples.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1])
const commands: {command: string; says?: string}[] = []
for (const [, line] of examples.replace(/^```.*?^```$/gms, '').matchAll(/^ {4}(\S.*)$/gm)) {
  // A line with this beginning is the output of the command before it.
  if (line.startsWith('hv: ')) commands.at(-1)!.says = line
  else addCommand(line.replace(/\s+#.*/, ''))
}
interface Manifest {
  commands: Record<string, {examples: string[]}>
}
const manifest: Manifest = JSON.parse(readFileSync(`${root}/oclif.manifest.json`, 'utf8'))
for (const example of Object.values(manifest.commands).flatMap(({examples}) => examples)) {
  addCommand(example.replaceAll('<%= config.bin %>', 'hv').replace(/^\$ /, ''))
}

/** Once: the README shows some that a page shows, too. */
function addCommand(command: string): void {
  if (!commands.some((one) => one.command === command)) commands.push({command})
}

// The files that the commands use.
const home = mkdtempSync(join(tmpdir(), 'hv-readme-'))
const env = {HOME: home, SHELL: '/bin/bash', PATH: `${home}/.bin:${process.env.PATH}`}
beforeAll(() => {
  for (const folder of ['.bin', 'src', 'out', 'rootfs/bin', 'rootfs/usr/bin', 'node_modules'])
    mkdirSync(join(home, folder), {recursive: true})
  writeFileSync(join(home, '.bin/hv'), `#!/bin/sh\nexec '${process.execPath}' '${HV}' "$@"\n`)
  chmodSync(join(home, '.bin/hv'), 0o755)
  symlinkSync(root, join(home, 'node_modules/hvkit'))
  writeFileSync(join(home, 'notes.txt'), 'notes\n')
  for (const name of ['hello', 'suspicious', 'rootfs/usr/bin/python3']) copyFileSync(HELLO, join(home, name))
  copyFileSync(BUSYBOX, join(home, 'rootfs/bin/sh'))
  execFileSync('tar', ['-C', join(home, 'rootfs'), '-czf', join(home, 'rootfs.tar.gz'), '.'])
  const layers = [tarOf({name: 'bin/sh', content: readFileSync(BUSYBOX), mode: 0o755})]
  const rootfs = {type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`)}
  const imageOf = (name: string, config: object): void => {
    const layout = new LayoutFolder(join(home, name))
    layout.index(named(layout.image({layers, config, about: {rootfs}}), 'latest'))
  }
  imageOf('alpine', {Cmd: ['sh']})
  imageOf('tool', {Entrypoint: ['sh']})
  execFileSync('tar', ['-C', join(home, 'tool'), '-cf', join(home, 'tool.tar'), '.'])
})
afterAll(() => rmSync(home, {recursive: true}))

const ran = (command: string, ...args: string[]) =>
  spawnSync(command, args, {cwd: home, env, encoding: 'utf8', timeout: TIMEOUT_MS, input: ''})

/** Runs a script of a page, and `rest`, which uses its `const`s. */
function node(name: string, script: string, rest = '') {
  const imports = script.includes("from 'hvkit'")
    ? ''
    : "import {onOpen, Sandbox, SandboxPool, Vm} from 'hvkit'\n"
  writeFileSync(join(home, name), `${imports}${script}${rest}`)
  return ran(process.execPath, name)
}

test('all of them are found', () => {
  const known = [...Object.keys(PRINTS), ...Object.keys(ENDS), PLAYED, BY_SUDO]
  expect(commands.map(({command}) => command)).toEqual(expect.arrayContaining(known))
  expect(scripts).toHaveLength(11)
})

describe.skipIf(!existsSync(BUSYBOX) || !existsSync(HELLO))('as the pages say', () => {
  test.each(
    commands.filter(({command}) => command !== PLAYED && command !== BY_SUDO && !ATTACHES.test(command)),
  )('$command', ({command, says}) => {
    const {status, stdout, stderr} = ran('bash', '-c', command)
    expect([status, stderr]).toEqual([ENDS[command] ?? 0, says ? `${says}\n` : stderr])
    expect(stdout).toBe(PRINTS[command] ?? stdout)
  })

  test('kill -USR2 PID switches the trace on', async () => {
    const child = spawn('hv', ['run', 'busybox', 'sh', '-c', 'while echo x; do :; done'], {cwd: home, env})
    await once(child.stdout.resume(), 'data')
    expect(ran('bash', '-c', PLAYED.replace('PID', `${child.pid}`)).status).toBe(0)
    child.stderr.setEncoding('utf8')
    const [said] = await once(child.stderr, 'data')
    expect(said).toMatch(/^hv: the trace is on\n/)
    child.kill('SIGTERM')
    await once(child.stderr.resume(), 'close')
  })

  test('the first sandbox runs busybox', () => {
    expect(node('sandbox.mjs', scripts[0])).toMatchObject({status: 0, stdout: '0 5\n\n', stderr: ''})
  })

  test('a sandbox runs a program of an image', () => {
    expect(node('image.mjs', scripts[1], 'await sandbox.dispose()')).toMatchObject({
      status: 0,
      stdout: '42\n\n',
    })
  })

  test('a program is spoken with', () => {
    const script = `const sandbox = await Sandbox.create()\n${scripts[2]}`
    const {status, stdout} = node('spawn.mjs', script, 'await sandbox.dispose()')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^HELLO\n.*exitCode: 0/s)])
  })

  test('a program has a terminal', () => {
    const script = `const sandbox = await Sandbox.create()\n${scripts[3]}`
    const {status, stdout} = node('pty.mjs', script, 'await sandbox.dispose()')
    expect([status, stdout]).toEqual([0, expect.stringContaining('\r\n/dev/pts/0\r\n')])
  })

  test('programs run beside each other', () => {
    const script = `const sandbox = await Sandbox.create()\n${scripts[4]}`
    const {status, stdout} = node('beside.mjs', script, 'await sandbox.dispose()')
    expect([status, stdout]).toEqual([0, 'hello\n'])
  })

  test('files go in and out', () => {
    const script = `
      import {createReadStream, createWriteStream} from 'node:fs'
      import {pipeline} from 'node:stream/promises'
      import {createGunzip, createGzip} from 'node:zlib'
      const sandbox = await Sandbox.create()
      ${scripts[5]}`
    const {status, stdout} = node('files.mjs', script, 'await sandbox.dispose()')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/job\.sh.*input.*notes/s)])
  })

  test('a pool gives a sandbox', () => {
    const calls = `
      console.log((await sandbox.run('${BUSYBOX}', ['ls', '/work/pool.mjs'])).stdout)
      await sandbox.dispose()`
    expect(node('pool.mjs', scripts[6], calls)).toMatchObject({
      status: 0,
      stdout: '/work/pool.mjs\n\n',
      stderr: '',
    })
  })

  test('the other sandbox has what busybox needs, and its handlers are asked', () => {
    const calls = `
      const ask = async (...args) => console.log(await sandbox.run('${BUSYBOX}', args))
      await ask('touch', '/tmp/a.log')
      await ask('rm', '/tmp/a.log')
      await ask('id', '-u')
      await sandbox.dispose()`
    const {status, stdout} = node('promises.mjs', scripts[7], calls)
    expect(status).toBe(0)
    expect(stdout).toMatch(/exitCode: 0.*exitCode: 1.*Operation not permitted.*exitCode: 0.*'1000\\n'/s)
  })

  // scripts[8] and scripts[9] need a kernel: test/beds/program-machine.test.ts has others.
  test.skipIf(!hasKvm || arch.name !== 'x86_64')('the VM writes to its port (only x86_64)', () => {
    const {status, stdout} = node('vm.mjs', scripts[10])
    expect([status, stdout]).toEqual([0, expect.stringMatching(/kind: 'io'.*port: 1016/s)])
  })
})
