// hv run --gdb with Debian's gdb: forks, caught calls, reads that stop: each script on each platform, and natively.

import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../../guests/run.ts'
import {type Debugged, GdbBench} from './gdb.ts'

const FOLLOWED = `
set follow-fork-mode child
break twice
continue
print x
info inferiors
finish
continue
`

// gdb has the child when the parent goes on, which must not wait for it: the child stands still until it is resumed.
const BOTH = `
set detach-on-fork off
catch fork
continue
stepi
print $_inferior
inferior 2
break twice
continue
print $_inferior
print x
kill inferiors 2
inferior 1
print $_inferior
delete
set detach-on-fork on
`

const CAUGHT = `
catch fork
catch vfork
catch exec
continue
continue
continue
continue
delete
`

const CALLS = `
catch syscall write
continue
continue
delete
`

const READS = `
break twice
continue
delete
rwatch counter
continue
delete
awatch half
continue
continue
delete
`

const LATER = `
tbreak later
continue
watch *place
watch *(int *)0x7e0000000004
continue
delete 3
continue
continue
delete
`

/** What gdb says of stops and values, without numbers of processes and addresses. */
function stops(said: string): string[] {
  return said
    .split('\n')
    .filter((line) =>
      /^(\$\d+ =|Catchpoint \d|Breakpoint \d, |Thread .* hit |Hardware .*point \d|Value |Old value|New value)/.test(
        line,
      ),
    )
    .map((line) =>
      line
        .replace(/process \d+|Thread [0-9.a-fx]+ (\(LWP \d+\)|"\w+")/g, 'PROCESS')
        .replace(/0x[0-9a-f]{6,}/g, 'ADDRESS'),
    )
}

describe.each(platforms)('hv run --gdb on %s, as natively:', (platform) => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())

  const both = async (mode: string, script: string): Promise<Debugged & {native: string}> => {
    const ran = await bench.debug(['--platform', platform], [mode], `${script}continue\n`)
    return {...ran, native: await bench.natively([mode], `${script}kill\n`)}
  }

  test('gdb follows a child that fork makes, and its parent goes on', async () => {
    const {said, stdout} = await bench.debug(['--platform', platform], ['children'], FOLLOWED)
    const native = await bench.natively(['children'], FOLLOWED)
    expect(stops(said), said).toEqual(stops(native))
    expect(said).toContain('$1 = 1\n')
    expect(stdout).toBe('children 2 4 6 8\ntotal 12\n')
  })

  test('gdb holds a parent and its child, and kills one of them', async () => {
    const {said, native} = await both('children', BOTH)
    expect(said.match(/^\$\d = .*$/gm), `${said}\n${native}`).toEqual(native.match(/^\$\d = .*$/gm))
    expect(said.match(/^\$\d = .*$/gm)!.length).toBeGreaterThan(2)
  })

  test('fork, vfork and exec are caught', async () => {
    const {said, native, status, stdout} = await both('children', CAUGHT)
    const caught = (text: string) => text.match(/^Catchpoint \d \((forked|vforked|exec'd)/gm)
    expect(caught(said), said).toEqual(caught(native))
    expect(caught(said)!.length).toBe(4)
    expect({status, stdout}).toEqual({status: 12, stdout: 'children 2 4 6 8\ntotal 12\n'})
  })

  test('a system call is caught where it is made and where it returns', async () => {
    const {said, native, status, stdout} = await both('steps', CALLS)
    const caught = (text: string) => text.match(/^Catchpoint \d \((call to|returned from) syscall '?\w+/gm)
    expect(caught(said), said).toEqual(caught(native))
    expect(caught(said)).toHaveLength(2)
    expect({status, stdout}).toEqual({status: 12, stdout: 'total 12\n'})
  })

  test('reads of a variable stop the program, and so do all accesses', async () => {
    const {said, native, status} = await both('steps', READS)
    expect(stops(said), said).toEqual(stops(native))
    expect(said).toMatch(/^Hardware read watchpoint 2: counter\n\nValue = /m)
    expect(said).toMatch(/^Hardware access \(read\/write\) watchpoint 3: half\n/m)
    expect(status).toBe(12)
  })
  test('places that cannot be read yet are watched: a null pointer’s, and those of pages that come later', async () => {
    const {said, native, status} = await both('later', LATER)
    expect(stops(said), said).toEqual(stops(native))
    expect(said).toMatch(/^New value = 6\n[\s\S]*^New value = 10$/m)
    expect(status).toBe(10)
  })
})
