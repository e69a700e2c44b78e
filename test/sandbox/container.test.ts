// hv in a container: under the seccomp profiles of Docker and Podman, with the capabilities that they leave, it runs and says what it lacks.

import {execFile} from 'node:child_process'
import {chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {debianTree} from '../../ci/debian.mjs'
import {root} from '../../ci/paths.mjs'
import {arch} from '../../src/arch/index.ts'
import {platforms} from '../guests/run.ts'
import {BUSYBOX} from './guests.ts'

const TIMEOUT_MS = 120_000
const NOBODY = 65534
const NAMESPACES = ['user', 'pid', 'ipc', 'uts', 'net', 'cgroup', 'mnt']
const ALWAYS = ['landlock-reach', 'landlock-files', 'capabilities', 'seccomp']
const scratch = mkdtempSync(join(tmpdir(), 'hv-container-'))
chmodSync(scratch, 0o755)
let profile: string

interface Layer {
  name: string
  status: string
  errno?: string
}
interface Seen {
  output: string
  /** The layers of a sandbox, and of `hv run`. */
  sandbox: Layer[]
  command: Layer[]
}

beforeAll(() => {
  // Podman's profile, which equals Docker's except for namespaces and mounts.
  const tree = debianTree(arch.name, ['golang-github-containers-common'])
  profile = join(tree, 'usr/share/containers/seccomp.json')
  for (const user of [0, NOBODY]) {
    for (const name of [`cache-${user}`, `volume-${user}`]) {
      mkdirSync(join(scratch, name))
      chownSync(join(scratch, name), user, user)
    }
  }
}, TIMEOUT_MS)
afterAll(() => rmSync(scratch, {recursive: true, force: true}))

/** Namespaces as in a container, /dev/kvm as passed to one, and a /proc with hidden parts. */
const CONTAINER = `
  mount -t tmpfs -o mode=755 container ${scratch}/dev && mknod -m 666 ${scratch}/dev/kvm c 10 232 &&
  mount --bind ${scratch}/dev/kvm /dev/kvm &&
  mount --bind /dev/null /proc/timer_list && mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
  exec "$@"`

/** Without mounts, hv changes files only through open ones. */
const CHANGES =
  'umask 0; cd /v && rm -rf $0 && mkdir $0 && cd $0 && echo x > f && chmod 640 f && touch -d @1000000 f && mkfifo p && ln -s f l && stat -c %a:%Y f'

/** What its first program does: a sandbox and `hv run` on each platform. */
const PROGRAM = `
  const volume = process.env.XDG_CACHE_HOME.replace('cache', 'volume')
  const {promisify} = require('node:util')
  const run = promisify(require('node:child_process').execFile)
  const {Sandbox} = require(${JSON.stringify(join(root, 'dist/index.cjs'))})
  const hv = ${JSON.stringify(join(root, 'dist/bin/hv.cjs'))}
  const look = async (platform) => {
    const sandbox = await Sandbox.create({platform, volumes: [{host: volume, guest: '/v', writable: true}]})
    const {stdout} = await sandbox.run('${BUSYBOX}', ['sh', '-c', 'id -u; echo $(echo sandbox); ${CHANGES}', platform])
    await sandbox.dispose()
    const argv = [hv, 'run', '--stats=json', '--platform', platform, '${BUSYBOX}', 'echo', 'command']
    const command = await run(process.execPath, argv)
    const {jail} = JSON.parse(command.stderr)
    return {output: stdout + command.stdout, sandbox: sandbox.jail, command: jail}
  }
  const all = async () => {
    const seen = ${JSON.stringify(platforms)}.map(async (platform) => [platform, await look(platform)])
    console.log(JSON.stringify(Object.fromEntries(await Promise.all(seen))))
  }
  all()`

async function inContainer(kind: string, user: number): Promise<Record<string, Seen>> {
  mkdirSync(join(scratch, 'dev'), {recursive: true})
  const {stdout} = await promisify(execFile)(
    'unshare',
    [
      ...[
        '--mount',
        '--pid',
        '--fork',
        '--mount-proc',
        '--ipc',
        '--uts',
        '--net',
        'sh',
        '-c',
        CONTAINER,
        'sh',
      ],
      ...['python3', join(root, 'test/helpers/container.py'), profile, kind, String(user)],
      ...[process.execPath, '-e', PROGRAM],
    ],
    {env: {PATH: process.env.PATH, XDG_CACHE_HOME: join(scratch, `cache-${user}`)}, timeout: TIMEOUT_MS},
  )
  return JSON.parse(stdout)
}

const named = (layers: Layer[], status: string): string[] =>
  layers.filter((layer) => layer.status === status).map(({name}) => name)

test.each([
  ['Docker’s profile', 'root', 'strict', 0, NAMESPACES],
  ['Docker’s profile', 'a user', 'strict', NOBODY, NAMESPACES],
  ['Podman’s profile', 'root', 'as-is', 0, []],
  ['Podman’s profile', 'a user', 'as-is', NOBODY, []],
] as const)(
  'under %s, as %s, guests run, and the jail has what can be had',
  {
    timeout: TIMEOUT_MS,
  },
  async (_profile, _as, kind, user, refused) => {
    const seen = await inContainer(kind, user)
    for (const platform of platforms) {
      const {output, sandbox, command} = seen[platform]
      expect(output).toBe(`${user}\nsandbox\n640:1000000\ncommand\n`)
      expect(named(sandbox, 'refused')).toEqual(refused)
      expect(named(sandbox, 'on')).toEqual(expect.arrayContaining(ALWAYS))
      // These need CAP_SYS_ADMIN, which neither gives a container.
      expect(named(command, 'refused')).toEqual(NAMESPACES.slice(2))
      expect(named(command, 'on')).toEqual(expect.arrayContaining(ALWAYS))
      const errnos = [...sandbox, ...command]
        .filter(({status}) => status === 'refused')
        .map(({errno}) => errno)
      expect(errnos.filter((errno) => errno !== 'EPERM')).toEqual([])
    }
  },
)
