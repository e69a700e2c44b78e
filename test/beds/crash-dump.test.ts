// A kernel that panicked in a machine of hv: drgn, of the computer that starts the bed, reads its core with the symbols of Debian's package.

import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {stepMs} from '../../ci/budgets.mjs'
import {debianTree} from '../../ci/debian.mjs'
import {installMissing} from '../../ci/packages.mjs'
import {describeBed, type Inside} from '../bed/matrix.ts'

const TIMEOUT_MS = stepMs('bedKernel')
const CPUS = 2

/** The machine's first process runs this. */
const PANIC = `
uname -r
sysctl -qw kernel.panic=1
sleep 1234 &
echo c >/proc/sysrq-trigger
`

/** The kernel's own structures, through its page tables and with its symbols, whatever KASLR has made of the addresses. */
const LOOK = `
from drgn.helpers.linux.cpumask import for_each_present_cpu
from drgn.helpers.linux.pid import for_each_task
print('release', prog['init_uts_ns'].name.release.string_().decode())
print('present', len(list(for_each_present_cpu(prog))))
for task in for_each_task(prog):
    print('task', task.pid.value_(), task.comm.string_().decode())
`

/** Of the thread that panicked; on arm64 by frame pointers, as drgn loses SP behind __arm_smccc_hvc, the kernel's last call. */
const CALLS = {
  x86_64: `
for frame in prog.crashed_thread().stack_trace():
    print('call', frame.name)
`,
  arm64: `
frame = prog.crashed_thread().stack_trace()[0].register('x29')
for _ in range(10):
    frame, back = prog.read_u64(frame), prog.read_u64(frame + 8)
    # Behind a call that does not return may lie the next function.
    print('call', prog.symbol(back - 4).name)
`,
}

/** A bed's command may say 16 MiB. */
const PIECE_MIB = 8

async function takeFile(inside: Inside, path: string): Promise<Buffer> {
  const pack = ['sh', '-c', `gzip -1 -f ${path} && stat -c %s ${path}.gz`]
  const size = Number((await inside(pack, {timeoutMs: TIMEOUT_MS})).stdout)
  const pieces = []
  for (let at = 0; at < size; at += PIECE_MIB << 20) {
    const piece = `dd if=${path}.gz bs=1M skip=${at >> 20} count=${PIECE_MIB} 2>/dev/null | base64`
    pieces.push(Buffer.from((await inside(['sh', '-c', piece], {timeoutMs: TIMEOUT_MS})).stdout, 'base64'))
  }
  return gunzipSync(Buffer.concat(pieces))
}

beforeAll(async () => {
  expect(await installMissing(console.log, ['python3-drgn'])).toEqual([])
}, TIMEOUT_MS)

for (const [bed, architecture] of [
  ['svm', 'x86_64'],
  ['a76', 'arm64'],
] as const) {
  describeBed(bed, (inside) => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-crash-dump-'))
    afterAll(() => rmSync(folder, {recursive: true}))

    test('drgn reads the core of a kernel that panicked', async () => {
      const kept = `/hv/.cache/machine/${architecture}`
      const files = ['--kernel', `${kept}/vmlinuz`, '--initrd', `${kept}/initramfs.cpio`]
      const append = `quiet hv.do=${Buffer.from(PANIC).toString('base64')}`
      const hv = ['node', 'dist/bin/hv.cjs', 'run', ...files, '--append', append, '--cpus', String(CPUS)]
      const run = await inside([...hv, '--memory', '128M', '--core', '/tmp/core'], {timeoutMs: TIMEOUT_MS})
      expect(run.stderr).toMatch(/^hv: the core of the machine is in \/tmp\/core$/m)
      const release = /^6\.\S+/m.exec(run.stdout)?.[0]
      expect(release, run.stdout).toBeDefined()

      const core = join(folder, 'core')
      writeFileSync(core, await takeFile(inside, '/tmp/core'))
      const symbols = debianTree(architecture, [`linux-image-${release}-dbg`])
      const script = join(folder, 'look.py')
      writeFileSync(script, LOOK + CALLS[architecture])
      const vmlinux = `${symbols}/usr/lib/debug/boot/vmlinux-${release}`
      const drgn = spawnSync('drgn', ['--quiet', '-c', core, '-s', vmlinux, script], {encoding: 'utf8'})
      // Hundreds of MiB, which no other test needs.
      rmSync(symbols, {recursive: true})
      expect(drgn.status, `${drgn.stderr}${drgn.error}`).toBe(0)
      expect(drgn.stdout).toContain(`release ${release}\npresent ${CPUS}\n`)
      expect(drgn.stdout).toMatch(/^task \d+ sleep$/m)
      expect(drgn.stdout).toMatch(/^call panic\ncall sysrq_handle_crash\ncall __handle_sysrq$/m)
    })
  })
}
