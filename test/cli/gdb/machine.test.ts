// hv run --gdb of machines with Debian's gdb: bare-metal guests, and a small kernel with two CPUs.

import {afterAll, expect, test} from 'vitest'
import {arch, cache} from '../../../ci/paths.mjs'
import {bareGuest, describeKvm, isPvmHost} from '../../helpers/vm.ts'
import {type Debugged, GdbBench} from './gdb.ts'

const kernel = `${cache}/guests/${arch}/bare-kernel-echo.bin`
/** Where the kernel stores a character, from its entry. */
const SAY = {x86_64: 0x10, arm64: 0x58}[arch as 'x86_64' | 'arm64']
const PC = arch === 'arm64' ? '$pc' : '$rip'
const ARGUMENT = arch === 'arm64' ? '$x0' : '$rdi'

const bench = new GdbBench()
afterAll(() => bench[Symbol.dispose]())

/** Prints what fails, and the script goes on. */
const trying = (lines: string): string =>
  `python\ndef attempt(line):\n  try: gdb.execute(line)\n  except gdb.error as error: print('refused:', error)\n${lines
    .trim()
    .split('\n')
    .map((line) => `attempt(${JSON.stringify(line)})\n`)
    .join('')}end\n`

const interruptedAfter = (seconds: number): string => `python
import threading, time
def later():
  time.sleep(${seconds})
  gdb.post_event(lambda: gdb.execute("interrupt"))
threading.Thread(target=later).start()
end
continue
`

const STEP_OVER_HALT = `
break main
continue
python
code = gdb.execute('disassemble misbehave_here', to_string=True)
place = next(line.split()[0] for line in code.split('\\n') if 'hlt' in line)
gdb.execute('break *' + place)
end
continue
x/i $pc
${trying('stepi\ncontinue\ncontinue')}`

const bare = (name: string, args: readonly string[], ...scripts: string[]): Promise<Debugged> =>
  bench.run([bareGuest(name), ...args], [bareGuest(name)], scripts)

const booted = (flags: readonly string[], ...scripts: string[]): Promise<Debugged> => {
  const architecture = arch === 'arm64' ? 'aarch64' : 'i386:x86-64'
  return bench.run(
    ['--kernel', kernel, '--cpus', '2', ...flags],
    ['-ex', `set architecture ${architecture}`],
    scripts,
  )
}

describeKvm('hv run --gdb of a bare-metal guest', () => {
  test('stops before its first instruction; breakpoints, steps, registers and memory are there', async () => {
    const {said, status, stdout} = await bare(
      'hello',
      ['one', 'two'],
      `info threads
print ${PC} == _start
break main
continue
print ${PC} - (long)main < 16
stepi
print ${PC} - (long)main < 20
x/2i ${PC}
break print
continue
x/s ${ARGUMENT}
set var *(char*)${ARGUMENT} = 'J'
delete
tbreak print
continue
x/s ${ARGUMENT}
continue
`,
    )
    expect(said).toMatch(/^\* 1 +Thread 1 "CPU 0" .*_start/m)
    expect(said.match(/^\$\d+ = .*$/gm)).toEqual(['$1 = 1', '$2 = 1', '$3 = 1'])
    expect(said).toMatch(/Breakpoint 1, .*main[\s\S]*Breakpoint 2, .*print[\s\S]*"Hello from bare metal\\n"/)
    expect(said).toMatch(/Temporary breakpoint 3[\s\S]*"one"[\s\S]*exited with code 02/)
    expect({status, stdout}).toEqual({status: 2, stdout: 'Jello from bare metal\none\ntwo\n'})
  })

  test('whoever asks for the machine by name gets the same, in a whole jail', async () => {
    const {said, status} = await bench.run(
      ['--machine', 'bare', '--require-jail', bareGuest('hello'), 'one'],
      [bareGuest('hello')],
      [`break main\ncontinue\nprint sizeof($${arch === 'arm64' ? 'v0' : 'xmm0'})\ndetach\n`],
    )
    expect(said).toMatch(/Breakpoint 1, .*main/)
    expect(said).toMatch(/^\$1 = 16$/m)
    expect(status).toBe(1)
  })

  test('^C stops one that waits, and kill ends it', async () => {
    const {said, status} = await bare('echo', [], `${interruptedAfter(0.5)}stepi\nkill\n`)
    expect(said).toMatch(/received signal SIGINT/)
    expect(status).toBe(137)
  })

  test('what ends it is seen where it was, and then is its end', async () => {
    const {said, status, stderr} = await bare('misbehave', ['mmio'], `continue\nx/i ${PC}\ncontinue\n`)
    expect(said).toMatch(/received signal SIGBUS[\s\S]*=> 0x[\s\S]*exited with code 0175/)
    expect(status).toBe(125)
    expect(stderr).toMatch(/^hv: the guest read \d bytes? at guest physical address 0xd0000000/m)
  })

  test.skipIf(arch !== 'x86_64')('a step over HLT is no way out', async () => {
    const {said, status, stderr} = await bare('misbehave', ['halt'], STEP_OVER_HALT)
    expect(said).toMatch(/=> 0x.*hlt[\s\S]*received signal SIGABRT[\s\S]*exited with code 0175/)
    expect(status).toBe(125)
    expect(stderr).toContain('the guest halted')
  })

  test('what is nowhere cannot be read, and a breakpoint there is none that is met', async () => {
    const {said, status} = await bare(
      'hello',
      [],
      trying('x/x 0xffff000000000000\nx/x 0x0000800000000000\nset var *(int*)0xffffffffffffffff = 1') +
        'break *0x7ffffffff000\nbreak main\ncontinue\ndelete\nkill\n',
    )
    expect(said.match(/refused: Cannot access memory/g)).toHaveLength(3)
    expect(said).toMatch(/Breakpoint 2, .*main/)
    expect(status).toBe(137)
  })

  test('watched memory stops it where KVM can, and else is refused', async () => {
    const watch = 'break print\ncontinue\nset $place = *(long*)$sp\nset $at = (long)$sp - 8\ndelete\n'
    const {said} = await bare('hello', ['one'], `${watch}${trying('watch *(long*)$at\ncontinue')}kill\n`)
    if (isPvmHost) expect(said).toContain('Could not insert hardware watchpoint 2')
    else expect(said).toMatch(/Hardware watchpoint 2: [\s\S]*New value/)
  })

  test('too many breakpoints are refused, or lie in memory', async () => {
    const places = Array.from({length: 20}, (_, i) => `break *(long)main+${4 * i + 0x400}`)
    const {said} = await bare('hello', [], `${trying(`${places.join('\n')}\ncontinue`)}delete\ncontinue\n`)
    if (isPvmHost) expect(said).toMatch(/Cannot insert breakpoint 5/)
    expect(said).toMatch(/exited/)
  })
})

describeKvm('hv run --gdb of a kernel', () => {
  test('has a thread for each CPU; breakpoints, ^C, and a detached one goes on', async () => {
    const {said, status, stdout} = await booted(
      ['--require-jail'],
      `info threads
break *($pc + ${SAY})
continue
print/c $${arch === 'arm64' ? 'w0' : 'al'}
stepi
delete
${interruptedAfter(0.7)}info threads
thread 2
print $pc != 0
detach
shell printf hiq > ${bench.input}
`,
    )
    expect(said).toMatch(/^\* 1 +Thread 1 "CPU 0"[^\n]*\n +2 +Thread 2 "CPU 1"/m)
    expect(said).toMatch(/hit Breakpoint 1[\s\S]*\$1 = 99 'c'[\s\S]*received signal SIGINT[\s\S]*\$2 = 1/)
    expect(stdout).toMatch(/^console=tty(S0|AMA0)[^\n]*\nhi$/)
    expect(status).toBe(0)
  })

  test('who leaves without a word leaves a stopped one to the next, and a running one to itself', async () => {
    const {said, status, stderr} = await booted(
      [],
      `break *($pc + ${SAY})\ncontinue\ndisconnect\n`,
      `x/i $pc\ndetach\nshell printf q > ${bench.input}\n`,
    )
    expect(said).toMatch(/hit Breakpoint 1[\s\S]*=> 0x/)
    expect(stderr).toContain('hv: gdb has left: the machine waits for another\n')
    expect(status).toBe(0)
  })

  test.skipIf(arch !== 'x86_64')('a triple fault is told before it is a reset', async () => {
    const {said, status} = await booted([], `shell printf x > ${bench.input}\ncontinue\nx/i $pc\ncontinue\n`)
    expect(said).toMatch(/received signal SIGSEGV[\s\S]*=> 0x[\s\S]*exited with code 01/)
    expect(status).toBe(1)
  })

  test('with a program it is the machine, too', async () => {
    const script = 'info threads\nset $at = $pc\nstepi\nprint $pc != $at\nkill\n'
    const {said, status} = await booted(['--require-jail', '--with-libs', 'sh'], script)
    expect(said).toMatch(/^\* 1 +Thread 1 "CPU 0"[^\n]*\n +2 +Thread 2 "CPU 1"[\s\S]*\$1 = 1/m)
    expect(status).toBe(137)
  })

  test('its time passes while it stands still', async () => {
    const {status, said} = await booted(['--timeout', '1.5'], 'shell sleep 2.5\nstepi\n')
    expect(status).toBe(124)
    expect(said).not.toContain('received signal')
  })
})
