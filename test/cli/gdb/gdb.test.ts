// hv run --gdb with Debian's gdb: each script on each platform, and natively where that gives the same.

import {existsSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {platforms} from '../../guests/run.ts'
import {hv} from '../hv.ts'
import {facts, GdbBench} from './gdb.ts'
import {INTERRUPT_LATER} from './process-scripts.ts'

const STEPS = `
break twice
continue
print x
print $_siginfo.si_signo
backtrace
delete
finish
next
next
step
info locals
watch counter
continue
print/x half
delete
stepi 5
print twice(100)
print table
set var table[2] = 7
print table
tbreak printf
continue
up
print half
print $pc == 0
`

const SPIN = `
${INTERRUPT_LATER}continue
backtrace
print counter > 1000
set var go = 0
detach
`

const threads = (input: string) => `
break gathered
continue
info threads
thread apply all backtrace -frame-arguments none
thread 4
print twice(21)
thread 1
set scheduler-locking on
print spins[0] - spins[0]
set scheduler-locking off
delete
shell printf x >${input}
continue
`

const CHILDREN = `
break twice
continue
print x
continue
print x
delete
continue
`

const FILES = `
break twice
continue
info sharedlibrary
info proc mappings
info proc
info functions _clock_gettime
`

const SIGNALS = `
continue
print $_siginfo.si_signo == 10
signal 0
print counter
continue
`

describe('hv run --gdb', () => {
  const bench = new GdbBench()
  afterAll(() => bench[Symbol.dispose]())

  describe.each(platforms)('on %s', (platform) => {
    const debug = (args: string[], ...scripts: string[]) =>
      bench.debug(['--platform', platform], args, ...scripts)

    test('breakpoints, steps, watched variables, calls and values are those of a native run', async () => {
      const {said, status, stdout} = await debug(['steps'], `${STEPS}continue\n`)
      const native = await bench.natively(['steps'], `${STEPS}kill\n`)
      expect(facts(said)).toEqual(facts(native))
      expect(facts(said).length).toBeGreaterThan(20)
      expect({status, stdout}).toEqual({status: 12, stdout: 'total 12\n'})
      expect(said).toContain('exited with code 014')
    })

    test('^C stops a program that spins, and a detached one goes on to its status', async () => {
      const {said, status, stdout} = await debug(['spin'], SPIN)
      expect(said).toMatch(/received signal SIGINT[\s\S]*#1 .*main[\s\S]*\$1 = 1\n/)
      expect({status, stdout}).toEqual({status: 9, stdout: 'left\n'})
    })

    test('threads are gdb’s threads, also one that sleeps in a call, which goes on after another was made there', async () => {
      const {said, status, stdout} = await debug(['threads'], threads(bench.input))
      expect(said.match(/^[* ] +\d +Thread \d+\.\d+ "guest"/gm)).toHaveLength(4)
      expect(said.match(/^#\d .* worker \(/gm)).toHaveLength(2)
      expect(said).toMatch(/^#\d .* reader \(/m)
      expect(facts(said).filter((line) => line.startsWith('$'))).toEqual(['$1 = 42', '$2 = 0'])
      expect({status, stdout}).toEqual({status: 5, stdout: 'read 1 x\n'})
    })

    test('children run on without breakpoints, a new program keeps them', async () => {
      const {said, status, stdout} = await debug(['children'], CHILDREN)
      expect(facts(said).filter((line) => line.startsWith('$'))).toEqual(['$1 = 4', '$2 = 1'])
      expect(said).toContain('is executing new program')
      expect({status, stdout}).toEqual({status: 12, stdout: 'children 2 4 6 8\ntotal 12\n'})
    })

    test('gdb finds the program, its shared libraries, the vDSO and /proc in the guest’s tree, and saves a core', async () => {
      const core = join(bench.directory, `core-${platform}`)
      const words = ['--platform', platform, '--with-libs', bench.dynamic, 'steps']
      const {said, status} = await bench.run(words, [], [`${FILES}gcore ${core}\nkill\n`])
      expect(said).toMatch(/Breakpoint 1, twice \(x=.*guest\.c/)
      expect(said).toMatch(/Yes +target:\S*libc\.so\.6/)
      expect(said).toMatch(/__vdso_clock_gettime|__kernel_clock_gettime/)
      expect(said).toMatch(/r-xp +\[vdso\]/)
      expect(said).toContain(`exe = '${bench.dynamic}'`)
      expect(status).toBe(137)
      expect(bench.core(core, 'backtrace\ninfo auxv\n', [bench.dynamic])).toMatch(
        /#0 +twice \(x=[\s\S]*#2 .*main[\s\S]*AT_SYSINFO_EHDR/,
      )
    })

    test('a signal stops the program, and is delivered or not as gdb says', async () => {
      const {said, status} = await debug(['signals'], SIGNALS)
      expect(said.match(/received signal SIGUSR1/g)).toHaveLength(2)
      expect(facts(said)).toEqual(expect.arrayContaining(['$1 = 1', '$2 = 0']))
      expect(status).toBe(10)
    })

    test('a crash is told where it was, and then is one', async () => {
      const {said, status, stderr} = await debug(['crash'], 'continue\nbacktrace\ncontinue\n')
      expect(said).toMatch(
        /received signal SIGSEGV[\s\S]*#0 .*fall[\s\S]*#1 .*crash[\s\S]*terminated with signal SIGSEGV/,
      )
      expect(status).toBe(139)
      expect(stderr).toContain('Segmentation fault')
    })

    test('who leaves without a word leaves a stopped program to the next, which kills it', async () => {
      const {said, status, stderr} = await debug(
        ['spin'],
        'break spin\ncontinue\ndisconnect\n',
        'print $pc == 0\ninfo line *$pc\nkill\n',
      )
      expect(said).toMatch(/\$1 = 0\nLine \d+ of .*guest\.c/)
      expect(stderr).toContain('hv: gdb has left: the program waits for another\n')
      expect(status).toBe(137)
    })
  })

  test.each([
    ['waits for the first gdb', ''],
    ['was left by gdb', 'break spin\ncontinue\ndisconnect\n'],
  ])('a program that %s ends by a signal that hv gets', async (_, script) => {
    const {status} = await bench.serve(['--platform', 'ptrace', bench.program, 'spin'], async (hv) => {
      const left = new Promise((resolve) =>
        hv.stderr!.on('data', (text) => /has left/.test(`${text}`) && resolve(true)),
      )
      if (script !== '') await Promise.all([left, bench.attach(script)])
      hv.kill('SIGTERM')
    })
    expect(status).toBe(143)
  })

  test('monitor exit ends the program and hv', async () => {
    const {said, status} = await bench.debug(
      ['--platform', 'ptrace'],
      ['spin'],
      'monitor help\nmonitor exit\n',
    )
    expect(said).toContain('monitor exit: ends')
    expect(status).toBe(137)
  })

  test('a place where nobody can listen is told in one line, and so is one that is none', () => {
    const taken = join(bench.directory, 'taken')
    writeFileSync(taken, '')
    const at = (place: string) => hv(['run', '--gdb', place, bench.program])
    expect(at(`unix:${taken}`)).toMatchObject({
      status: 125,
      stderr: `hv: gdb cannot be waited for at ${taken} (it is there, and no socket): name another place\n`,
    })
    expect(at('70000').stderr).toMatch(/^hv: bad address for gdb "70000": .*\n$/)
    expect(existsSync(taken)).toBe(true)
    // A failure before hv waits for gdb ends hv.
    expect(hv(['run', '--gdb', '0', '/etc/passwd']).status).toBe(126)
  })
})
