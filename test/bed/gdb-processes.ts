// gdb and Linux programs in a bed: forks, caught calls and reads that stop them, and a program that gdb attaches to while it runs.

import {execFileSync} from 'node:child_process'
import {expect, test} from 'vitest'
import {cache} from '../../ci/paths.mjs'
import {CALLS, CAUGHT, FOLLOWED, READS, stops} from '../cli/gdb/process-scripts.ts'
import {ARM64_CC, canBuildArm64} from '../helpers/arm64.ts'
import {GdbInBed} from './gdb-in-bed.ts'
import type {Forward, Inside} from './matrix.ts'

const FOLDER = `${cache}/guests/arm64`
const IN_BED = '/hv/.cache/guests/arm64'
const ATTACHED = `
python
bytes = lambda name: [int(gdb.parse_and_eval('((unsigned char *)%s)[%d]' % (name, i))) for i in range(12)]
print('code as before:', bytes('code') == bytes('getppid'))
end
backtrace
break tick
continue
delete
stepi 3
set var text[0] = 'A'
print count > 0
detach
`

/** On arm64. */
export function testGdbOfProcesses(inside: Inside, forward: Forward): void {
  const bed = new GdbInBed(inside, forward)
  // Before the bed is booted, whose image has what lies there.
  for (const name of ['guest', 'attach']) {
    const source = new URL(`../cli/gdb/${name}.c`, import.meta.url).pathname
    const flags = ['-g', '-O0', '-pthread', '-static', '-no-pie']
    if (canBuildArm64) execFileSync(ARM64_CC, [...flags, '-o', `${FOLDER}/gdb-${name}`, source])
  }
  const start = (mode: string) => bed.start([`${IN_BED}/gdb-guest`, mode], [`${FOLDER}/gdb-guest`])

  test('gdb follows a child that fork makes, and its parent goes on', async () => {
    const {gdb, outcome} = await start('children')
    const said = await gdb(FOLLOWED)
    expect(said).toContain('$1 = 1\n')
    expect(said).toMatch(/Value returned is \$2 = 2\n/)
    expect((await outcome).stdout).toBe('children 2 4 6 8\ntotal 12\n')
  })

  test('fork, vfork and exec are caught', async () => {
    const {gdb, outcome} = await start('children')
    const said = await gdb(`${CAUGHT}continue\n`)
    expect(said.match(/^Catchpoint \d \((forked|vforked|exec'd)/gm), said).toHaveLength(4)
    expect(await outcome).toMatchObject({status: 12, stdout: 'children 2 4 6 8\ntotal 12\n'})
  })

  test('a system call is caught where it is made and where it returns', async () => {
    const {gdb, outcome} = await start('steps')
    const said = await gdb(`${CALLS}continue\n`)
    expect(said.match(/^Catchpoint \d \((call to|returned from) syscall '?write/gm), said).toHaveLength(2)
    expect(await outcome).toMatchObject({status: 12, stdout: 'total 12\n'})
  })

  test('reads of a variable stop the program, and so do all accesses', async () => {
    const {gdb, outcome} = await start('steps')
    const said = await gdb(`${READS}continue\n`)
    expect(said).toMatch(/^Hardware read watchpoint 2: counter\n\nValue = /m)
    expect(said).toMatch(/^Hardware access \(read\/write\) watchpoint 3: half\n/m)
    expect(stops(said).filter((line) => line.startsWith('Hardware access')).length).toBeGreaterThanOrEqual(2)
    expect(await outcome).toMatchObject({status: 12})
  })

  // On arm64, KVM has no gate for patched calls: no program reaches the frame.
  test.each([
    ['kvm', 'as it is'],
    ['ptrace', 'patched'],
  ])('on %s, gdb attaches to a program whose code is %s, and leaves it running', async (platform, code) => {
    const words = ['--platform', platform, `${IN_BED}/gdb-attach`, 'loop']
    const {gdb, outcome} = await bed.attach(words, [`${FOLDER}/gdb-attach`])
    const said = await gdb(ATTACHED)
    expect(said).toContain('code as before: True\n')
    expect(said).toMatch(/^#\d+ .*loop \(\)/m)
    expect(said).toMatch(/^Breakpoint 1, tick \(file=3\)/m)
    expect(said).toContain('$1 = 1\n')
    expect(await gdb('set var go = 0\ndetach\n')).toContain('detached]')
    expect(await outcome).toMatchObject({status: 9, stdout: `began, ${code}\nleft As it was\n`})
  })
}
