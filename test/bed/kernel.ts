// What a Linux kernel finds in the machine that hv gives it in a bed.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import type {Inside} from './matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
/** In the bed. */
const KEPT = '/hv/.cache/machine'
const DISK = '/tmp/disk'
const SHARED = '/tmp/shared'

const PREPARE = `
mkdir -p ${SHARED}
echo from the host > ${SHARED}/greeting
dd if=/dev/zero of=${DISK} bs=1M count=4 2>/dev/null
printf 'a disk' | dd of=${DISK} conv=notrunc 2>/dev/null
`

/** Each line of its output is one thing that a kernel is to find. */
const LOOK = `
echo cpus $(nproc)
echo disk $(head -c 6 /dev/vda)
printf written | dd of=/dev/vda bs=1 seek=512 conv=notrunc 2>/dev/null
sync
mkdir /share
mount -t virtiofs files /share
echo share $(cat /share/greeting)
echo from the machine > /share/answer
umount /share
echo entropy $(head -c 1000 /dev/hwrng | wc -c)
echo vsock $(test -c /dev/vsock && echo there)
echo clock $(test $(date +%s) -gt 1700000000 && echo right)
`

export function testKernel(architecture: string, inside: Inside): void {
  test('a Linux kernel boots, finds its devices, and switches off', async () => {
    expect((await inside(['sh', '-c', PREPARE])).status).toBe(0)
    const script = Buffer.from(LOOK).toString('base64')
    const kernel = [
      '--kernel',
      `${KEPT}/${architecture}/vmlinuz`,
      '--initrd',
      `${KEPT}/${architecture}/initramfs.cpio`,
    ]
    const machine = ['--cpus', '2', '--memory', '256M', '--disk', DISK, '--share', `${SHARED}:files:rw`]
    const argv = [
      'node',
      'dist/bin/hv.cjs',
      'run',
      ...kernel,
      ...machine,
      '--append',
      `quiet hv.do=${script}`,
    ]
    const {status, stdout, stderr} = await inside(argv, {timeoutMs: TIMEOUT_MS})
    expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
    const lines = stdout.split(/\r?\n/)
    const found = [
      'cpus 2',
      'disk a disk',
      'share from the host',
      'entropy 1000',
      'vsock there',
      'clock right',
    ]
    expect(lines).toEqual(expect.arrayContaining(found))

    const {stdout: left} = await inside(['sh', '-c', `head -c 519 ${DISK} | tail -c 7; cat ${SHARED}/answer`])
    expect(left).toBe('writtenfrom the machine\n')
  })
}
