// Debian's programs with a kernel of their own: hv run --kernel --root, in a bed of each architecture.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed, tried} from '../bed/matrix.ts'
import {isSpoilt} from '../bed/svm.ts'

const TIMEOUT_MS = stepMs('bedKernel')
/** The programs, and what each says at its end. */
const PROGRAMS: readonly [argv: readonly string[], output: RegExp][] = [
  [['stress-ng', '--cpu', '1', '-t', '5'], /successful run completed/],
  [
    ['python3', '-c', 'import os, subprocess; print(subprocess.check_output(["uname", "-s"]))'],
    /^b'Linux\\n'\n$/,
  ],
]

/** On a virtio console, once its driver is loaded. */
const ON_HVC0 = `
exec </dev/hvc0 >/dev/hvc0 2>&1
stty -echo
echo active $(cat /sys/class/tty/console/active)
read line && echo line $line
seq 1 5000 | sed 's/^/number /'
`

/** A terminal of 40 rows and 90 columns, opened by Debian's Python, as nothing else in a bed can. */
const TERMINAL = `
import os, fcntl, termios, struct, sys
pid, master = os.forkpty()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('4H', 40, 90, 0, 0))
try:
    while True:
        chunk = os.read(master, 4096)
        if not chunk: break
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`
const PYTHON = [
  ...['env', 'PYTHONHOME=/debian/usr'],
  'LD_LIBRARY_PATH=/debian/usr/lib/x86_64-linux-gnu:/debian/usr/lib/aarch64-linux-gnu',
  ...['/debian/usr/bin/python3.13', '-c', TERMINAL],
]

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
  ['a72', 'arm64'],
]) {
  describeBed(
    bed,
    (inside) => {
      const kept = `/hv/.cache/machine/${architecture}`
      const kernel = ['--kernel', `${kept}/vmlinuz`, '--modules', `${kept}/library`]
      test.each(PROGRAMS)('%j runs', async (argv, output) => {
        const hv = ['node', 'dist/bin/hv.cjs', 'run', ...kernel, '--root', '/debian']
        const run = () => inside([...hv, ...argv], {timeoutMs: TIMEOUT_MS})
        const {status, stdout, stderr} = await tried(run, 3, isSpoilt(bed))
        expect(stdout + stderr).toMatch(output)
        expect(status).toBe(0)
      })

      test('a machine goes on from a snapshot in another process, twice, and each time with its own disk', async () => {
        const [disk, snapshot] = ['/tmp/counted', '/tmp/counted.snapshot']
        const files = [
          `${kept}/${architecture === 'x86_64' ? 'vmlinux' : 'vmlinuz'}`,
          `${kept}/initramfs.cpio`,
        ]
        const node = async (...argv: string[]) => {
          const helper = ['node', 'test/helpers/snapshot-in-bed.mjs', ...argv]
          const {stdout, stderr} = await inside(helper, {timeoutMs: TIMEOUT_MS})
          expect(stdout, stderr).toMatch(/^{.*}\n$/)
          return JSON.parse(stdout)
        }
        await inside(['sh', '-c', `rm -rf ${snapshot}; head -c 1048576 /dev/zero > ${disk}`])
        const {last} = await node('save', ...files, disk, snapshot)
        for (const each of [disk, `${disk}.copy`]) {
          const {counts, disk: written} = await node('restore', snapshot, each)
          const [[first, uptime]] = counts
          expect(first - last[0]).toBeOneOf([0, 1])
          expect(uptime - last[1]).toBeLessThan(30)
          expect(written).toBeGreaterThanOrEqual(counts.at(-1)[0])
        }
      })

      test('a virtio console takes keys and output, and the serial line what comes before its driver', async () => {
        const script = Buffer.from(ON_HVC0).toString('base64')
        const files = ['--kernel', `${kept}/vmlinuz`, '--initrd', `${kept}/initramfs.cpio`]
        const hv = [
          'node',
          'dist/bin/hv.cjs',
          'run',
          ...files,
          '--console',
          'hvc0',
          '--append',
          `hv.do=${script}`,
        ]
        const {status, stdout, stderr} = await inside(['sh', '-c', 'echo a key | "$@"', 'sh', ...hv], {
          timeoutMs: TIMEOUT_MS,
        })
        expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
        const lines = stdout.split(/\r?\n/)
        expect(lines).toEqual(expect.arrayContaining(['active hvc0', 'line a key']))
        const numbers = Array.from({length: 5000}, (_, index) => `number ${index + 1}`)
        expect(lines.filter((line) => line.startsWith('number '))).toEqual(numbers)
        expect(lines.filter((line) => line.includes('Linux version'))).toHaveLength(1)
      })

      test('a program that is not there is an error, and one on a terminal has a terminal', async () => {
        const hv = ['node', 'dist/bin/hv.cjs', 'run', ...kernel, '--root', '/debian']
        const absent = await inside([...hv, 'nosuch'], {timeoutMs: TIMEOUT_MS})
        const stderr = expect.stringContaining("nosuch: not in the guest's PATH")
        expect(absent).toMatchObject({status: 127, stderr})
        const shown = ['sh', '-c', 'tty; stty size; exit 3']
        const terminal = await inside([...PYTHON, ...hv, ...shown], {timeoutMs: TIMEOUT_MS})
        expect(terminal).toMatchObject({status: 3, stdout: '/dev/pts/0\r\n40 90\r\n'})
      })
    },
    {debian: true},
  )
}
