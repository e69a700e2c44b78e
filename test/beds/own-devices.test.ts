// The device of docs/devices.md, in a bed of each architecture: Linux's own driver uses it.

import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {root} from '../../ci/paths.mjs'
import {describeBed} from '../bed/matrix.ts'

const [, example] = /```js\n(.*?)```/s.exec(readFileSync(`${root}/docs/devices.md`, 'utf8'))!

/** The machine's first process runs this. */
const TALK = `
stty -F /dev/hvc0 raw -echo
exec 3<>/dev/hvc0
echo hello >&3
head -n 1 <&3
`

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
]) {
  describeBed(bed, (inside) => {
    test('a kernel talks to the console that an embedder wrote', async () => {
      const kept = `/hv/.cache/machine/${architecture}`
      const append = `quiet hv.do=${Buffer.from(TALK).toString('base64')}`
      const files = [`${kept}/vmlinuz`, `${kept}/initramfs.cpio`]
      const argv = ['node', '--input-type=module', '-e', example, '--', ...files, append]
      const {status, stdout, stderr} = await inside(argv, {timeoutMs: stepMs('bedKernel')})
      expect({status, stderr}, stdout).toEqual({status: 0, stderr: ''})
      expect(stdout.split(/\r?\n/), stdout).toEqual(expect.arrayContaining(['HELLO', 'machine: status 0']))
    })
  })
}
