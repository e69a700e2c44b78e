// hv run --kernel: hv's own small kernel, its console on standard streams, and what is refused.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {arch, cache} from '../../ci/paths.mjs'
import {Pty} from '../helpers/pty.ts'
import {describeKvm} from '../helpers/vm.ts'
import {HV, hv} from './hv.ts'

const kernel = `${cache}/guests/${arch}/bare-kernel-echo.bin`
const folder = mkdtempSync(join(tmpdir(), 'hv-kernel-'))
afterAll(() => rmSync(folder, {recursive: true}))

function boot(input: string, ...flags: string[]) {
  const argv = [HV, 'run', '--kernel', kernel, ...flags]
  const ran = spawnSync(process.execPath, argv, {input, encoding: 'utf8', timeout: stepMs('command')})
  const [parameters, ...rest] = ran.stdout.split('\n')
  return {status: ran.status, parameters, stdout: rest.join('\n'), stderr: ran.stderr}
}

describeKvm('hv run --kernel', () => {
  test('gives the kernel a console, and ends as it switches off', () => {
    const {parameters, ...ended} = boot('hello\nq')
    expect(ended).toEqual({status: 0, stdout: 'hello\n', stderr: ''})
    expect(parameters).toMatch(/^console=tty(S0|AMA0)/)
  })

  test('ends with status 1 when the kernel resets the machine', () => {
    expect(boot('r')).toMatchObject({status: 1, stdout: '', stderr: ''})
  })

  test('says of a word that a program would be run otherwise', () => {
    const {status, stderr} = boot('r', 'echo', 'words')
    expect(stderr).toBe(
      "hv: echo was a word for the kernel's first process: to run a program, give --with-libs, --root or --image\n",
    )
    expect(status).toBe(1)
    expect(boot('r', '--share', `${folder}:files`, 'echo').stderr).toBe('')
  })

  test('has a program with its libraries in the jail', () => {
    const {status, stderr} = boot('', '--require-jail', '--timeout', '0.3', '--with-libs', 'sh')
    expect(stderr).toMatch(/^hv: .*sh was stopped after 0.3 s/)
    expect(status).toBe(124)
  })

  test('boots it again with --reboot, in its jail, with the input that it has not read', () => {
    const {status, stdout, stderr} = boot('onertworq', '--reboot', '--require-jail', '--stats')
    expect(stdout).toMatch(/^oneconsole=.*\ntwoconsole=.*\n$/)
    expect(stderr).toMatch(/^boots +3$/m)
    expect(status).toBe(0)
  })

  test.skipIf(arch !== 'x86_64')('tells it parameters, and the words for its first process', () => {
    const {parameters} = boot('q', '--append', 'quiet', '--', 'one', 'two')
    expect(parameters).toMatch(/ quiet -- one two$/)
  })

  test('has a jail, as the sentry has', () => {
    const {status, stderr} = boot('q', '--require-jail', '--stats')
    expect(stderr).toMatch(/^jail on .*landlock-files.*seccomp/m)
    expect(status).toBe(0)
  })

  test('stops it after --timeout', () => {
    const {status, stderr} = boot('', '--timeout', '0.3')
    expect({status, stderr}).toEqual({
      status: 124,
      stderr: `hv: ${kernel} was stopped after 0.3 s: raise --timeout\n`,
    })
  })

  test('on a terminal each key is its, but those after ^A, and the modes come back', async () => {
    const core = join(folder, 'core')
    const pty = new Pty([process.execPath, HV, 'run', '--require-jail', '--core', core, '--kernel', kernel])
    const before = await pty.modes()
    await pty.expect(/panic=-1/)
    pty.type('a\u0003b\u001ac')
    await pty.expect(/a.b.c/)
    pty.type('\u0001h')
    await pty.expect(/\^A d writes a core/)
    pty.type('\u0001d')
    await pty.expect(/the core of the machine is in /)
    const written = readFileSync(core)
    expect(written.includes('console=tty')).toBe(true)
    pty.type('de')
    await pty.expect(/de/)
    // The machine's own end leaves that core as it is.
    pty.type('\u0001x')
    expect(await pty.status()).toBe(137)
    expect(await pty.modes()).toEqual(before)
    expect(readFileSync(core).equals(written)).toBe(true)
  })

  test('goes on after a SIGQUIT, which writes its core if there is a file for it', async () => {
    const core = join(folder, 'core')
    for (const [flags, told] of [
      [['--core', core], `hv: the core of the machine is in ${core}\n`],
      [[], 'hv: no core is written: --core FILE says where to\n'],
    ] as const) {
      const child = spawn(process.execPath, [HV, 'run', '--timeout', '60', ...flags, '--kernel', kernel])
      await once(child.stdout, 'data')
      for (let times = 0; times < 2; times++) {
        child.kill('SIGQUIT')
        expect(String(await once(child.stderr, 'data'))).toBe(told)
      }
      child.stdin.end('q')
      expect(await once(child, 'exit')).toEqual([0, null])
    }
    expect(readFileSync(core).includes('console=tty')).toBe(true)
  })
})

describeKvm('hv run --kernel --gdb on a terminal', () => {
  test('ends by ^A x while it waits for gdb', async () => {
    const words = ['run', '--gdb', `unix:${join(folder, 'socket')}`, '--kernel', kernel]
    const pty = new Pty([process.execPath, HV, ...words])
    await pty.expect(/waiting for gdb/)
    pty.type('\u0001x')
    expect(await pty.status()).toBe(137)
  })
})

const text = join(folder, 'text')
const fifo = join(folder, 'fifo')
const disk = join(folder, 'disk')
spawnSync('mkfifo', [fifo])
writeFileSync(text, 'no kernel\n'.repeat(1000))
writeFileSync(disk, new Uint8Array(4096))

test.each([
  [['--kernel', join(folder, 'none')], '--kernel: .* does not exist'],
  [['--kernel', folder], 'no regular file'],
  [['--kernel', text], 'the kernel is no (bzImage|Image)'],
  [['--kernel', kernel, '--initrd', join(folder, 'none')], '--initrd: .* does not exist'],
  [['--kernel', kernel, '--disk', join(folder, 'none')], '--disk: .*none does not exist'],
  [['--kernel', kernel, '--disk', folder], 'EISDIR'],
  [['--kernel', kernel, '--disk', `${folder}:ro`], 'is no disk'],
  [['--kernel', kernel, '--disk', fifo], 'is no disk'],
  [['--kernel', fifo], 'no regular file'],
  [['--kernel', kernel, '--initrd', fifo], 'no regular file'],
  [['--kernel', kernel, '--disk', '/dev/null'], 'is no disk'],
  [['--kernel', kernel, '--share', `${text}:tag`], 'not a directory'],
  [['--kernel', kernel, '--share', `${folder}/none:tag`], '--share: .*none does not exist'],
  [['--kernel', kernel, '--share', folder], 'bad share'],
  [['--kernel', kernel, '--net', 'tap0'], 'bad network'],
  [['--kernel', kernel, '--net', 'tap:tap0,iops=0'], 'bad number of operations per second'],
  [['--kernel', kernel, '--net', 'tap:tap0,bps=fast'], 'bad number of bytes per second'],
  [['--kernel', kernel, '--disk', `${disk},iops=1,bps=0`], 'bad number of bytes per second'],
  [['--kernel', kernel, '--disk', `${disk}:rw,iops=1`], 'bad disk'],
  [['--kernel', kernel, '--net', 'tap:tap0,ip=10.0.1.2/24'], 'an address of --net is for a program'],
  [['--kernel', kernel, '--cpus', '33'], 'bad number of CPUs'],
  [['--cpus', '9', 'true'], 'bad number of CPUs'],
  [
    ['--kernel', kernel, ...Array.from({length: 30}, () => ['--disk', `${disk}:ro`]).flat()],
    'the machine has room for 32 virtio devices, and not for 33',
  ],
  [['--kernel', kernel, '--net', 'tap:lo'], 'the network tap:lo cannot be used: '],
  [
    ['--kernel', kernel, '--net', `unix:${folder}/none`],
    'the network unix:.* cannot be reached \\(ENOENT\\)',
  ],
  [['--kernel', kernel, '--volume', `${folder}:/v`], '--volume is for programs under the sentry'],
  [['--kernel', kernel, '--platform', 'ptrace'], '--platform is ptrace'],
  [['--kernel', kernel, '--memory', '4M'], 'the kernel does not fit'],
  [['--kernel', kernel, '--modules', folder], '--modules is for a program that --kernel runs'],
  [['--modules', folder, 'true'], '--modules is for a kernel'],
  [['--console', 'hvc0', 'true'], '--console is for a kernel'],
  [
    ['--kernel', kernel, '--root', folder, '--console', 'hvc0', 'sh'],
    '--console has no meaning for a program',
  ],
  [['--kernel', kernel, '--root', folder], 'no program for --root'],
  [['--kernel', text, '--root', folder, 'sh'], 'the kernel is no (bzImage|Image)'],
  [['--kernel', kernel, '--with-libs'], 'no program for --with-libs'],
  [['--kernel', kernel, '--with-libs', '--root', folder, 'sh'], '--root and --with-libs: each says'],
  [['--kernel', kernel, '--with-libs', '--image', folder, 'sh'], '--image and --with-libs: each says'],
  [['--kernel', kernel, '--with-libs', join(folder, 'none')], 'none: no such file on this host'],
  [['--kernel', kernel, '--with-libs', 'no-such-program'], 'no-such-program is not in PATH'],
  [['--kernel', kernel, '--with-libs', folder], 'is no regular file'],
  [['--kernel', text, '--with-libs', 'sh'], 'the kernel is no (bzImage|Image)'],
  [['--kernel', kernel, '--with-libs', '--pledge', 'stdio', 'sh'], '--pledge has no meaning'],
  [['--kernel', kernel, '--root', join(folder, 'none'), 'sh'], '--root: .* does not exist'],
  [['--kernel', kernel, '--image', folder], 'index.json|oci-layout'],
  [['--kernel', kernel, '--root', folder, '--modules', text, 'sh'], '--modules: .* is not a directory'],
  [['--kernel', kernel, '--root', folder, '--modules', folder, 'sh'], 'modules in .* cannot be read'],
  [['--kernel', kernel, '--root', folder, '--initrd', text, 'sh'], '--initrd has no meaning'],
  [['--kernel', kernel, '--root', folder, '--trace', 'sh'], '--trace has no meaning'],
  [['--kernel', kernel, '--root', folder, '--platform', 'ptrace', 'sh'], '--platform is ptrace'],
  [['--kernel', kernel, '--gdb', '1234x'], 'bad address for gdb'],
  [['--kernel', kernel, '--core', `${folder}/none/core`], 'the core file .* cannot be written \\(ENOENT\\)'],
  [
    ['--kernel', kernel, '--root', folder, '--core', `${folder}/none/core`, 'sh'],
    'cannot be written \\(ENOENT\\)',
  ],
  [['--kernel', kernel, '--memory', '2048G'], 'a machine cannot have .* of memory'],
  [['--kernel', kernel, ...Array.from({length: 40}, () => ['--disk', `${disk}:ro`]).flat()], 'room for'],
  [['--kernel', kernel, '--disk', disk, '--disk', disk], 'the disk .* is in use'],
  [['--kernel', kernel, '--disk', text], 'no multiple of 512'],
])('%j is refused in one line', (argv, message) => {
  const {status, stdout, stderr} = hv(['run', ...argv])
  expect(stderr).toMatch(new RegExp(`^hv: .*${message}.*\n$`))
  expect([125, 126, 127]).toContain(status)
  expect(stdout).toBe('')
})
