// The namespaces that a sandbox's process starts in: who has them, what replaces them, and that nothing outlives its owner.

import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, chownSync, mkdtempSync, readFileSync, readlinkSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, expect, test} from 'vitest'
import {BUSYBOX, livingBelow, SPIN} from './guests.ts'

const TIMEOUT_MS = 60_000
const NOBODY = 65534
const NAMESPACES = ['user', 'pid', 'ipc', 'uts', 'net', 'cgroup', 'mnt']
const library = new URL('../../dist/index.js', import.meta.url).href
const cache = mkdtempSync(join(tmpdir(), 'hv-namespaces-'))
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

beforeAll(() => {
  chmodSync(cache, 0o755)
  chownSync(cache, NOBODY, NOBODY)
})
const owners: ChildProcess[] = []
afterEach(() => {
  for (const owner of owners.splice(0)) owner.kill('SIGKILL')
})
afterAll(() => rmSync(cache, {recursive: true, force: true}))

interface Owner {
  child: ChildProcess
  pid: number
  /** The next line that it said. */
  next: () => Promise<string>
}

/** Starts an embedder, whose code may use `Sandbox`, `say`, and a `sandbox`. */
async function own(code: string, {as = 0, wrap = [] as string[], options = {}} = {}): Promise<Owner> {
  const script = `
    import {Sandbox} from '${library}'
    const say = (what) => console.log(JSON.stringify(what))
    const sandbox = await Sandbox.create(${JSON.stringify({platform: 'ptrace', ...options})})
    setTimeout(() => {}, ${TIMEOUT_MS})
    const run = (...args) => sandbox.run('${BUSYBOX}', args)
    ${code}`
  const [command, ...args] = [...wrap, process.execPath, '--input-type=module', '-e', script]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {PATH: process.env.PATH, XDG_CACHE_HOME: cache},
    ...(as !== 0 && {uid: as, gid: as}),
  })
  owners.push(child)
  const said: string[] = []
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop()!
    said.push(...lines)
  })
  const next = async (): Promise<string> => {
    while (said.length === 0) await once(child.stdout, 'data')
    return JSON.parse(said.shift()!)
  }
  return {child, pid: child.pid!, next}
}

/** A sandbox's processes, from the outermost to the one with the sentry. */
function partsOf(owner: number): {launcher: number; init: number; sentry: number} {
  const below = livingBelow(owner)
  const named = (name: string): number => below.find((each) => each.name === name)!.pid
  const sentry = below.find(({pid}) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('hv-sandbox'),
  )!
  return {launcher: named('hv-launcher'), init: named('hv-init'), sentry: sentry.pid}
}

const namespacesOf = (pid: number): string[] =>
  NAMESPACES.map((name) => readlinkSync(`/proc/${pid}/ns/${name}`))

function hasEnded(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z')
  } catch {
    return true
  }
}

async function untilAllHaveEnded(those: number[]): Promise<void> {
  for (let i = 0; i < 3000 && !those.every(hasEnded); i++) await sleep(20)
  expect(those.filter((pid) => !hasEnded(pid))).toEqual([])
}

const ONE_ID = `${NOBODY} ${NOBODY} 1`
/** A mount that would uncover what is below it, if a namespace left it out. */
const WITH_MOUNT = [
  ...['unshare', '--mount', 'sh', '-c'],
  `mkdir -p ${cache}/hvkit/below && mount -t tmpfs below ${cache}/hvkit/below && chown ${NOBODY} ${cache}/hvkit && exec "$@"`,
  ...['sh', 'setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
]

test.each([
  {who: 'root', as: 0, ids: '0 0 4294967295'},
  {who: 'nobody', as: NOBODY, ids: ONE_ID},
  {who: 'nobody, with a mount where hv has code,', as: NOBODY, ids: ONE_ID, wrap: WITH_MOUNT},
])(
  'a sandbox of $who is in namespaces of its own, with the ids that its owner has',
  {timeout: TIMEOUT_MS},
  async ({as, ids, wrap}) => {
    const code = "say(sandbox.jail); await run('id').then(({stdout}) => say(stdout))"
    const owner = await own(code, wrap === undefined ? {as} : {wrap})
    const layers = (await owner.next()) as unknown as {name: string; status: string}[]
    const {sentry} = partsOf(owner.pid)
    expect(layers.filter(({status}) => status === 'refused')).toEqual([])
    expect(layers.filter(({name}) => NAMESPACES.includes(name))).toHaveLength(NAMESPACES.length)
    expect(await owner.next()).toBe(`uid=${as} gid=${as}\n`)
    const outside = namespacesOf(process.pid)
    expect(namespacesOf(sentry).filter((each) => outside.includes(each))).toEqual([])
    for (const map of ['uid_map', 'gid_map'])
      expect(readFileSync(`/proc/${sentry}/${map}`, 'utf8').trim().replaceAll(/ +/g, ' ')).toBe(ids)
  },
)

/** Soft and hard: man 5 proc_pid_limits. */
function limitsOf(pid: number, name: string): number[] {
  const lines = readFileSync(`/proc/${pid}/limits`, 'utf8').split('\n')
  const [soft, hard] = lines
    .find((line) => line.startsWith(name))!
    .slice(name.length)
    .trim()
    .split(/ +/)
  return [soft, hard].map((value) => (value === 'unlimited' ? Infinity : Number(value)))
}

test.each([
  {who: 'root', as: 0},
  {who: 'nobody', as: NOBODY},
])('the host bounds the descriptors and tasks of a sandbox of $who', {timeout: TIMEOUT_MS}, async ({as}) => {
  const code = "await run('echo', 'hi').then(({stdout}) => say(stdout))"
  const owner = await own(code, {as, options: {maxTasks: 16, cpus: 1}})
  expect(await owner.next()).toBe('hi\n')
  const {sentry} = partsOf(owner.pid)
  const [, files] = limitsOf(owner.pid, 'Max open files')
  expect(limitsOf(sentry, 'Max open files')[1]).toBe(Math.min(files, 65_536))
  expect(limitsOf(sentry, 'Max processes')[1]).toBe(16 + 64)
})

/** In a user namespace that may have no others below it: NO_RIGHTS takes its capabilities away. */
const NONE_BELOW = [
  ...['unshare', '--user', '--map-root-user', 'sh', '-c'],
  'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
  'sh',
]
const NO_RIGHTS = ['setpriv', '--inh-caps=-all', '--bounding-set=-all']

test.each([
  ['a PID namespace alone', NONE_BELOW, ['refused ENOSPC', 'on']],
  ['no namespaces', [...NONE_BELOW, ...NO_RIGHTS], ['refused ENOSPC', 'refused EPERM']],
])(
  'where the host refuses the others, a sandbox has %s',
  {timeout: TIMEOUT_MS},
  async (_, wrap, expected) => {
    const owner = await own(
      `say(sandbox.jail.filter(({name}) => ['user', 'pid'].includes(name)).map(({status, errno}) => status + (errno ? ' ' + errno : '')))
     await run('echo', 'hi').then(({stdout}) => say(stdout))
     await sandbox.dispose()
     await Sandbox.create({jail: 'required'}).catch(({code, message}) => say(code + message))`,
      {wrap},
    )
    expect(await owner.next()).toEqual(expected)
    expect(await owner.next()).toBe('hi\n')
    expect(await owner.next()).toMatch(/^JAIL_INCOMPLETE.*user \(ENOSPC\)/)
  },
)

test.each([
  ['launcher', 'SIGKILL'],
  ['init', 'SIGKILL'],
  ['sentry', 'SIGKILL'],
  ['sentry', 'SIGABRT'],
  ['sentry', 'SIGTERM'],
] as const)(
  'when the %s dies of %s, the sandbox has died of it, and nothing is left',
  {
    timeout: TIMEOUT_MS,
  },
  async (part, signal) => {
    const owner = await own(
      `say('here'); await run(...${JSON.stringify(SPIN)}).catch(({message}) => say(message))`,
    )
    await owner.next()
    const all = livingBelow(owner.pid).map(({pid}) => pid)
    process.kill(partsOf(owner.pid)[part], signal)
    expect(await owner.next()).toBe(`the sandbox's process was killed by ${signal}`)
    await untilAllHaveEnded(all)
  },
)

test('a sentry that hears nothing ends with its owner', {timeout: TIMEOUT_MS}, async () => {
  const owner = await own(`say('here'); run(...${JSON.stringify(SPIN)})`)
  await owner.next()
  const all = livingBelow(owner.pid).map(({pid}) => pid)
  // Like a sentry with an attacker's code.
  process.kill(partsOf(owner.pid).sentry, 'SIGSTOP')
  owner.child.kill('SIGKILL')
  await untilAllHaveEnded(all)
})

test('a worker thread’s sandboxes end with it, and other children of the process live on', {
  timeout: TIMEOUT_MS,
}, async () => {
  // A module, like its owner's code.
  const worker = `
    import {parentPort} from 'node:worker_threads'
    import {Sandbox} from '${library}'
    const [busy, idle] = await Promise.all([1, 2].map(() => Sandbox.create({platform: 'ptrace'})))
    busy.run('${BUSYBOX}', ${JSON.stringify(SPIN)})
    parentPort.postMessage((await idle.run('${BUSYBOX}', ['echo', 'hi'])).stdout)`
  const owner = await own(`
    const {Worker} = await import('node:worker_threads')
    const {spawn} = await import('node:child_process')
    const child = spawn('sleep', ['1000'])
    const worker = new Worker(${JSON.stringify(worker)}, {eval: true})
    worker.once('message', async (text) => {
      say(text)
      setTimeout(async () => {
        await worker.terminate()
        say([child.exitCode, (await run('echo', 'on')).stdout])
        child.once('exit', (_, signal) => say(signal)).kill()
      }, 500)
    })`)
  expect(await owner.next()).toBe('hi\n')
  const before = livingBelow(owner.pid)
  expect(before.filter(({name}) => name === 'hv-init')).toHaveLength(3)
  expect(await owner.next()).toEqual([null, 'on\n'])
  expect(await owner.next()).toBe('SIGTERM')
  for (let i = 0; i < 1000 && livingBelow(owner.pid).filter(({name}) => name === 'hv-init').length > 1; i++)
    await sleep(50)
  expect(livingBelow(owner.pid).filter(({name}) => name === 'hv-init')).toHaveLength(1)
})
