// Bad input through the shipped command: one line that names the thing and the next step, the right status, no stack.

import {execFileSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {guests} from '../../ci/paths.mjs'
import {EHDR_SIZE, PHDR_SIZE, PT_LOAD} from '../../src/abi/elf.ts'
import {hv, type Ran} from './hv.ts'

const DYNAMIC = '/bin/ls'
const BUSYBOX = '/bin/busybox'
const KVM = '/dev/kvm'
const OWN_ERROR = 125
const NOT_EXECUTABLE = 126
const NOT_FOUND = 127
const KILLED = 128 + 9
const EI_CLASS = 4
const E_MACHINE = 18
const EM_AARCH64 = 183
const [P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ] = [8, 16, 32, 40]
const isRoot = process.getuid!() === 0
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']

let folder: string
let hello: Buffer

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hv-bad-input-'))
  chmodSync(folder, 0o755)
  hello = readFileSync(join(guests, 'hello'))
})

afterAll(() => rmSync(folder, {recursive: true, force: true}))

function file(name: string, bytes: Uint8Array | string, mode = 0o755): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  chmodSync(path, mode)
  return path
}

function expectRefusal(ran: Ran, status: number, line: RegExp): void {
  expect(ran.stderr).toMatch(/^hv: [^\n]+: [^\n]+\n$/)
  expect(ran.stderr).toMatch(line)
  expect(ran.stderr).not.toMatch(/bug|\bat \S+:\d+/)
  expect(ran.stdout).toBe('')
  expect(ran.status).toBe(status)
}

/** hello with 64-bit fields of its `nth` loadable segment changed. */
function withSegment(nth: number, fields: Record<number, bigint>): Uint8Array {
  const bytes = Buffer.from(hello)
  const headers = Array.from({length: bytes.readUInt16LE(56)}, (_, index) => EHDR_SIZE + index * PHDR_SIZE)
  const at = headers.filter((header) => bytes.readUInt32LE(header) === PT_LOAD)[nth]
  for (const [field, value] of Object.entries(fields)) bytes.writeBigUInt64LE(value, at + Number(field))
  return bytes
}

function firstAddress(): bigint {
  return hello.readBigUInt64LE(EHDR_SIZE + P_VADDR)
}

describe.skipIf(!existsSync(KVM))('hv run refuses', () => {
  test('what is not there', () => {
    expectRefusal(hv(['run', 'no-such-program']), NOT_FOUND, /no-such-program is not in PATH: give its path/)
    const missing = join(folder, 'missing')
    expectRefusal(hv(['run', missing]), NOT_FOUND, new RegExp(`${missing}: no such file.*: check the path`))
    expectRefusal(hv(['run', '']), NOT_FOUND, /no program name/)
    const beneathFile = join(file('plain', 'text'), 'x')
    expectRefusal(hv(['run', beneathFile]), NOT_FOUND, /plain\/x: no such file.*ENOTDIR/)
    expectRefusal(hv(['run', '--root', folder, '/missing']), NOT_FOUND, /\/missing: no such program/)
    expectRefusal(hv(['run', '--root', folder, 'missing']), NOT_FOUND, /missing: not in the guest's PATH/)
    expectRefusal(hv(['run', `./${'a'.repeat(300)}`]), NOT_FOUND, /ENAMETOOLONG/)
  })

  test('what is no regular file', () => {
    for (const path of [folder, '/dev/null']) {
      expectRefusal(hv(['run', path]), NOT_EXECUTABLE, new RegExp(`hv: ${path} is no regular file`))
    }
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', ['-m', '0755', fifo])
    for (const flags of [[], ['--machine', 'bare']])
      expectRefusal(hv(['run', ...flags, fifo]), NOT_EXECUTABLE, /fifo is no regular file/)
    mkdirSync(join(folder, 'directory'))
    expectRefusal(hv(['run', '--root', folder, '/directory']), NOT_EXECUTABLE, /\/directory is no regular/)
  })

  test('what is no program', () => {
    const script = file('script', '#!/usr/bin/awk -f\nBEGIN {}\n')
    expectRefusal(
      hv(['run', script]),
      NOT_EXECUTABLE,
      new RegExp(`${script} needs the interpreter /usr/bin/awk, which the guest's tree does not have`),
    )
    const crlf = file('crlf', '#!/bin/sh\r\necho\r\n')
    expectRefusal(
      hv(['run', crlf]),
      NOT_EXECUTABLE,
      /crlf needs the interpreter .*: end its first line by LF/,
    )
    const nameless = file('nameless', '#!\necho\n')
    expectRefusal(
      hv(['run', nameless]),
      NOT_EXECUTABLE,
      /nameless: is a script that names no interpreter: name/,
    )
    const long = file('long', `#!/${'a'.repeat(300)}\n`)
    expectRefusal(
      hv(['run', long]),
      NOT_EXECUTABLE,
      /long: is a script, .*: run the interpreter that its first/,
    )
    expectRefusal(hv(['run', file('text', 'echo hi\n')]), NOT_EXECUTABLE, /text: is not an ELF program/)
    expectRefusal(hv(['run', file('empty', '')]), NOT_EXECUTABLE, /empty: is empty/)
  })

  test('a program of another kind', () => {
    const narrow = Buffer.from(hello)
    narrow[EI_CLASS] = 1
    expectRefusal(
      hv(['run', file('narrow', narrow)]),
      NOT_EXECUTABLE,
      /narrow: is a 32-bit program: build it/,
    )
    const foreign = Buffer.from(hello)
    foreign.writeUInt16LE(EM_AARCH64, E_MACHINE)
    expectRefusal(
      hv(['run', file('foreign', foreign)]),
      NOT_EXECUTABLE,
      /foreign: is a program for arm64; this/,
    )
  })

  test.each([20, 100, 3000])('a program cut after %i bytes', (length) => {
    const cut = file('cut', hello.subarray(0, length))
    expectRefusal(hv(['run', cut]), NOT_EXECUTABLE, new RegExp(`${cut}: is truncated`))
  })

  test('segments that overlap, wrap or are huge', () => {
    const refused = (name: string, nth: number, fields: Record<number, bigint>, line: RegExp) => {
      const path = file(name, withSegment(nth, fields))
      expectRefusal(hv(['run', path]), NOT_EXECUTABLE, new RegExp(`${path}: .*${line.source}`))
    }
    refused('overlap', 1, {[P_VADDR]: firstAddress()}, /overlap/)
    refused('wrap', 1, {[P_VADDR]: 2n ** 64n - 4096n}, /more than 53 bits/)
    refused('wrap-offset', 1, {[P_OFFSET]: 2n ** 53n - 4096n, [P_FILESZ]: 8192n}, /more than 53 bits/)
    refused('huge', 1, {[P_MEMSZ]: 2n ** 52n}, /overlap|does not fit user memory/)
    refused('swollen', 1, {[P_FILESZ]: 2n ** 40n}, /larger in the file than in memory/)
  })

  test.skipIf(!existsSync(DYNAMIC))('a program whose interpreter is not in the tree', () => {
    const line = /\/bin\/ls needs the interpreter \/lib64\/ld-linux-x86-64.so.2, .*--root/
    expectRefusal(hv(['run', DYNAMIC]), NOT_EXECUTABLE, line)
  })

  test('more memory than there is, and none', () => {
    const guest = join(guests, 'hello')
    for (const size of ['4K', '1000T']) {
      expectRefusal(hv(['run', '--memory', size, guest]), OWN_ERROR, /guest memory of .* out of range: give/)
    }
    for (const size of ['0', 'abc', '-1']) {
      expectRefusal(hv(['run', '--memory', size, guest]), OWN_ERROR, /bad memory size .*: give a number/)
    }
  })

  test('CPUs and processes that no guest can have', () => {
    const guest = join(guests, 'hello')
    for (const count of ['0', '-1', '1000000000', '1.5', 'many']) {
      const cpus = /^hv: bad number of CPUs ".+": give a whole number from 1 to 8, e.g. `--cpus 2`\n$/
      expectRefusal(hv(['run', `--cpus=${count}`, guest]), OWN_ERROR, cpus)
      const pids =
        /^hv: bad number of processes ".+": give a whole number from 1 to 16384, e.g. `--pids 100`\n$/
      expectRefusal(hv(['run', `--pids=${count}`, guest]), OWN_ERROR, pids)
    }
  })

  test('less memory than a program starts with: its arguments, here', () => {
    const args = Array.from({length: 11}, () => 'x'.repeat(100_000))
    const line = /\/hello does not fit its memory: ENOMEM: raise --memory/
    expectRefusal(hv(['run', '--memory', '1M', join(guests, 'hello'), ...args]), OWN_ERROR, line)
  })

  test.skipIf(!existsSync(BUSYBOX))('to be silent about a guest that too little memory killed', () => {
    expectRefusal(
      hv(['run', '--memory', '1M', BUSYBOX, 'true']),
      KILLED,
      /\/bin\/busybox was killed: its memory is full: raise --memory/,
    )
    expect(hv(['run', '--memory', '4M', BUSYBOX, 'true'])).toMatchObject({status: 0, stderr: ''})
  })

  test('flags that it does not know, and places that are not there', () => {
    const guest = join(guests, 'hello')
    expectRefusal(hv(['run', '--bogus', guest]), OWN_ERROR, /unknown flag --bogus: see `hv run --help`/)
    expectRefusal(hv(['run', '--root', '/nowhere', guest]), OWN_ERROR, /--root: \/nowhere does not exist/)
    expectRefusal(
      hv(['run', '--volume', '/nowhere:/v', guest]),
      OWN_ERROR,
      /--volume: \/nowhere does not exist/,
    )
    for (const place of ['/proc/1/x', '/proc/x', '/./sys/x/y']) {
      const line = /: what is in \/(proc|sys) is the guest kernel's own: mount the volume elsewhere/
      expectRefusal(hv(['run', '--volume', `/tmp:${place}`, guest]), OWN_ERROR, line)
    }
    expectRefusal(
      hv(['run', '--cwd', '/nowhere', guest]),
      OWN_ERROR,
      /--cwd \/nowhere is not there in the guest/,
    )
    expectRefusal(hv(['run', '--cwd', '/dev/null', guest]), OWN_ERROR, /--cwd \/dev\/null cannot be entered/)
  })
})

describe.skipIf(!isRoot || !existsSync(KVM))('hv run as an ordinary user', () => {
  /** hv as nobody, with a /dev that holds a /dev/kvm of `mode`. */
  const asNobody = (mode: string, args: string[]): Ran => {
    const script = `mount -t tmpfs none /dev && mknod -m ${mode} /dev/kvm c 10 232 && exec setpriv "$@"`
    return hv(args, {}, ['unshare', '-m', 'sh', '-c', script, 'sh', ...NOBODY])
  }

  test('a program that may not be executed, read or reached', () => {
    const mode = '0666'
    const plain = file('not-executable', hello, 0o644)
    expectRefusal(asNobody(mode, ['run', plain]), NOT_EXECUTABLE, /not-executable: permission .*chmod \+x/)
    const secret = file('not-readable', hello, 0o711)
    expectRefusal(asNobody(mode, ['run', secret]), NOT_EXECUTABLE, /not-readable: permission .*chmod \+r/)
    mkdirSync(join(folder, 'closed'), {mode: 0o700})
    const hidden = file('closed/program', hello)
    expectRefusal(
      asNobody(mode, ['run', hidden]),
      NOT_EXECUTABLE,
      /closed\/program: cannot be reached.*EACCES/,
    )
    expect(asNobody(mode, ['run', file('open', hello)])).toMatchObject({status: 0, stderr: ''})
  })

  test('a jail that only root gets whole', () => {
    const ran = asNobody('0666', ['run', '--require-jail', file('jailed', hello)])
    expectRefusal(
      ran,
      OWN_ERROR,
      /refuses a part of the jail: .*: run as root: .*, or leave out --require-jail$/m,
    )
  })

  test('even root needs one execute bit', () => {
    const plain = file('for-nobody', hello, 0o644)
    expectRefusal(hv(['run', plain]), NOT_EXECUTABLE, /for-nobody: permission denied: make it executable/)
  })

  test('/proc is not mounted', () => {
    const through = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh']
    const volume = file('program', hello)
    const ran = hv(['run', '--volume', `${volume}:/v`, volume], {}, through)
    expectRefusal(ran, OWN_ERROR, /\/proc is not mounted, and hv opens files through it: mount it/)
    expect(hv(['run', volume], {}, through).status).toBe(0)
  })

  test('/dev/kvm may not be opened', () => {
    const ran = asNobody('0600', ['run', '--platform', 'kvm', file('program', hello)])
    expectRefusal(ran, OWN_ERROR, /\/dev\/kvm may not be opened by this user: run `hv check`/)
  })

  test('/dev/kvm is missing', () => {
    const through = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev && exec "$@"', 'sh']
    const ran = hv(['run', '--platform', 'kvm', file('program', hello)], {}, through)
    expectRefusal(ran, OWN_ERROR, /\/dev\/kvm is missing: run `hv check`/)
  })
})
