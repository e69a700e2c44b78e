// hv run --platform: which platform runs the guest where KVM does not, why, and how the run ends.

import {existsSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {platforms} from '../guests/run.ts'
import {BUSYBOX, guest, SPIN} from '../sandbox/guests.ts'
import {hv, type Ran} from './hv.ts'

const GUEST = [BUSYBOX, 'echo', 'hi']
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
/** Exists since Linux 6.3; each PID namespace has its own. */
const MEMFD_NOEXEC = '/proc/sys/vm/memfd_noexec'
const isRoot = process.getuid!() === 0

const platformOf = ({stderr}: Ran): string | undefined => /^platform +(.*)$/m.exec(stderr)?.[1]

/** Runs hv in namespaces of its own, after `script`. */
const after = (script: string, args: string[], as: string[] = [], namespaces: string[] = []): Ran =>
  hv(args, {}, ['unshare', '--mount', ...namespaces, 'sh', '-c', `${script} && exec "$@"`, 'sh', ...as])

test('--platform ptrace runs a program, and --stats says that it was asked for', () => {
  const ran = hv(['run', '--platform', 'ptrace', '--stats', ...GUEST])
  expect(ran).toMatchObject({status: 0, stdout: 'hi\n'})
  expect(platformOf(ran)).toBe('ptrace (asked for)')
})

// Hardware KVM has no gate, nor has arm64.
const withGate = platforms.filter(
  (name) => process.arch === 'x64' && (name === 'ptrace' || existsSync('/sys/module/kvm_pvm')),
)
test.skipIf(withGate.length === 0).each(withGate)(
  'on %s calls of a shared library are patched',
  (platform) => {
    const flags = ['--platform', platform, '--root', '/', '--stats=json']
    // glibc's read and write, whose call is the same one where its cancellation points are.
    const argv = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=100', 'status=none']
    const sites = (...more: string[]): number =>
      JSON.parse(hv(['run', ...flags, ...more, ...argv]).stderr).patchedSites
    expect(sites()).toBeGreaterThan(0)
    expect(sites('--patch-calls', 'never')).toBe(0)
  },
)

test.each(platforms)('on %s --timeout ends a guest whose traps nobody sees', (platform) => {
  const program = guest('endless-traps')
  const ran = hv(['run', '--platform', platform, '--timeout', '0.5', program, 'forever'])
  expect(ran).toMatchObject({
    status: 124,
    stderr: `hv: ${program} was stopped after 0.5 s: raise --timeout\n`,
  })
})

test('Ctrl-Z stops hv and with it a guest that computes, and SIGCONT lets both go on', () => {
  // As a shell with job control does: only process groups that somebody can continue may be stopped.
  const script = `
    set -m
    state() { sed 's/.*) \\(.\\).*/\\1/' "/proc/$1/stat"; }
    children() { cat "/proc/$1/task/$1/children"; }
    # The program's process is a child of the first stub, which runs none.
    guest() { for stub in $(children "$hv"); do for child in $(children "$stub"); do state "$child"; done; done; }
    "$@" & hv=$!
    until [ -n "$(guest)" ]; do sleep 0.05; done
    sleep 0.5; echo "$(state "$hv") $(guest)"
    kill -TSTP "$hv"; sleep 0.5; echo "$(state "$hv") $(guest)"
    kill -CONT "$hv"; sleep 0.5; echo "$(state "$hv") $(guest)"
    kill -TERM "$hv"; wait "$hv"; exit $?`
  const jobControl = ['setsid', '--wait', 'bash', '-c', script, 'bash']
  const {status, stdout} = hv(['run', '--platform', 'ptrace', BUSYBOX, ...SPIN], {}, jobControl)
  expect(stdout.split('\n').slice(0, 3)).toEqual(['S R', 'T t', 'S R'])
  expect(status).toBe(143)
})

test('a size of memory that no guest can have is refused before anything starts', () => {
  const ran = hv(['run', '--platform', 'ptrace', '--memory', '8G', ...GUEST])
  expect(ran).toMatchObject({status: 125, stdout: ''})
  expect(ran.stderr).toMatch(
    /^hv: [^\n]*8589934592 bytes[^\n]*: give 1 MiB to 4 GiB; a bare-metal guest has 3 GiB at most\n$/,
  )
})

describe.skipIf(!isRoot || !existsSync('/dev/kvm'))('--platform auto', () => {
  test('is ptrace, as nobody too, where /dev/kvm may not be opened', () => {
    const script = 'mount -t tmpfs none /dev && mknod -m 0600 /dev/kvm c 10 232'
    const ran = after(script, ['run', '--stats', ...GUEST], ['setpriv', ...NOBODY])
    expect(ran).toMatchObject({status: 0, stdout: 'hi\n'})
    expect(platformOf(ran)).toBe('ptrace (no KVM: /dev/kvm may not be opened by this user)')
  })

  test('is ptrace where /dev/kvm is missing', () => {
    const ran = after('mount -t tmpfs none /dev', ['run', '--stats', ...GUEST])
    expect(ran).toMatchObject({status: 0, stdout: 'hi\n'})
    expect(platformOf(ran)).toBe('ptrace (no KVM: /dev/kvm is missing)')
  })

  test('is ptrace where /dev/kvm is something else', () => {
    const ran = after('mount --bind /dev/null /dev/kvm', ['run', '--stats', ...GUEST])
    expect(ran).toMatchObject({status: 0, stdout: 'hi\n'})
    expect(platformOf(ran)).toMatch(/^ptrace \(no KVM: /)
  })

  test.skipIf(!existsSync(MEMFD_NOEXEC))('names both troubles where neither works', () => {
    const script = `mount -t tmpfs none /dev && echo 2 > ${MEMFD_NOEXEC}`
    const ran = after(script, ['run', ...GUEST], [], ['--pid', '--fork', '--mount-proc'])
    expect(ran.status).toBe(125)
    expect(ran.stderr).toMatch(
      /^hv: \/dev\/kvm is missing, and this host lets no memory file be executed \(memfd_create: [^\n]+\n$/,
    )
  })
})
