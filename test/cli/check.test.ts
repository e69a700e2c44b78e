// hv check on this machine, as this user, as another, and without the device.

import {accessSync, constants, existsSync} from 'node:fs'
import {expect, test} from 'vitest'
import {hv} from './hv.ts'

const canOpenKvm = (() => {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
})()
const isRoot = process.getuid!() === 0
/** A mount namespace of its own, whose /dev is empty. */
const WITHOUT_DEV = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev && exec "$@"', 'sh']

test('the exit status is the verdict, in both formats', () => {
  const json = hv(['check', '--json'])
  const report = JSON.parse(json.stdout)
  expect(json.status).toBe(report.usable ? 0 : 1)
  const text = hv(['check'])
  expect(text.status).toBe(json.status)
  expect(text.stdout).toContain(report.usable ? 'hv can run guests here' : 'hv cannot run guests here')
})

test.skipIf(!canOpenKvm)(
  'a machine whose /dev/kvm can be opened is usable, by the proof of a real trap',
  () => {
    const report = JSON.parse(hv(['check', '--json']).stdout)
    expect(report).toMatchObject({version: 2, usable: true, platform: 'kvm', platforms: {kvm: true}})
    const proof = report.findings.find(({id}: {id: string}) => id === 'trap-proof')
    expect(proof).toMatchObject({status: 'ok', detail: expect.stringMatching(/\d+\.\d µs by an exit/)})
  },
)

test.skipIf(!isRoot)(
  'a user without an entry in /etc/passwd may ask, without a shell in the environment',
  () => {
    const outcome = hv(['check', '--json'], {}, ['setpriv', '--reuid', '54321', '--clear-groups'])
    expect(outcome.stderr).toBe('')
    expect(JSON.parse(outcome.stdout)).toMatchObject({version: 2})
  },
)

test.skipIf(!existsSync('/sys/module/kvm_pvm'))('a PVM host is recognised', () => {
  expect(JSON.parse(hv(['check', '--json']).stdout).findings).toContainEqual(
    expect.objectContaining({id: 'pvm', status: 'ok'}),
  )
})

test('a pipe gets no colours', () => {
  expect(hv(['check']).stdout).not.toContain('\x1b')
})

test('a process can be traced here, by the proof of a real stop', () => {
  const report = JSON.parse(hv(['check', '--json']).stdout)
  expect(report.platforms.ptrace).toBe(true)
  const proof = report.findings.find(({id}: {id: string}) => id === 'ptrace-proof')
  expect(proof).toMatchObject({status: 'ok', detail: expect.stringMatching(/\d+\.\d µs by a stop/)})
  expect(hv(['check', '--platform', 'ptrace']).status).toBe(0)
})

test.skipIf(!isRoot || !existsSync('/dev/kvm'))('without the device it says so, and how to make it', () => {
  const {status, stdout} = hv(['check', '--platform', 'kvm'], {}, WITHOUT_DEV)
  expect(status).toBe(1)
  expect(stdout).toMatch(/^fail {2}\/dev\/kvm .*\n +open\(\/dev\/kvm, O_RDWR\): ENOENT\n +fix: \S/m)
  expect(stdout).toMatch(/^hv cannot run guests here by kvm: see .*\/dev\/kvm\.$/m)
})

test.skipIf(!isRoot)('without the device hv runs guests by ptrace, which is a success', () => {
  const {status, stdout} = hv(['check'], {}, WITHOUT_DEV)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^hv can run guests here, by ptrace; not by kvm: see .*\/dev\/kvm\.$/m)
})

test.skipIf(!isRoot || !existsSync('/dev/kvm'))('without permission it says so, and how to get it', () => {
  const script = 'mount -t tmpfs none /dev && mknod -m 0660 /dev/kvm c 10 232 && shift && exec setpriv "$@"'
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const {status, stdout} = hv(['check'], {}, ['unshare', '-m', 'sh', '-c', script, 'sh', '-', ...as])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^fail {2}\/dev\/kvm .*no permission/m)
  expect(stdout).toMatch(/fix: .*`sudo (chgrp kvm |setfacl |chown )/)
})

test.skipIf(!isRoot)(
  'where no memfd may be executed, no process can be traced, and the fix names the setting',
  () => {
    const script = 'echo 2 > /proc/sys/vm/memfd_noexec && exec "$@"'
    const inNamespace = ['unshare', '--pid', '--fork', '--mount-proc', 'sh', '-c', script, 'sh']
    const {status, stdout} = hv(['check', '--platform', 'ptrace'], {}, inNamespace)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^fail {2}Executable memfd .*\n.*\n +fix: .*`sudo sysctl vm.memfd_noexec=1`/m)
    expect(stdout).toMatch(/^fail {2}A real stop .*\n.*\n +fix: see Executable memfd$/m)
  },
)

test('an output that cannot be written is one line, not a stack', () => {
  const {status, stderr} = hv(['check'], {}, ['sh', '-c', 'exec "$@" > /dev/full', 'sh'])
  expect([status, stderr]).toEqual([125, 'hv: the output cannot be written (ENOSPC): send it elsewhere\n'])
})

test('an addon that does not load is one line with the next step', () => {
  // node-gyp-build looks for a prebuilt binary of the architecture that npm names.
  const {status, stderr} = hv(['check'], {PREBUILDS_ONLY: '1', npm_config_arch: 'none'})
  expect(status).toBe(125)
  expect(stderr).toMatch(/^hv: the native addon does not load: .*: reinstall hvkit, or build it with .*\n$/)
})
