// A machine with many CPUs and disks, in a bed of each architecture: Linux uses all of them, and a disk is as slow as it is said to be.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed} from '../bed/matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
const CPUS = 12
const DISKS = Array.from({length: 20}, (_, index) => `disk${index + 10}`)
const BYTES = 1 << 20
const KIB_PER_SECOND = 256
/** What a burst and the kernel's own first reads of the disk may take of it. */
const EARLY_S = 2

const PREPARE = `cd /tmp; for name; do rm -f $name; echo $name >$name; truncate -s ${BYTES} $name; done`
const WRITTEN = 'cd /tmp; for name; do dd if=$name bs=512 skip=1 count=1 2>/dev/null | head -c 5; done'

/** The machine's first process runs this. */
const LOOK = `
for each in /sys/block/vd*; do
  name=/dev/\${each##*/}
  read -r text <$name
  texts="$texts $text"
  echo seen | dd of=$name bs=512 seek=1 conv=notrunc,fsync 2>/dev/null
done
echo all$texts
from=$(cut -d. -f1 /proc/uptime)
cat /dev/vda >/dev/null
echo seconds $(($(cut -d. -f1 /proc/uptime) - from))
`

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
]) {
  describeBed(bed, (inside) => {
    test(`a kernel uses ${CPUS} CPUs and ${DISKS.length} disks`, async () => {
      await inside(['sh', '-c', PREPARE, 'sh', ...DISKS])
      const kept = `/hv/.cache/machine/${architecture}`
      const [first, ...others] = DISKS.map((name) => `/tmp/${name}`)
      const disks = [`${first},bps=${KIB_PER_SECOND}K`, ...others].flatMap((disk) => ['--disk', disk])
      const append = `quiet hv.do=${Buffer.from(LOOK).toString('base64')}`
      const files = ['--kernel', `${kept}/vmlinuz`, '--initrd', `${kept}/initramfs.cpio`, '--append', append]
      const hv = ['node', 'dist/bin/hv.cjs', 'run', ...files, '--cpus', `${CPUS}`, ...disks]
      const {status, stdout, stderr} = await inside(hv, {timeoutMs: TIMEOUT_MS})
      expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
      expect(stdout).toContain(`, ${CPUS} CPUs`)
      expect(stdout.split(/\r?\n/)).toEqual(
        expect.arrayContaining([`all ${DISKS.join(' ')}`, 'machine: status 0']),
      )
      const [, seconds] = /seconds (\d+)/.exec(stdout)!
      expect(Number(seconds)).toBeGreaterThanOrEqual(BYTES / 1024 / KIB_PER_SECOND - EARLY_S)
      const written = await inside(['sh', '-c', WRITTEN, 'sh', ...DISKS])
      expect(written.stdout).toBe('seen\n'.repeat(DISKS.length))
    })
  })
}
