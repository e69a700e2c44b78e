// Volumes in a jail: a guest sees and changes through a mount of its own, or through open files, what it would without.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {Sandbox} from '../../src/index.ts'
import {HV, hv} from '../cli/hv.ts'
import {BUSYBOX, sh} from './guests.ts'

const NOBODY = 65534
/** Every user has it. */
const PLATFORM = 'ptrace'
const MOUNTS =
  'mount -t tmpfs none $0/v/sub && echo beneath > $0/v/sub/file && mount -t proc none $0/v/proc && exec "$@"'
/** What a guest does to a file, and what it then sees of it. */
const OF_FILE = `set -e
  grep -q first /f; echo second >> /f; chmod 604 /f; touch -d @1000000 /f; stat -c '%a %Y %s' /f
  echo x 1<>/f; rm -f /f 2>/dev/null || echo busy`
/** The same for a tree. */
const OF_TREE = `set -e; cd /v; umask 0
  mkdir -m 711 d; echo x > d/f; chmod 640 d/f; touch -d @1000000 d/f d; ln -s f d/l; ln d/f d/h; mkfifo p
  mv d/h d/g; stat -c '%n %a %h %Y' d/f d/g; stat -c '%n %a' d p; readlink d/l; chmod 2750 d; stat -c %a d
  mkdir e; ln d/f e/f; mv e/f d/e; mv d/g .; rm -r d e g p`
const SEEN = 'd/f 640 2 1000000\nd/g 640 2 1000000\nd 711\np 666\nf\n'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-mounts-'))
  for (const name of ['v', 'v/sub', 'v/proc']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'f'), 'first\n')
  for (const name of ['', 'v', 'v/sub', 'v/proc', 'f']) chownSync(join(folder, name), NOBODY, NOBODY)
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, {recursive: true}))

const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

/** Runs a command as on a kernel without fchmodat2(2), before Linux 6.6, where O_PATH descriptors change no mode. */
const ON_OLD_KERNEL = `
import ctypes, os, sys
library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.seccomp_init(0x7fff0000))
if library.seccomp_rule_add(context, 0x00050000 | 38, 452, 0) or library.seccomp_load(context): sys.exit("no filter")
os.execvp(sys.argv[1], sys.argv[1:])`

describe.each([
  ['root', []],
  ['root on an older kernel', ['python3', '-c', ON_OLD_KERNEL]],
  ['a user, who has no mounts of its own,', asNobody],
])('hv run as %s', (_, through) => {
  const run = (flags: string[], script: string, around: string[] = []) => {
    const {status, stdout, stderr} = hv(
      ['run', '--platform', PLATFORM, ...flags, BUSYBOX, 'sh', '-c', script],
      {XDG_CACHE_HOME: '/nonexistent'},
      [...around, ...through],
    )
    return [stdout, stderr, status]
  }

  test('shows what is mounted beneath a volume, but nothing of the host’s kernel', () => {
    const around = ['unshare', '--mount', 'sh', '-c', MOUNTS, folder]
    expect(run(['--volume', `${folder}/v:/v`], 'cat /v/sub/file; ls -A /v/proc', around)).toEqual([
      'beneath\n',
      '',
      0,
    ])
  })

  test('changes a volume that is a single file', () => {
    const seen = run(['--volume', `${folder}/f:/f:rw`], OF_FILE)
    expect(seen).toEqual(['604 1000000 13\nbusy\n', '', 0])
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('x\nrst\nsecond\n')
    expect(statSync(join(folder, 'f')).mode & 0o7777).toBe(0o604)
  })

  test('changes the files of a volume', () => {
    expect(run(['--volume', `${folder}/v:/v:rw`], OF_TREE)).toEqual([`${SEEN}750\n`, '', 0])
  })
})

test('no descriptor is of procfs, or leads anywhere but into a volume', async () => {
  const argv = [HV, 'run', '--volume', `${folder}/v:/v:rw`, BUSYBOX, 'sh', '-c', 'echo ready; read line']
  const child = spawn(process.execPath, argv, {stdio: ['pipe', 'pipe', 'inherit']})
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
  const fds = `/proc/${child.pid}/fd`
  const links = readdirSync(fds).map((fd) => readlinkSync(join(fds, fd)))
  child.stdin.end('\n')
  await once(child, 'close')
  // The top of a mount that is attached nowhere is `/`.
  expect(links).toContain('/')
  const others = links.filter(
    (link) => !/^(\/|pipe:.*|socket:.*|anon_inode:.*|\/memfd:.*|\/dev\/\w+)$/.test(link),
  )
  expect(others).toEqual([])
})

test.each(['best', 'none'] as const)(
  'a sandbox with jail: %s changes the files of a volume',
  async (jail) => {
    const volumes = [
      {host: join(folder, 'v'), guest: '/v', writable: true},
      {host: join(folder, 'f'), guest: '/f', writable: true},
    ]
    await using sandbox = await Sandbox.create({jail, volumes, platform: PLATFORM})
    const tree = await sandbox.run(...sh(OF_TREE))
    expect([tree.stdout, tree.stderr]).toEqual([`${SEEN}${jail === 'none' ? 2750 : 750}\n`, ''])
    const file = await sandbox.run(...sh(OF_FILE))
    expect([file.stdout, file.stderr]).toEqual(['604 1000000 13\nbusy\n', ''])
  },
)

test('a sandbox without a writable volume can change nothing, whatever becomes of its sentry', async () => {
  const volumes = [{host: join(folder, 'v'), guest: '/v'}]
  await using sandbox = await Sandbox.create({volumes, platform: PLATFORM})
  const {stdout} = await sandbox.run(...sh('chmod 700 /v || echo read-only; ls /v'))
  expect(stdout).toBe('read-only\nproc\nsub\n')
})
