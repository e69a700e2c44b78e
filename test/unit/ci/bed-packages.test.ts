// `npm run bed` on a host without the packages that it needs.

import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'

test.each([
  ['svm', 'qemu-system-x86'],
  ['a76', 'qemu-system-arm'],
])('%s names what it lacks, and the line that installs it', (bed, emulator) => {
  // No programs at all.
  const PATH = mkdtempSync(join(tmpdir(), 'hv-path-'))
  const argv = [join(root, 'ci/bed/bed.mjs'), bed, 'true']
  const {status, stdout, stderr} = spawnSync(process.execPath, argv, {env: {PATH}, encoding: 'utf8'})
  rmSync(PATH, {recursive: true})
  const names = [emulator, 'cpio', 'squashfs-tools', 'kmod', 'xz-utils', 'zstd']
  const install = `apt-get install -y --no-install-recommends ${names.join(' ')}`
  expect({status, stdout, stderr}).toEqual({
    status: 1,
    stdout: '',
    stderr: `bed: the bed ${bed} lacks ${names.join(', ')}: ${install}\n`,
  })
})
