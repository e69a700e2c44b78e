// hv run --gdb with Debian's gdb: forks, caught calls, reads that stop: each script on each platform, and natively.

import {writeFileSync} from 'node:fs'
import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../../guests/run.ts'
import {Client} from './client.ts'
import {type Debugged, GdbBench} from './gdb.ts'
import {
  BORROWED,
  BOTH,
  CALLS,
  CAUGHT,
  FOLLOWED,
  LATER,
  LOCKED,
  MID_VFORK,
  PASSED_FAULT,
  READS,
  SHARED_PAGE,
  stops,
  TICKS,
  UNMAPPED,
  WRITTEN,
} from './process-scripts.ts'

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

  test('threads are told of as they begin and end, if gdb wants to know', async () => {
    const stops: string[] = []
    const {status} = await bench.serve(['--platform', platform, bench.program, 'threads'], async () => {
      const client = new Client(bench.socket)
      await client.ask('qSupported:multiprocess+;no-resumed+')
      expect(await client.ask('QThreadEvents:1')).toBe('OK')
      writeFileSync(bench.input, 'x')
      while (stops.length < 20 && !/^[WXcn]/.test(stops.at(-1) ?? '')) stops.push(await client.ask('vCont;c'))
      client.leave()
    })
    const created = stops.filter((stop) => /^T05.*create:;$/.test(stop))
    const exited = stops.filter((stop) => /^w00;p2\.[345]$/.test(stop))
    expect([created.length, new Set(exited).size], stops.join('\n')).toEqual([3, 3])
    expect(stops.at(-1)).toBe('W05;process:2')
    expect(status).toBe(5)
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

  test('a change of watched memory is told of the thread that made it, and none is missed', async () => {
    const {said, status} = await bench.debug(['--platform', platform], ['neighbours'], `${SHARED_PAGE}kill\n`)
    const changes = [...said.matchAll(/^Old value = (\d+)\nNew value = (\d+)$/gm)]
    expect(
      changes.map(([, before, after]) => Number(after) - Number(before)),
      said,
    ).toEqual(Array(20).fill(1))
    expect(said.match(/^\$\d+ = .*$/gm)?.map((line) => line.split(' = ')[1])).toEqual(Array(20).fill('0'))
    expect(status).toBe(137)
  })

  test('gdb follows the child of vfork to its end, and its maker goes on', async () => {
    const {said, status, stdout} = await bench.debug(['--platform', platform], ['children'], BORROWED)
    expect(said).toMatch(
      /Detaching vfork parent process 2[\s\S]*Inferior 2 \(process 4\) exited with code 04/,
    )
    expect({status, stdout}).toEqual({status: 12, stdout: 'children 2 4 6 8\ntotal 12\n'})
  })

  test('the return of a vfork that gdb has caught is caught', async () => {
    const {said, native} = await both('children', MID_VFORK)
    const caught = (text: string) =>
      text.match(/^Catchpoint \d \((vforked|call to|returned from)( syscall '?\w+)?/gm)
    expect(caught(said), said).toEqual(caught(native))
    expect(caught(said)).toHaveLength(2)
  })

  test('gdb calls a function while SIGSEGV is passed on', async () => {
    const {said, native, status} = await both('steps', PASSED_FAULT)
    expect(said.match(/^\$1 = .*$/m)?.[0], said).toBe(native.match(/^\$1 = .*$/m)?.[0])
    expect(said).toContain('$1 = 42')
    expect(status).toBe(12)
  })

  test('what gdb writes at a breakpoint is there when the breakpoint is gone', async () => {
    const {said} = await bench.debug(['--platform', platform], ['steps'], `${WRITTEN}kill\n`)
    expect(stops(said), said).toEqual(stops(await bench.natively(['steps'], `${WRITTEN}kill\n`)))
    expect(said.match(/^\$\d = .*$/gm), said).toEqual(
      ['$1 = 18', '$2 = 18', '$3 = 18'].map((line) => `${line} '\\022'`),
    )
  })

  test('gdb is told that a breakpoint could not be removed, because its memory is gone', async () => {
    const script = `set breakpoint always-inserted on\n${UNMAPPED}kill\n`
    const {said} = await bench.debug(['--platform', platform], ['later'], script)
    expect(said).toMatch(/^\$\d = 0$/m)
    expect(said).toMatch(/^warning: error removing breakpoint 2 at 0x7e0000000000$/m)
  })

  test('a step stays in its function while signals come that gdb passes on', async () => {
    const {said, native, status} = await both('ticks', `${TICKS}set var go = 0\n`)
    const lines = (text: string) => text.match(/^\d+\t.*$/gm)
    expect(lines(said), said).toEqual(lines(native))
    expect(lines(said)).toHaveLength(41)
    expect(status).toBeGreaterThan(10)
  })

  test('^C is told of a thread that ran', async () => {
    const {said} = await bench.debug(['--platform', platform], ['neighbours'], `${LOCKED}kill\n`)
    expect(said).toMatch(/^Thread 2 .* received signal SIGINT/m)
    expect(said).toMatch(/^\$1 = 2$/m)
  })
})
