// Tests what a Linux kernel finds in the machine that hv gives it in a bed.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {type Inside, type Outcome, tried} from './matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
/** In the bed. */
const KEPT = '/hv/.cache/machine'
const DISK = '/tmp/disk'
const SHARED = '/tmp/shared'
const NETWORK = '/tmp/network'

/** Another machine, 10.0.0.1, as far as ARP goes (RFC 826): it answers requests for its address. */
const NEIGHBOUR = `
const {createServer} = require('node:net')
createServer((socket) => socket.on('error', () => {}).on('data', (bytes) => {
  for (let at = 0; at + 46 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    const frame = Buffer.from(bytes.subarray(at + 4, at + 46))
    if (frame.readUInt16BE(12) !== 0x806 || frame.readUInt32BE(38) !== 0x0a000001) continue
    const [mac, ip] = [Buffer.from(frame.subarray(22, 28)), Buffer.from(frame.subarray(28, 32))]
    frame.set(mac, 0)
    frame.set([2, 0, 0, 0, 0, 9], 6)
    frame.writeUInt16BE(2, 20)
    frame.set([2, 0, 0, 0, 0, 9, 10, 0, 0, 1], 22)
    frame.set([...mac, ...ip], 32)
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 42]), frame]))
  }
})).listen('${NETWORK}')
`

const PREPARE = `
mkdir -p ${SHARED}
rm -f ${NETWORK}
echo from the host > ${SHARED}/greeting
dd if=/dev/zero of=${DISK} bs=1M count=4 2>/dev/null
printf 'a disk' | dd of=${DISK} conv=notrunc 2>/dev/null
node -e "$1" >/dev/null 2>&1 &
until test -S ${NETWORK}; do sleep 0.1; done
`

/** Guests that check themselves, on the machine's own kernel. */
const GUESTS = ['access', 'brk', 'clock', 'fork', 'futex']

/** Each line of its output is one thing that a kernel must find. The first time it reboots. */
const LOOK = `
if ! dd if=/dev/vda bs=1 skip=512 count=7 2>/dev/null | grep -q written; then
  printf written | dd of=/dev/vda bs=1 seek=512 conv=notrunc 2>/dev/null
  sync
  reboot -f
fi
echo cpus $(nproc)
echo disk $(head -c 6 /dev/vda)
mkdir /share /guests /tmp
mount -t virtiofs files /share
echo share $(cat /share/greeting)
echo from the machine > /share/answer
mount -t virtiofs guests /guests
/guests/hello
TMPDIR=/share /guests/unix-names && echo sockets in the share
umount /share
for guest in ${GUESTS.join(' ')}; do /guests/$guest >/dev/null && echo passed $guest; done
echo entropy $(head -c 1000 /dev/hwrng | wc -c)
echo vsock $(test -c /dev/vsock && echo there)
echo clock $(test $(date +%s) -gt 1700000000 && echo right)
echo rtc $(test $(($(cat /sys/class/rtc/rtc0/since_epoch) - $(date +%s) + 60)) -lt 120 && echo right)
ifconfig eth0 10.0.0.2 up
arping -f -w 20 -I eth0 10.0.0.1 >/dev/null && echo network there
`

const FOUND = [
  ...['cpus 2', 'disk a disk', 'share from the host', 'Hello from guest user mode'],
  ...GUESTS.map((guest) => `passed ${guest}`),
  ...['entropy 1000', 'vsock there', 'clock right', 'rtc right', 'network there', 'machine: status 0'],
]

const UNIX_NAMES = /^sockets in the share$|unix-names\.c/
const SOCKETS = [expect.stringMatching(/^sockets in the share$/)]
/** Before Linux 6.6 a jailed hv changes no mode of a socket (src/jail/README.md): chmod(2) fails, and nothing else does. */
const SOCKETS_KEEP_MODES = Array(2).fill(expect.stringMatching(/: chmod\(.*\(errno 95, /))

/** Some of it is above 4 GiB: Linux allocates memory for itself and for its devices from there first. */
const MEMORY = '3584M'
const TIMED_OUT = 124
/** An emulated processor may never interrupt a guest again. */
const isLate = ({status}: Outcome): boolean => status === TIMED_OUT
/** Several times what a try takes where several beds share a slow machine. */
const TRY_S = 600

/** For x86_64 an ELF vmlinux, which need not unpack itself under emulation; arm64's is an Image. */
const KERNELS = {x86_64: 'vmlinux', arm64: 'vmlinuz'}

/** @param keepsModes whether sockets keep their modes, as the host's kernel is older than Linux 6.6 */
export function testKernel(
  architecture: keyof typeof KERNELS,
  inside: Inside,
  {tries = 1, keepsModes = false} = {},
): void {
  test('a Linux kernel boots, reboots, finds its devices, runs guests, and switches off', async () => {
    const script = Buffer.from(LOOK).toString('base64')
    const files = [
      '--kernel',
      `${KEPT}/${architecture}/${KERNELS[architecture]}`,
      '--initrd',
      `${KEPT}/${architecture}/initramfs.cpio`,
    ]
    const shares = ['--share', `${SHARED}:files:rw`, '--share', `/hv/.cache/guests/${architecture}:guests`]
    const devices = ['--disk', DISK, ...shares, '--net', `unix:${NETWORK}`]
    const machine = ['--timeout', `${TRY_S}`, '--cpus', '2', '--memory', MEMORY, '--reboot', ...devices]
    const argv = ['node', 'dist/bin/hv.cjs', 'run', ...files, ...machine, '--append', `quiet hv.do=${script}`]
    const boot = async (): Promise<Outcome> => {
      expect(await inside(['sh', '-c', PREPARE, 'sh', NEIGHBOUR])).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      })
      return inside(argv, {timeoutMs: TIMEOUT_MS})
    }
    const {status, stdout, stderr} = await tried(boot, tries, isLate)
    expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
    const lines = stdout.split(/\r?\n/)
    expect(lines, stdout).toEqual(expect.arrayContaining(FOUND))
    expect(lines.filter((line) => UNIX_NAMES.test(line))).toEqual(keepsModes ? SOCKETS_KEEP_MODES : SOCKETS)

    const {stdout: left} = await inside(['sh', '-c', `head -c 519 ${DISK} | tail -c 7; cat ${SHARED}/answer`])
    expect(left).toBe('writtenfrom the machine\n')
  })
}

const LOOK_AT_MEMORY = `
echo memory $(awk '/^MemTotal/ { print ($2 > 4200000 ? "all" : $2) }' /proc/meminfo)
echo disk $(head -c 6 /dev/vda)
`

/** x86_64's other kernel file, which unpacks itself. */
export function testBzImage(inside: Inside, {tries = 1} = {}): void {
  test('a bzImage boots, with more memory than its host has', async () => {
    const script = Buffer.from(LOOK_AT_MEMORY).toString('base64')
    const initrd = `${KEPT}/x86_64/initramfs.cpio`
    const files = ['--kernel', `${KEPT}/x86_64/vmlinuz`, '--initrd', initrd, '--disk', `${initrd}:ro`]
    const machine = ['--timeout', `${TRY_S}`, '--memory', '4608M']
    const argv = ['node', 'dist/bin/hv.cjs', 'run', ...files, ...machine, '--append', `quiet hv.do=${script}`]
    const boot = (): Promise<Outcome> => inside(argv, {timeoutMs: TIMEOUT_MS})
    const {status, stdout, stderr} = await tried(boot, tries, isLate)
    expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
    const found = ['memory all', 'disk 070701', 'machine: status 0']
    expect(stdout.split(/\r?\n/), stdout).toEqual(expect.arrayContaining(found))
  })
}

const TRACE = '/tmp/kernel-trace'
/** The first line, a line of the kernel at its virtual addresses, how many lines there are, and the last one. */
const LOOK_AT_TRACE = `head -n 1 ${TRACE}; grep -m 1 'vcpu0 0xffff............ ' ${TRACE}; wc -l <${TRACE}; tail -n 1 ${TRACE}`
/** Those of vm.trace. */
const MOST_LINES = 100_000

export function testTracedKernel(architecture: keyof typeof KERNELS, inside: Inside, {tries = 1} = {}): void {
  test('a Linux kernel is traced while it boots, and the trace has an end', async () => {
    const kept = `${KEPT}/${architecture}`
    const files = ['--kernel', `${kept}/${KERNELS[architecture]}`, '--initrd', `${kept}/initramfs.cpio`]
    const script = Buffer.from('echo here').toString('base64')
    const options = ['--timeout', `${TRY_S}`, `--trace=${TRACE}`, '--append', `hv.do=${script}`]
    const argv = ['node', 'dist/bin/hv.cjs', 'run', ...files, ...options]
    const {status, stdout, stderr} = await tried(() => inside(argv, {timeoutMs: TIMEOUT_MS}), tries, isLate)
    expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
    expect(stdout).toContain('machine: status 0')

    const looked = (await inside(['sh', '-c', LOOK_AT_TRACE])).stdout
    const [first, virtual, count, last] = looked.split('\n')
    expect(first).toMatch(/^1 vcpu0 0x[0-9a-f]+ (io|mmio) /)
    expect(virtual, looked).toMatch(
      /^\d+ vcpu0 0xffff[0-9a-f]{12} (io (in|out)|mmio (read|write)) 0x[0-9a-f]+ 0x[0-9a-f]+ \[([0-9a-f]{8}|[0-9a-f]{16})\]$/,
    )
    expect(Number(count)).toBeGreaterThan(100)
    expect(Number(count)).toBeLessThanOrEqual(MOST_LINES)
    const hasEnded = last === `the trace ends after ${MOST_LINES} lines`
    expect(hasEnded, last).toBe(Number(count) === MOST_LINES)
  })
}
