// What a space's process may do on the host, whatever this process may do: as root, as an ordinary user, in a user namespace.

import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {describePtrace} from '../../helpers/ptrace.ts'

const NO_NAMESPACES = 'for limit in /proc/sys/user/max_*_namespaces; do echo 0 >$limit; done; exec "$@"'
/** Makes a stub, and prints its status. */
const PRINT_STATUS = `
  const {Tracer, TracedSpace} = require('node-gyp-build')('native')
  const space = new TracedSpace()
  space.open(new Tracer(1 << 20))
  const {pid} = space
  process.kill(pid, 0)
  console.log(require('fs').readFileSync('/proc/' + pid + '/status', 'utf8'))`

const isRoot = process.getuid!() === 0
const canSet = isRoot && spawnSync('setpriv', ['--version']).status === 0
const asUser = ['setpriv', '--reuid=1234', '--regid=1234', '--clear-groups']
const inUserNamespace = ['unshare', '--user', '--map-root-user']
const canUnshare = spawnSync(inUserNamespace[0], [...inUserNamespace.slice(1), 'true']).status === 0
const withoutCapabilities = (...names: string[]) => [
  'setpriv',
  `--bounding-set=${names.map((name) => `-${name}`)}`,
]

/** The fields of a stub's /proc/PID/status, where `command` starts the process that makes the stub. */
function statusUnder(command: readonly string[]): Map<string, string> {
  const [program, ...args] = [...command, process.execPath, '-e', PRINT_STATUS]
  const {stdout, stderr} = spawnSync(program, args, {cwd: root, encoding: 'utf8'})
  expect(stderr).toBe('')
  return new Map(
    stdout.split('\n').map((line) => {
      const [name, value = ''] = line.split(':\t')
      return [name, value.trim()]
    }),
  )
}

function expectUnprivileged(status: Map<string, string>): void {
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
    expect(BigInt(`0x${status.get(set)}`), set).toBe(0n)
  }
  expect(status.get('NoNewPrivs')).toBe('1')
  expect(status.get('Seccomp')).toBe('2')
}

function expectNobody(status: Map<string, string>): void {
  const nobody = '65534\t65534\t65534\t65534'
  expect([status.get('Uid'), status.get('Gid'), status.get('Groups')]).toEqual([nobody, nobody, ''])
}

describePtrace('the process of a space', () => {
  test.skipIf(!isRoot)('of root is nobody’s, and has no capability', () => {
    const status = statusUnder(['env'])
    expectUnprivileged(status)
    expectNobody(status)
  })

  test.skipIf(!canSet)('of root that may make no namespaces is nobody’s, and has no capability', () => {
    const status = statusUnder(withoutCapabilities('sys_admin', 'sys_ptrace'))
    expectUnprivileged(status)
    expectNobody(status)
  })

  // Without the right to signal the stub, hv could not stop it.
  test.skipIf(!canSet).each([['kill'], ['setuid', 'setgid'], ['all']])(
    'of root without CAP_%s keeps the user, and has no capability',
    (...names) => {
      const status = statusUnder(withoutCapabilities(...names))
      expectUnprivileged(status)
      expect(status.get('Uid')).toBe('0\t0\t0\t0')
    },
  )

  test.skipIf(!canSet)('of an ordinary user is that user’s, and has no capability', () => {
    const status = statusUnder(asUser)
    expectUnprivileged(status)
    expect(status.get('Uid')).toBe('1234\t1234\t1234\t1234')
  })

  test.skipIf(!canUnshare)('of root in a user namespace without other users has no capability', () => {
    expectUnprivileged(statusUnder(inUserNamespace))
  })

  test.skipIf(!canUnshare)('has no capability where all namespaces are refused', () => {
    const status = statusUnder([...inUserNamespace, 'sh', '-c', NO_NAMESPACES, 'sh'])
    expectUnprivileged(status)
    expect(status.get('NSpid')).not.toContain('\t')
  })

  test.skipIf(!canSet)('has no supplementary groups', () => {
    expect(statusUnder(['setpriv', '--groups=4,5']).get('Groups')).toBe('')
  })
})
