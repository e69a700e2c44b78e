// What a kernel's machine gives back to its host, in a bed of each architecture: blocks of a disk that its file system has trimmed, and memory.

import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {describeBed} from '../bed/matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
const MIB = 2 ** 20
const DISK_MIB = 64
const WRITTEN_MIB = 24

/** The machine's first process runs this. */
const TRIM = `
mke2fs /dev/vda >/dev/null 2>&1
mkdir /disk
mount -t ext4 /dev/vda /disk
dd if=/dev/urandom of=/disk/kept bs=1M count=1 2>/dev/null
dd if=/dev/urandom of=/disk/gone bs=1M count=${WRITTEN_MIB} 2>/dev/null
sync
md5sum </disk/kept
echo written
read -r answer
rm /disk/gone
sync
fstrim /disk && echo trimmed
echo 3 >/proc/sys/vm/drop_caches
md5sum </disk/kept
umount /disk
`

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
]) {
  describeBed(bed, (inside) => {
    const kept = `/hv/.cache/machine/${architecture}`
    const files = ['--kernel', `${kept}/vmlinuz`, '--initrd', `${kept}/initramfs.cpio`]

    test('memory that a kernel has free, or in its balloon, goes back to the host', async () => {
      const image = `${kept}/${architecture === 'x86_64' ? 'vmlinux' : 'vmlinuz'}`
      const argv = ['node', 'test/helpers/balloon-in-bed.mjs', image, `${kept}/initramfs.cpio`]
      const {stdout, stderr} = await inside(argv, {timeoutMs: TIMEOUT_MS})
      expect(stdout, stderr).toMatch(/^{.*}\n$/)
      const {full, reported, inflated, deflated, exitCode, stats} = JSON.parse(stdout)
      expect(reported.reportedBytes - full.reportedBytes).toBeGreaterThan(48 * MIB)
      expect(inflated.inflatedBytes).toBeGreaterThanOrEqual(64 * MIB)
      expect(full.guest.totalBytes).toBeGreaterThan(150 * MIB)
      expect(full.guest.availableBytes).toBeLessThan(reported.guest.availableBytes - 48 * MIB)
      // With DEFLATE_ON_OOM a balloon is not taken from what Linux calls its total.
      expect(inflated.guest.freeBytes).toBeLessThan(deflated.guest.freeBytes - 32 * MIB)
      expect(exitCode).toBe(0)
      expect(stats.cpuNs / 1e6).toBeGreaterThan(full.cpuMs)
    })

    test("fstrim gives blocks of the disk's file back to the host", async () => {
      const append = `quiet hv.do=${Buffer.from(TRIM).toString('base64')}`
      const hv = ['node', 'dist/bin/hv.cjs', 'run', ...files, '--append', append, '--disk', '/tmp/disk']
      // Answers the machine once the host has seen the file's blocks.
      const script = `
        rm -f /tmp/disk /tmp/keys; truncate -s ${DISK_MIB}M /tmp/disk; mkfifo /tmp/keys
        blocks() { stat -c 'blocks %b' /tmp/disk; }
        "$@" </tmp/keys | {
          exec 3>/tmp/keys
          while read -r line; do
            echo "$line"
            case $line in written*) blocks; echo >&3 ;; esac
          done
        }
        blocks`
      const {stdout, stderr} = await inside(['sh', '-c', script, 'sh', ...hv], {timeoutMs: TIMEOUT_MS})
      expect(stderr).toBe('')
      expect(stdout).toMatch(/^trimmed\r?$/m)
      const [before, after] = [...stdout.matchAll(/^blocks (\d+)$/gm)].map(
        ([, blocks]) => Number(blocks) * 512,
      )
      expect(before).toBeGreaterThan(WRITTEN_MIB * MIB)
      expect(after).toBeLessThan(before - (WRITTEN_MIB - 1) * MIB)
      const sums = stdout.match(/^[0-9a-f]{32}/gm)!
      expect(sums).toEqual([sums[0], sums[0]])
    })
  })
}
