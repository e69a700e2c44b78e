// hv run as a command: status, arguments, environment and time-out, on busybox's static binary.

import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {hv} from './hv.ts'

const BUSYBOX = '/bin/busybox'
const SIGTERM = 15

describe.skipIf(!existsSync(BUSYBOX) || !existsSync('/dev/kvm'))('hv run busybox', () => {
  const busybox = (...args: string[]) => hv(['run', BUSYBOX, ...args])

  test('the status is the guest’s own', () => {
    expect(busybox('true')).toMatchObject({status: 0, stdout: '', stderr: ''})
    expect(busybox('sh', '-c', 'exit 42').status).toBe(42)
  })

  test('a guest that a signal kills gives 128 and the signal', () => {
    expect(busybox('sh', '-c', 'kill -TERM $$').status).toBe(128 + SIGTERM)
  })

  test('hv’s own flags behind PROGRAM are the guest’s', () => {
    expect(busybox('echo', '--memory', '--help', '--', '-x').stdout).toBe('--memory --help -- -x\n')
  })

  test('a name is found in PATH', () => {
    expect(hv(['run', 'busybox', 'echo', 'found']).stdout).toBe('found\n')
  })

  test('the environment is PATH, HOME, TERM and what --env adds', () => {
    const {stdout} = hv(['run', '--env', 'A=1', '--env', 'PASSED', BUSYBOX, 'env'], {
      PASSED: 'on',
      SECRET: 'no',
    })
    const names = stdout.trimEnd().split('\n')
    expect(names.map((line) => line.split('=')[0]).sort()).toEqual(['A', 'HOME', 'PASSED', 'PATH', 'TERM'])
  })

  test('--timeout stops a spinning guest with status 124 and one line', () => {
    const {status, stderr} = hv(['run', '--timeout', '0.3', BUSYBOX, 'sh', '-c', 'while :; do :; done'])
    expect(status).toBe(124)
    expect(stderr).toBe(`hv: ${BUSYBOX} was stopped after 0.3 s: raise --timeout\n`)
  })

  test('--trace=FILE and --stats print beside the guest’s output, not in it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hv-run-'))
    onTestFinished(() => rmSync(directory, {recursive: true}))
    const trace = join(directory, 'trace')
    const {stdout, stderr} = hv(['run', `--trace=${trace}`, '--stats', BUSYBOX, 'echo', 'hi'])
    expect(stdout).toBe('hi\n')
    expect(readFileSync(trace, 'utf8')).toMatch(/^write\(1, "hi\\n", 3\) += 3\b/m)
    expect(stderr).toMatch(/^syscalls +\d+$/m)
    expect(stderr).toMatch(/^cost trap +\d+\.\d{3} µs$/m)
  })

  test('a volume is read-only unless it says rw', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hv-run-'))
    onTestFinished(() => rmSync(directory, {recursive: true}))
    writeFileSync(join(directory, 'in'), 'data')
    const copy = (mode: string) =>
      hv(['run', '--volume', `${directory}:/v${mode}`, '--cwd', '/v', BUSYBOX, 'cp', 'in', 'out'])
    expect(copy('').status).not.toBe(0)
    expect(existsSync(join(directory, 'out'))).toBe(false)
    expect(copy(':rw').status).toBe(0)
    expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('data')
  })
})

describe.skipIf(!existsSync('/bin/bash') || !existsSync('/dev/kvm'))('hv run bash', () => {
  test('takes no standard input for a connection: its start-up file stays unread', () => {
    const home = mkdtempSync(join(tmpdir(), 'hv-run-'))
    onTestFinished(() => rmSync(home, {recursive: true}))
    writeFileSync(join(home, '.bashrc'), 'echo read it\n')
    const {status, stdout} = hv(['run', '--root', '/', '--env', `HOME=${home}`, '/bin/bash', '-c', 'echo hi'])
    expect({status, stdout}).toEqual({status: 0, stdout: 'hi\n'})
  })
})

test('--stats=json is one object: platform, counters, times, and refused calls by name', () => {
  const {stderr} = hv(['run', '--stats=json', '--platform', 'ptrace', BUSYBOX, 'sh', '-c', '/bin/ls; true'])
  const [line] = stderr.split('\n').filter((each) => each.startsWith('{'))
  expect(JSON.parse(line)).toMatchObject({
    platform: {
      name: 'ptrace',
      reason: expect.any(String),
      costs: {trapNs: expect.any(Number), lookNs: expect.any(Number), pageNs: expect.any(Number)},
    },
    syscalls: expect.any(Number),
    processes: 2,
    tasks: 2,
    cpuNs: expect.any(Number),
    cpus: expect.any(Number),
    runNs: expect.any(Number),
    refused: {rseq: expect.any(Number)},
  })
})

test('--pids limits processes and threads, and --cpus what a guest counts', () => {
  const forks = 'for i in 1 2 3 4 5; do sleep 9 & done; echo started'
  const {status, stderr} = hv(['run', '--pids', '4', BUSYBOX, 'sh', '-c', forks])
  expect({status, stderr}).toEqual({status: 2, stderr: "sh: can't fork: Resource temporarily unavailable\n"})
  const count = 'nproc; grep -c ^processor /proc/cpuinfo; cat /sys/devices/system/cpu/online'
  const {stdout} = hv(['run', '--cpus', '1', '--env', 'PATH=/bin', '--root', '/', BUSYBOX, 'sh', '-c', count])
  expect(stdout).toBe('1\n1\n0\n')
})

test('a relative path of the guest begins in its working directory, which the error names', () => {
  expect(hv(['run', '--root', '/', '--cwd', '/usr', 'bin/env']).status).toBe(0)
  expect(hv(['run', '--root', '/', '--cwd', '/usr', './bin/nothing'])).toMatchObject({
    status: 127,
    stderr:
      'hv: ./bin/nothing: no such program in the guest, looked for from /usr: check the path, or give the whole of it\n',
  })
})
