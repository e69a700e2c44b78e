// A machine's network cards, each on a TAP interface, in a bed of each architecture: Linux is on both sides.

import {createHash} from 'node:crypto'
import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed} from '../bed/matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
const PAGE_BYTES = 2 ** 20
const PAGE_SUM = createHash('md5').update(Buffer.alloc(PAGE_BYTES, 'hv')).digest('hex')

const SERVER = `
const page = Buffer.alloc(${PAGE_BYTES}, 'hv')
require('node:http').createServer((_, response) => response.end(page)).listen(80)
`

/** The server ends with the bed. */
const PREPARE = `
tunctl -t tap0 >/dev/null
ifconfig tap0 10.0.1.1 netmask 255.255.255.0 up
tunctl -t tap1 >/dev/null
ifconfig tap1 10.0.2.1 netmask 255.255.255.0 up
node -e "$1" >/dev/null 2>&1 &
until wget -qO /dev/null http://10.0.1.1/; do sleep 0.1; done
`

const TREE = '/tmp/tap-tree'
const PREPARE_TREE = `
rm -rf ${TREE} && mkdir -p ${TREE}/bin ${TREE}/volume/inner
cp /bin/busybox ${TREE}/bin/
for applet in sh cat ip md5sum mount touch wget; do ln -s busybox ${TREE}/bin/$applet; done
mkdir -p /tmp/tap-volume/inner
cp -a /etc /tmp/etc && mount --bind /tmp/etc /etc
echo nameserver 10.0.1.1 >/etc/resolv.conf
`
/** Nothing configures a network but hv. */
const PROGRAM = `
echo page $(wget -qO- http://10.0.1.1/ | md5sum)
echo $(ip -4 -o address show eth0) $(ip route)
cat /etc/resolv.conf
touch /volume/file
touch /volume/inner/file && echo written
while read -r what where type flags rest; do
  case $where in /volume*) echo $where \${flags%%,*};; esac
done </proc/mounts
`

/** The machine's first process runs this. */
const LOOK = `
ifconfig eth0 10.0.1.2 netmask 255.255.255.0 up
ping -c 2 -w 30 10.0.1.1 >/dev/null && echo answered
ifconfig eth1 10.0.2.2 netmask 255.255.255.0 up
ping -c 2 -w 30 10.0.2.1 >/dev/null && echo answered too
echo page $(wget -qO- http://10.0.1.1/ | md5sum)
`

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
]) {
  describeBed(bed, (inside) => {
    test('a kernel and its host talk by IP over two TAP interfaces', async () => {
      const prepared = await inside(['sh', '-c', PREPARE, 'sh', SERVER])
      expect(prepared, prepared.stderr).toMatchObject({status: 0})
      const kept = `/hv/.cache/machine/${architecture}`
      const files = ['--kernel', `${kept}/vmlinuz`, '--initrd', `${kept}/initramfs.cpio`]
      const append = `quiet hv.do=${Buffer.from(LOOK).toString('base64')}`
      const nets = ['--net', 'tap:tap0', '--net', 'tap:tap1,iops=1000']
      const hv = ['node', 'dist/bin/hv.cjs', 'run', ...files, '--memory', '256M', ...nets]
      const {status, stdout, stderr} = await inside([...hv, '--append', append], {timeoutMs: TIMEOUT_MS})
      expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
      const found = ['answered', 'answered too', `page ${PAGE_SUM} -`, 'machine: status 0']
      expect(stdout.split(/\r?\n/), stdout).toEqual(expect.arrayContaining(found))
    })

    test('a program by a kernel finds its network configured, and sees which volumes it may write', async () => {
      expect(await inside(['sh', '-c', PREPARE_TREE])).toMatchObject({status: 0, stderr: ''})
      const kept = `/hv/.cache/machine/${architecture}`
      const kernel = ['--kernel', `${kept}/vmlinuz`, '--modules', `${kept}/library`, '--net', 'tap:tap0']
      const volumes = [
        '--volume',
        '/tmp/tap-volume:/volume',
        '--volume',
        '/tmp/tap-volume/inner:/volume/inner:rw',
      ]
      const hv = ['node', 'dist/bin/hv.cjs', 'run', ...kernel, '--root', TREE, ...volumes]
      const {status, stdout, stderr} = await inside([...hv, 'sh', '-c', PROGRAM], {timeoutMs: TIMEOUT_MS})
      expect({status, stderr}, stdout).toEqual({
        status: 0,
        stderr: 'touch: /volume/file: Read-only file system\n',
      })
      expect(stdout).toContain(`page ${PAGE_SUM} -\n`)
      expect(stdout).toMatch(/ 10\.0\.1\.2\/24 .*default via 10\.0\.1\.1 dev eth0/)
      const rest = 'nameserver 10.0.1.1\nwritten\n/volume ro\n/volume/inner rw\n'
      expect(stdout.endsWith(rest), stdout).toBe(true)
    })
  })
}
